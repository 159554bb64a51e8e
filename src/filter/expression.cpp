#include "filter/expression.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "filter/evaluator.hpp"
#include "filter/lexer.hpp"
#include "filter/program.hpp"

namespace tapedeck {

Error filter::to_error(const SyntaxError& error, std::string_view text) {
  // People count characters, not bytes.
  const std::string_view before = text.substr(0, error.offset);
  const auto column = 1 + std::count_if(before.begin(), before.end(), [](char c) {
                        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                      });
  return {"invalid_filter",
          "filter, column " + std::to_string(column) + ": " + error.sentence + ".", "filter"};
}

struct Expression::Program {
  std::vector<filter::Node> nodes;
};

namespace {

using filter::Kind;
using filter::Node;
using filter::Op;
using Nodes = std::vector<Node>;

bool is_text(const Node& node) {
  return node.op == Op::literal && node.kind == Kind::string;
}

/// What a comparison asks of one indexed field; nothing when it is about something else.
std::optional<Expression::Requirement> requirement_of(const Nodes& nodes, const Node& node) {
  if (node.op != Op::equal && node.op != Op::in) return std::nullopt;
  const Node* field = &nodes[node.left];
  const Node* other = &nodes[node.right];
  if (node.op == Op::equal && is_text(*field)) std::swap(field, other);
  const bool is_type = field->op == Op::field && field->path.root == filter::Root::type;
  if (field->op != Op::field || (!is_type && !field->path.key)) return std::nullopt;
  Expression::Requirement out{is_type ? std::nullopt : field->path.key, {}};
  if (node.op == Op::equal && is_text(*other)) {
    out.values.push_back(other->encoded);
  } else if (node.op == Op::in && other->op == Op::list) {
    for (const std::uint32_t item : other->items) {
      if (!is_text(nodes[item])) return std::nullopt;
      out.values.push_back(nodes[item].encoded);
    }
  }
  if (out.values.empty()) return std::nullopt;
  return out;
}

void collect_requirements(const Nodes& nodes, const Node& node,
                          std::vector<Expression::Requirement>& out) {
  if (node.op == Op::logical_and) {
    collect_requirements(nodes, nodes[node.left], out);
    collect_requirements(nodes, nodes[node.right], out);
  } else if (auto requirement = requirement_of(nodes, node)) {
    out.push_back(std::move(*requirement));
  }
}

}  // namespace

Expression::Expression(std::unique_ptr<const Program> program, std::string_view text)
    : program_(std::move(program)), text_(text) {}
Expression::~Expression() = default;

Result<std::shared_ptr<const Expression>> Expression::compile(std::string_view text,
                                                              ExpressionLimits limits) {
  try {
    auto program = std::make_unique<Program>();
    program->nodes = filter::parse(text, limits);
    return std::shared_ptr<const Expression>(new Expression(std::move(program), text));
  } catch (const filter::SyntaxError& error) {
    return filter::to_error(error, text);
  }
}

std::vector<Expression::Requirement> Expression::requirements() const {
  std::vector<Requirement> out;
  collect_requirements(program_->nodes, program_->nodes.back(), out);
  return out;
}

bool Expression::matches(const char* frame, const FrameIndex& index) const {
  return filter::Evaluator(program_->nodes, frame, index).holds();
}

}  // namespace tapedeck
