#include "filter/value_expression.hpp"

#include <fmt/format.h>

#include <cmath>

#include "filter/evaluator.hpp"
#include "filter/program.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {

using filter::Evaluator;
using filter::Kind;
using filter::Value;

struct ValueExpression::Program {
  std::vector<filter::Node> nodes;
};

ValueExpression::ValueExpression(std::unique_ptr<const Program> program, std::string_view text)
    : program_(std::move(program)), text_(text) {}
ValueExpression::~ValueExpression() = default;

Result<std::shared_ptr<const ValueExpression>> ValueExpression::compile(std::string_view text,
                                                                        ExpressionLimits limits) {
  try {
    auto program = std::make_unique<Program>();
    program->nodes = filter::parse(text, limits, filter::Wanted::value);
    return std::shared_ptr<const ValueExpression>(new ValueExpression(std::move(program), text));
  } catch (const filter::SyntaxError& error) {
    return filter::to_error(error, text);
  }
}

bool ValueExpression::is_field() const noexcept {
  const filter::Node& root = program_->nodes.back();
  return root.op == filter::Op::field && !root.path.steps.empty();
}

bool ValueExpression::is_condition() const noexcept {
  return program_->nodes.back().kind == Kind::boolean;
}

std::optional<double> ValueExpression::number(const char* frame, const FrameIndex& index) const {
  Evaluator evaluator(program_->nodes, frame, index);
  const Value value = evaluator.value();
  switch (value.kind) {
    case Kind::boolean:
      return value.boolean ? 1.0 : 0.0;
    case Kind::integer:
      return static_cast<double>(value.integer);
    case Kind::number:
      return std::isfinite(value.number) ? std::optional(value.number) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<std::string> ValueExpression::to_text(const char* frame,
                                                    const FrameIndex& index) const {
  Evaluator evaluator(program_->nodes, frame, index);
  const Value value = evaluator.value();
  switch (value.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return value.boolean ? "true" : "false";
    case Kind::integer:
      return std::to_string(value.integer);
    case Kind::number:
      if (!std::isfinite(value.number)) return std::nullopt;
      return fmt::format("{}", value.number);
    case Kind::string:
    case Kind::json_list:
    case Kind::json_object:
      return std::string(value.text);
    case Kind::time:
      return format_rfc3339(from_ns(value.integer));
    default:
      return std::nullopt;
  }
}

}  // namespace tapedeck
