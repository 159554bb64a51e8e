// Expression: a condition over an event, written in a subset of CEL, the Common Expression Language
// (docs/contract.md has the subset and the two departures). Compiled once, asked of millions of
// events: fields the log has extracted are compared where they lie, others are found by a walk
// through the payload's text; no tree of the JSON is built.
//
// Immutable after compile(); any thread. Three comparisons with extracted fields cost about 50 ns,
// with other fields of a 300-byte payload about 200 ns.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "event/frame.hpp"

namespace tapedeck {

struct ExpressionLimits {
  std::size_t bytes = 4096;  ///< of text
  std::size_t depth = 64;    ///< of nesting
};

class Expression {
 public:
  /// Error code: invalid_filter; the message names the column (1-based, in characters).
  static Result<std::shared_ptr<const Expression>> compile(std::string_view text,
                                                           ExpressionLimits limits = {});
  ~Expression();
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  /// As it was given.
  const std::string& text() const noexcept { return text_; }

  /// Whether the condition holds; not when it cannot be told (a mismatch of types, 1 / 0).
  /// @param frame the frame's first byte
  bool matches(const char* frame, const FrameIndex& index) const;

  /// An event that matches has one of these values, as spelled in frames, there.
  struct Requirement {
    std::optional<Key> key;  ///< nothing: its type
    std::vector<std::string> values;
  };
  /// What the condition cannot hold without: comparisons with texts (==, in) that it joins by &&.
  /// For whoever has an index of these.
  std::vector<Requirement> requirements() const;

 private:
  struct Program;
  Expression(std::unique_ptr<const Program> program, std::string_view text);

  std::unique_ptr<const Program> program_;
  const std::string text_;
};

}  // namespace tapedeck
