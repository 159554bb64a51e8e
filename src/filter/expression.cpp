#include "filter/expression.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "filter/evaluator.hpp"
#include "filter/lexer.hpp"

namespace tapedeck {

struct Expression::Program {
  std::vector<filter::Node> nodes;
};

Expression::Expression(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Expression::~Expression() = default;

Result<std::shared_ptr<const Expression>> Expression::compile(std::string_view text,
                                                              ExpressionLimits limits) {
  try {
    auto program = std::make_unique<Program>();
    program->nodes = filter::parse(text, limits);
    return std::shared_ptr<const Expression>(new Expression(std::move(program)));
  } catch (const filter::SyntaxError& error) {
    // People count characters, not bytes.
    const std::string_view before = text.substr(0, error.offset);
    const auto column = 1 + std::count_if(before.begin(), before.end(), [](char c) {
                          return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                        });
    return Error{"invalid_filter",
                 "filter, column " + std::to_string(column) + ": " + error.sentence + ".",
                 "filter"};
  }
}

bool Expression::matches(const char* frame, const FrameIndex& index) const {
  return filter::Evaluator(program_->nodes, frame, index).holds();
}

}  // namespace tapedeck
