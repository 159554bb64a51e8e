// What an expression is compiled to: a tree of nodes in one array, children before parents, the
// last node its root. Immutable after parse(); any thread.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/frame.hpp"
#include "filter/expression.hpp"
#include "filter/lexer.hpp"

namespace tapedeck::filter {

enum class Op : std::uint8_t {
  literal,
  field,
  list,
  logical_not,
  negate,
  logical_and,
  logical_or,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  starts_with,
  ends_with,
  contains,
  matches,
  size,
  has,
};

/// What a value is, or, before there is an event, what it will be.
enum class Kind : std::uint8_t {
  unknown,  ///< only before there is an event
  missing,  ///< a field that is not there
  error,    ///< what cannot be told: the event does not match
  null,
  boolean,
  integer,
  number,
  string,
  time,
  list,       ///< of the expression
  json_list,  ///< of the event, as text
  json_object
};

enum class Root : std::uint8_t { type, timestamp, payload, source };

/// A step from an object to a member, or from a list to an element.
struct Step {
  std::string name;  ///< as spelled in canonical JSON
  std::optional<std::size_t> element;
};

struct Path {
  Root root = Root::payload;
  std::vector<Step> steps;
  std::optional<Key> key;  ///< the log has extracted it
};

struct Node {
  Op op = Op::literal;
  Kind kind = Kind::unknown;
  std::uint32_t left = 0, right = 0;  ///< children
  std::vector<std::uint32_t> items;   ///< of a list
  bool boolean = false;
  std::int64_t integer = 0;  ///< and nanoseconds of a time
  double number = 0;
  std::string text;     ///< of a string
  std::string encoded;  ///< the string as spelled in canonical JSON, without quotes
  Path path;
  std::unique_ptr<re2::RE2> pattern;
  std::size_t offset = 0;  ///< where it is in the text
};

/// What an expression is to be.
enum class Wanted : std::uint8_t { condition, value };
/// @throws SyntaxError
std::vector<Node> parse(std::string_view text, const ExpressionLimits& limits,
                        Wanted wanted = Wanted::condition);
/// A syntax error as everybody is told it: `filter, column 12: …`.
Error to_error(const SyntaxError& error, std::string_view text);

}  // namespace tapedeck::filter
