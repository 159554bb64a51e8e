// MessageTemplate: what an alert says, with `{{…}}` for what is known when it fires:
//   rule severity state group value count window suppressed   of the rule and the group
//   group.NAME                                                 one of group_by
//   anything else is an expression over the event that made it fire: type, timestamp, payload.…,
//   source.…, sums of them (`payload.qty * payload.price`)
// What is not there is written `n/a`; numbers as shortly as possible, at most 6 decimals. The
// result is one line of at most kMaxBytes: control characters become spaces. A group is written
// `symbol NIFTY, strategy momentum`; the window of absence is its duration.
//
// A rule without a message says a sentence for its kind of condition (default_sentence.hpp). What
// is resolved or a test says so first ("resolved: …", "test: …"), but where the template has
// {{state}} and so says it itself.
// Immutable after compile(); any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/notification.hpp"
#include "base/error.hpp"
#include "event/frame.hpp"

namespace tapedeck::alert {

struct MessageContext {
  const Rule& rule;
  std::string_view state;  ///< firing, resolved, test
  const Group& group;
  std::optional<double> value{};
  std::uint64_t count = 0;  ///< matches that the alert stands for
  std::uint64_t suppressed = 0;
  const char* frame = nullptr;  ///< of the event; nullptr: none
  const FrameIndex* index = nullptr;
};

class MessageTemplate {
 public:
  static constexpr std::size_t kMaxBytes = 1000;      ///< of a message
  static constexpr std::size_t kMaxTextBytes = 2000;  ///< of a template

  /// The rule's message, or a sentence for its kind of condition.
  /// Error code: invalid_rule, field "/message"; the message names the column.
  static Result<std::shared_ptr<const MessageTemplate>> compile(const Rule& rule);
  ~MessageTemplate();
  MessageTemplate(const MessageTemplate&) = delete;
  MessageTemplate& operator=(const MessageTemplate&) = delete;

  std::string render(const MessageContext& context) const;
  /// Whether it tells of the event that made it fire, which is not there when that is over.
  bool needs_event() const noexcept;

 private:
  struct Part;
  MessageTemplate();
  /// Takes the text apart. @throws FieldProblem
  void read(std::string_view text, const Rule& rule);
  std::string render_parts(const MessageContext& context) const;

  std::vector<Part> parts_;  ///< none: the sentence of the rule's kind
  bool says_state_ = false;
};

}  // namespace tapedeck::alert
