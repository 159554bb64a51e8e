// ValueExpression: what an expression is worth for one event: a number, a text. The same language
// as a condition's (expression.hpp), whose result need not be true or false.
// Immutable after compile(); any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "event/frame.hpp"
#include "filter/expression.hpp"

namespace tapedeck {

class ValueExpression {
 public:
  /// Error code: invalid_filter; the message names the column (1-based, in characters).
  static Result<std::shared_ptr<const ValueExpression>> compile(std::string_view text,
                                                                ExpressionLimits limits = {});
  ~ValueExpression();
  ValueExpression(const ValueExpression&) = delete;
  ValueExpression& operator=(const ValueExpression&) = delete;

  const std::string& text() const noexcept { return text_; }
  /// Whether it is one field of payload or source, and nothing else.
  bool is_field() const noexcept;
  /// Whether it is true or false for every event for which it can be told.
  bool is_condition() const noexcept;

  /// Nothing for what is no finite number; true and false are 1 and 0.
  /// @param frame the frame's first byte
  std::optional<double> number(const char* frame, const FrameIndex& index) const;
  /// A string as it is (decoded), times as RFC 3339, null as `null`, lists and objects as JSON.
  /// Nothing for a field that is not there and for what cannot be told.
  std::optional<std::string> to_text(const char* frame, const FrameIndex& index) const;

 private:
  struct Program;
  ValueExpression(std::unique_ptr<const Program> program, std::string_view text);

  std::unique_ptr<const Program> program_;
  const std::string text_;
};

}  // namespace tapedeck
