// CompiledRule: a rule made ready to be asked about millions of events. Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/message_template.hpp"
#include "alert/rule.hpp"
#include "base/error.hpp"
#include "bus/compiled_filter.hpp"
#include "filter/value_expression.hpp"

namespace tapedeck::alert {

/// Reads the value of one member of group_by from an event.
class GroupField {
 public:
  /// @param name of a filter, `type`, or a path. Error code: invalid_rule.
  static Result<GroupField> compile(std::string_view name);

  /// Appends the value as a JSON string; an empty one where the event has none.
  void append_json(std::string& out, const char* frame, const FrameIndex& index) const;

 private:
  bool is_type_ = false;
  std::optional<std::pair<Key, Key>> key_;  // and an alternative, or the same again
  std::shared_ptr<const ValueExpression> path_;
};

struct CompiledRule {
  /// Error codes as parse_rule's, which has checked the same.
  static Result<std::shared_ptr<const CompiledRule>> compile(Rule rule);

  /// The event's group: a JSON array of its values.
  void group_id(std::string& out, const char* frame, const FrameIndex& index) const;
  /// The same of a group's values, by the rule's group_by; values that are not there are empty.
  std::string group_id(const Group& group) const;
  /// Names and values of a group_id().
  Group group_of(std::string_view group_id) const;
  /// What of a group the guard's events must be alike in, as a JSON array.
  std::string guard_id(const Group& group) const;
  void guard_id(std::string& out, const char* frame, const FrameIndex& index) const;

  Rule rule;
  CompiledFilter when;
  std::vector<GroupField> group_by;
  std::shared_ptr<const ValueExpression> value;  ///< of a threshold; null: none needed
  std::shared_ptr<const Expression> forget;      ///< null: none
  CompiledFilter guard;                          ///< with rule.only_while
  std::vector<GroupField> guard_by;
  std::shared_ptr<const MessageTemplate> message;
};
using CompiledRulePtr = std::shared_ptr<const CompiledRule>;

}  // namespace tapedeck::alert
