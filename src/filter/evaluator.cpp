#include "filter/evaluator.hpp"

#include <charconv>
#include <cmath>
#include <compare>
#include <optional>

#include "tapedeck/time.hpp"

namespace tapedeck::filter {
namespace {

Value boolean(bool b) noexcept {
  Value value;
  value.kind = Kind::boolean;
  value.boolean = b;
  return value;
}
Value of_kind(Kind kind) noexcept {
  Value value;
  value.kind = kind;
  return value;
}
Value integer(std::int64_t i) noexcept {
  Value value;
  value.kind = Kind::integer;
  value.integer = i;
  return value;
}
Value number(double d) noexcept {
  Value value;
  value.kind = Kind::number;
  value.number = d;
  return value;
}
Value string(std::string_view text) noexcept {
  Value value;
  value.kind = Kind::string;
  value.text = text;
  return value;
}

bool is_numeric(const Value& value) noexcept {
  return value.kind == Kind::integer || value.kind == Kind::number;
}
double as_number(const Value& value) noexcept {
  return value.kind == Kind::integer ? static_cast<double>(value.integer) : value.number;
}

/// Exact, also where a double cannot hold the integer.
std::partial_ordering compare(std::int64_t left, double right) noexcept {
  if (std::isnan(right)) return std::partial_ordering::unordered;
  if (right >= 0x1p63) return std::partial_ordering::less;
  if (right < -0x1p63) return std::partial_ordering::greater;
  const auto whole = static_cast<std::int64_t>(right);
  if (left != whole) return left <=> whole;
  return 0.0 <=> (right - static_cast<double>(whole));
}
std::partial_ordering compare_numbers(const Value& left, const Value& right) noexcept {
  if (left.kind == Kind::integer && right.kind == Kind::integer) {
    return left.integer <=> right.integer;
  }
  if (left.kind == Kind::integer) return compare(left.integer, right.number);
  if (right.kind == Kind::integer) return 0 <=> compare(right.integer, left.number);
  return left.number <=> right.number;
}

std::optional<std::int64_t> as_time(const Value& value) {
  if (value.kind == Kind::time) return value.integer;
  if (value.kind != Kind::string) return std::nullopt;
  const auto time = parse_rfc3339(value.text);
  return time ? std::optional(to_ns(*time)) : std::nullopt;
}

/// What stands before the other; nothing when the two have no order.
std::optional<std::partial_ordering> order(const Value& left, const Value& right) {
  if (is_numeric(left) && is_numeric(right)) return compare_numbers(left, right);
  if (left.kind == Kind::time || right.kind == Kind::time) {
    const auto a = as_time(left), b = as_time(right);
    if (!a || !b) return std::nullopt;
    return *a <=> *b;
  }
  if (left.kind != right.kind) return std::nullopt;
  if (left.kind == Kind::string) return left.text.compare(right.text) <=> 0;
  if (left.kind == Kind::boolean) return left.boolean <=> right.boolean;
  return std::nullopt;
}

bool satisfies(Op op, std::partial_ordering order) noexcept {
  switch (op) {
    case Op::less:
      return order < 0;
    case Op::less_equal:
      return order <= 0;
    case Op::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

Value reckon(Op op, std::int64_t left, std::int64_t right) noexcept {
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Op::add:
      overflow = __builtin_add_overflow(left, right, &result);
      break;
    case Op::subtract:
      overflow = __builtin_sub_overflow(left, right, &result);
      break;
    case Op::multiply:
      overflow = __builtin_mul_overflow(left, right, &result);
      break;
    default:
      if (right == 0 || (left == INT64_MIN && right == -1)) return of_kind(Kind::error);
      result = op == Op::divide ? left / right : left % right;
  }
  return overflow ? of_kind(Kind::error) : integer(result);
}

Value reckon(Op op, double left, double right) noexcept {
  switch (op) {
    case Op::add:
      return number(left + right);
    case Op::subtract:
      return number(left - right);
    case Op::multiply:
      return number(left * right);
    case Op::divide:
      return number(left / right);
    default:
      return of_kind(Kind::error);  // CEL has no remainder of fractions
  }
}

std::int64_t code_points(std::string_view text) noexcept {
  std::int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

}  // namespace

Value Evaluator::evaluate(const Node& node) {
  switch (node.op) {
    case Op::literal: {
      Value value;
      value.kind = node.kind;
      value.boolean = node.boolean;
      value.integer = node.integer;
      value.number = node.number;
      value.text = node.text;
      return value;
    }
    case Op::list: {
      Value value = of_kind(Kind::list);
      value.node = &node;
      return value;
    }
    case Op::field:
      return field(node.path);
    case Op::has:
      return boolean(evaluate(nodes_[node.left]).kind != Kind::missing);
    case Op::size:
      return size_of(evaluate(nodes_[node.left]));
    case Op::logical_not:
    case Op::logical_and:
    case Op::logical_or:
      return logical(node);
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      return relation(node);
    case Op::in: {
      const Value value = evaluate(nodes_[node.left]);
      return membership(value, evaluate(nodes_[node.right]));
    }
    case Op::starts_with:
    case Op::ends_with:
    case Op::contains:
    case Op::matches:
      return text_function(node);
    default:
      return arithmetic(node);
  }
}

/// As in CEL: what decides alone decides, even beside an error.
Value Evaluator::logical(const Node& node) {
  const auto truth = [this](std::uint32_t child) {
    Value value = evaluate(nodes_[child]);
    if (value.kind == Kind::missing) return boolean(false);
    return value.kind == Kind::boolean ? value : of_kind(Kind::error);
  };
  const Value left = truth(node.left);
  if (node.op == Op::logical_not) {
    return left.kind == Kind::boolean ? boolean(!left.boolean) : left;
  }
  const bool decides = node.op == Op::logical_or;
  if (left.kind == Kind::boolean && left.boolean == decides) return left;
  const Value right = truth(node.right);
  if (right.kind == Kind::boolean && right.boolean == decides) return right;
  return left.kind == Kind::error ? left : right;
}

Value Evaluator::relation(const Node& node) {
  const Node& left_node = nodes_[node.left];
  const Node& right_node = nodes_[node.right];
  const bool equality = node.op == Op::equal || node.op == Op::not_equal;
  // An extracted field beside a literal: bytes are compared where they lie.
  if (equality && left_node.path.key && right_node.op == Op::literal &&
      right_node.kind == Kind::string) {
    if (const auto text = extracted_text(*left_node.path.key)) {
      return boolean((*text == right_node.encoded) == (node.op == Op::equal));
    }
  }
  const Value left = evaluate(left_node);
  const Value right = evaluate(right_node);
  if (left.kind == Kind::error || right.kind == Kind::error) return of_kind(Kind::error);
  if (left.kind == Kind::missing || right.kind == Kind::missing) return boolean(false);
  if (!equality) {
    const auto found = order(left, right);
    return found ? boolean(satisfies(node.op, *found)) : of_kind(Kind::error);
  }
  Value same = equal(left, right);
  if (same.kind == Kind::boolean && node.op == Op::not_equal) same.boolean = !same.boolean;
  return same;
}

/// Values of different types are not equal; numbers are one type here.
Value Evaluator::equal(const Value& left, const Value& right) {
  if (left.kind == Kind::json_object && right.kind == Kind::json_object) {
    return of_kind(Kind::error);
  }
  const auto is_list = [](const Value& value) {
    return value.kind == Kind::list || value.kind == Kind::json_list;
  };
  if (is_list(left) && is_list(right)) return lists_equal(left, right);
  if (left.kind == Kind::null && right.kind == Kind::null) return boolean(true);
  const auto found = order(left, right);
  if (!found) {
    const bool damaged_time = (left.kind == Kind::time) != (right.kind == Kind::time) &&
                              (left.kind == Kind::string || right.kind == Kind::string);
    return damaged_time ? of_kind(Kind::error) : boolean(false);
  }
  return boolean(*found == 0);
}

bool Evaluator::next_element(const Value& list, std::size_t at, json::Walker& walker,
                             Value& element) {
  if (list.kind == Kind::list) {
    if (at >= list.node->items.size()) return false;
    element = evaluate(nodes_[list.node->items[at]]);
    return true;
  }
  std::string_view text;
  if (!walker.next(text)) return false;
  element = from_json(text);
  return true;
}

Value Evaluator::lists_equal(const Value& left, const Value& right) {
  json::Walker left_walker(left.text), right_walker(right.text);
  Value a, b;
  for (std::size_t at = 0;; ++at) {
    const bool more = next_element(left, at, left_walker, a);
    if (more != next_element(right, at, right_walker, b)) return boolean(false);
    if (!more) return boolean(true);
    if (a.kind == Kind::missing || b.kind == Kind::missing) return boolean(false);
    if (a.kind == Kind::error || b.kind == Kind::error) return of_kind(Kind::error);
    const Value same = equal(a, b);
    if (!is_true(same)) return same;
  }
}

Value Evaluator::membership(const Value& value, const Value& container) {
  if (value.kind == Kind::error || container.kind == Kind::error) return of_kind(Kind::error);
  if (value.kind == Kind::missing || container.kind == Kind::missing) return boolean(false);
  if (container.kind == Kind::json_object) {
    if (value.kind != Kind::string) return boolean(false);
    json::Walker walker(container.text);
    for (std::string_view name, member; walker.next(name, member);) {
      if (from_spelling(name).text == value.text) return boolean(true);
    }
    return boolean(false);
  }
  if (container.kind != Kind::list && container.kind != Kind::json_list) {
    return of_kind(Kind::error);
  }
  json::Walker walker(container.text);
  Value element;
  Value result = boolean(false);
  for (std::size_t at = 0; next_element(container, at, walker, element); ++at) {
    if (element.kind == Kind::missing) continue;
    const Value same = element.kind == Kind::error ? element : equal(value, element);
    if (is_true(same)) return same;
    if (same.kind == Kind::error) result = same;
  }
  return result;
}

Value Evaluator::arithmetic(const Node& node) {
  const Value left = evaluate(nodes_[node.left]);
  if (node.op == Op::negate) {
    if (left.kind == Kind::integer) return reckon(Op::subtract, 0, left.integer);
    if (left.kind == Kind::number) return number(-left.number);
    return left.kind == Kind::missing ? left : of_kind(Kind::error);
  }
  const Value right = evaluate(nodes_[node.right]);
  if (left.kind == Kind::error || right.kind == Kind::error) return of_kind(Kind::error);
  if (left.kind == Kind::missing || right.kind == Kind::missing) return of_kind(Kind::missing);
  if (left.kind == Kind::integer && right.kind == Kind::integer) {
    return reckon(node.op, left.integer, right.integer);
  }
  if (is_numeric(left) && is_numeric(right)) {
    return reckon(node.op, as_number(left), as_number(right));
  }
  if (node.op != Op::add || left.kind != Kind::string || right.kind != Kind::string) {
    return of_kind(Kind::error);
  }
  return string(strings_.emplace_front(std::string(left.text).append(right.text)));
}

Value Evaluator::text_function(const Node& node) {
  const Value text = evaluate(nodes_[node.left]);
  const Value wanted = evaluate(nodes_[node.right]);
  if (text.kind == Kind::error || wanted.kind == Kind::error) return of_kind(Kind::error);
  if (text.kind == Kind::missing || wanted.kind == Kind::missing) return boolean(false);
  if (text.kind != Kind::string || wanted.kind != Kind::string) return of_kind(Kind::error);
  switch (node.op) {
    case Op::starts_with:
      return boolean(text.text.starts_with(wanted.text));
    case Op::ends_with:
      return boolean(text.text.ends_with(wanted.text));
    case Op::contains:
      return boolean(text.text.find(wanted.text) != std::string_view::npos);
    default:
      return boolean(re2::RE2::PartialMatch({text.text.data(), text.text.size()}, *node.pattern));
  }
}

Value Evaluator::size_of(const Value& value) {
  std::int64_t count = 0;
  switch (value.kind) {
    case Kind::string:
      return integer(code_points(value.text));
    case Kind::list:
      return integer(static_cast<std::int64_t>(value.node->items.size()));
    case Kind::json_list: {
      json::Walker walker(value.text);
      for (std::string_view element; walker.next(element);) ++count;
      return integer(count);
    }
    case Kind::json_object: {
      json::Walker walker(value.text);
      for (std::string_view name, member; walker.next(name, member);) ++count;
      return integer(count);
    }
    case Kind::missing:
      return value;
    default:
      return of_kind(Kind::error);
  }
}

// --- the event ---

std::string_view Evaluator::source_json() const noexcept {
  // ...payload},"id":"9f3c21-184467","source":{...}}
  const std::string_view json(frame_ + index_.json_offset(), index_.json_length());
  const std::size_t behind_payload =
      index_.payload_offset() - index_.json_offset() + index_.payload_length;
  const std::string_view rest = json.substr(behind_payload);
  static constexpr std::string_view kMember = "\"source\":";
  const std::size_t at = rest.find(kMember);
  if (at == std::string_view::npos) return {};
  const std::string_view source = rest.substr(at + kMember.size());
  return source.substr(0, source.size() - 1);
}

/// What the log has extracted, as spelled; nothing when it is no string (or too long to be kept).
std::optional<std::string_view> Evaluator::extracted_text(Key key) const noexcept {
  const KeySpan span = index_.keys[static_cast<std::size_t>(key)];
  if (span.packed == 0 || frame_[span.offset() - 1] != '"') return std::nullopt;
  return std::string_view(frame_ + span.offset(), span.length());
}

Value Evaluator::field(const Path& path) {
  if (path.key) {
    if (const auto text = extracted_text(*path.key)) return from_spelling(*text);
  }
  std::string_view json;
  switch (path.root) {
    case Root::type:
      return string({frame_ + index_.type_offset(), index_.type_length});
    case Root::timestamp: {
      Value value = of_kind(Kind::time);
      value.integer = index_.timestamp_ns;
      return value;
    }
    case Root::payload:
      json = {frame_ + index_.payload_offset(), index_.payload_length};
      break;
    case Root::source:
      json = source_json();
      if (json.empty()) return of_kind(Kind::missing);
      break;
  }
  for (const Step& step : path.steps) {
    std::optional<std::string_view> next;
    if (!step.element) {
      if (json.front() != '{') return of_kind(Kind::missing);
      next = json::find_member(json, step.name);
    } else if (json.front() == '[') {
      json::Walker walker(json);
      std::string_view element;
      for (std::size_t at = 0; walker.next(element); ++at) {
        if (at == *step.element) {
          next = element;
          break;
        }
      }
    }
    if (!next) return of_kind(Kind::missing);
    json = *next;
  }
  return from_json(json);
}

Value Evaluator::from_json(std::string_view json) {
  Value value;
  switch (json.front()) {
    case '"':
      return from_spelling(json.substr(1, json.size() - 2));
    case '{':
    case '[':
      value.kind = json.front() == '{' ? Kind::json_object : Kind::json_list;
      value.text = json;
      return value;
    case 't':
    case 'f':
      return boolean(json.front() == 't');
    case 'n':
      return of_kind(Kind::null);
    default:
      break;
  }
  const char* end = json.data() + json.size();
  std::int64_t whole = 0;
  const auto [stop, problem] = std::from_chars(json.data(), end, whole);
  if (problem == std::errc{} && stop == end) return integer(whole);
  double fraction = 0;
  if (std::from_chars(json.data(), end, fraction).ec != std::errc{}) return of_kind(Kind::error);
  return number(fraction);
}

Value Evaluator::from_spelling(std::string_view spelling) {
  if (spelling.find('\\') == std::string_view::npos) return string(spelling);
  return string(strings_.emplace_front(json::unescaped(spelling)));
}

}  // namespace tapedeck::filter
