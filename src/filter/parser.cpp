#include <algorithm>
#include <array>
#include <utility>

#include "event/json_writer.hpp"
#include "filter/lexer.hpp"
#include "filter/program.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::filter {
namespace {

constexpr std::int64_t kPatternMemory = std::int64_t{1} << 20;
constexpr std::uint64_t kSmallest = std::uint64_t{1} << 63;  // magnitude of the smallest integer

struct Binary {
  std::string_view symbol;
  Op op;
};
constexpr std::array kRelations{Binary{"==", Op::equal},      Binary{"!=", Op::not_equal},
                                Binary{"<=", Op::less_equal}, Binary{">=", Op::greater_equal},
                                Binary{"<", Op::less},        Binary{">", Op::greater},
                                Binary{"in", Op::in}};
constexpr std::array kSums{Binary{"+", Op::add}, Binary{"-", Op::subtract}};
constexpr std::array kProducts{Binary{"*", Op::multiply}, Binary{"/", Op::divide},
                               Binary{"%", Op::modulo}};
constexpr std::array kMethods{Binary{"startsWith", Op::starts_with},
                              Binary{"endsWith", Op::ends_with}, Binary{"contains", Op::contains},
                              Binary{"matches", Op::matches}, Binary{"size", Op::size}};

template <std::size_t N>
const Binary* find(const std::array<Binary, N>& table, std::string_view symbol) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const Binary& entry) { return entry.symbol == symbol; });
  return at == table.end() ? nullptr : &*at;
}

std::string spelled(std::string_view text) {
  const std::string quoted = json::quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

class Parser {
 public:
  Parser(std::string_view text, const ExpressionLimits& limits) : lexer_(text), limits_(limits) {}

  std::vector<Node> parse(Wanted wanted) {
    const std::uint32_t root = parse_or();
    if (lexer_.symbol == "?") fail("there is no ?: here; write two conditions with || between");
    if (lexer_.token != Token::end) fail("expected an operator or the end");
    if (wanted == Wanted::condition) require_boolean(root, "the expression");
    return std::move(nodes_);
  }

 private:
  [[noreturn]] void fail(std::string sentence) const { fail(std::move(sentence), lexer_.offset); }
  [[noreturn]] static void fail(std::string sentence, std::size_t offset) {
    throw SyntaxError{std::move(sentence), offset};
  }

  bool take(std::string_view symbol) {
    if (lexer_.token != Token::operator_ || lexer_.symbol != symbol) return false;
    lexer_.advance();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!take(symbol)) fail("expected " + std::string(symbol));
  }

  std::uint32_t add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  std::uint32_t add(Op op, Kind kind, std::size_t offset, std::uint32_t left,
                    std::uint32_t right = 0) {
    Node node;
    node.op = op;
    node.kind = kind;
    node.offset = offset;
    node.left = left;
    node.right = right;
    return add(std::move(node));
  }

  // --- what can be known before there is an event ---

  bool may_be(std::uint32_t node, std::initializer_list<Kind> kinds) const {
    const Kind kind = nodes_[node].kind;
    return kind == Kind::unknown || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }
  void require_boolean(std::uint32_t node, const char* what) const {
    if (may_be(node, {Kind::boolean})) return;
    fail(std::string(what) + " must be a condition, true or false", nodes_[node].offset);
  }
  void require_string(std::uint32_t node) const {
    if (!may_be(node, {Kind::string})) fail("expected a string", nodes_[node].offset);
  }

  // --- operators, weakest first ---

  /// Counts nesting, so that no text can exhaust the stack.
  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > parser_.limits_.depth) parser_.fail("this is nested too deeply");
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Parser& parser_;
  };

  std::uint32_t parse_or() {
    const Deeper deeper(*this);
    std::uint32_t left = parse_and();
    while (lexer_.symbol == "||" && lexer_.token == Token::operator_) {
      left = parse_logical(Op::logical_or, left, &Parser::parse_and);
    }
    return left;
  }
  std::uint32_t parse_and() {
    std::uint32_t left = parse_relation();
    while (lexer_.symbol == "&&" && lexer_.token == Token::operator_) {
      left = parse_logical(Op::logical_and, left, &Parser::parse_relation);
    }
    return left;
  }
  std::uint32_t parse_logical(Op op, std::uint32_t left, std::uint32_t (Parser::*operand)()) {
    const std::size_t offset = lexer_.offset;
    const std::string side = "what stands beside " + std::string(lexer_.symbol);
    lexer_.advance();
    const std::uint32_t right = (this->*operand)();
    require_boolean(left, side.c_str());
    require_boolean(right, side.c_str());
    return add(op, Kind::boolean, offset, left, right);
  }

  std::uint32_t parse_relation() {
    std::uint32_t left = parse_sum();
    for (const Binary* relation = current(kRelations); relation != nullptr;
         relation = current(kRelations)) {
      const std::size_t offset = lexer_.offset;
      lexer_.advance();
      std::uint32_t right = parse_sum();
      if (relation->op == Op::in) {
        if (!may_be(right, {Kind::list})) fail("in needs a list", nodes_[right].offset);
      } else {
        make_times_alike(left, right);
        require_comparable(relation->op, left, right, offset);
      }
      left = add(relation->op, Kind::boolean, offset, left, right);
    }
    return left;
  }
  template <std::size_t N>
  const Binary* current(const std::array<Binary, N>& table) const {
    const bool word =
        lexer_.token == Token::operator_ || (lexer_.token == Token::name && lexer_.symbol == "in");
    return word ? find(table, lexer_.symbol) : nullptr;
  }

  /// `timestamp >= "2025-11-18T09:15:00+05:30"`: the text beside a time is a time.
  void make_times_alike(std::uint32_t left, std::uint32_t right) {
    const auto convert = [&](std::uint32_t time, std::uint32_t text) {
      if (nodes_[time].kind == Kind::time && nodes_[text].op == Op::literal &&
          nodes_[text].kind == Kind::string) {
        become_time(nodes_[text]);
      }
    };
    convert(left, right);
    convert(right, left);
  }
  static void become_time(Node& node) {
    const auto time = parse_rfc3339(node.text);
    if (!time) {
      fail("a time is written as RFC 3339 with an offset, such as \"2025-11-18T09:15:00+05:30\"",
           node.offset);
    }
    node.kind = Kind::time;
    node.integer = to_ns(*time);
  }
  void require_comparable(Op op, std::uint32_t left, std::uint32_t right,
                          std::size_t offset) const {
    if (op == Op::equal || op == Op::not_equal) return;
    const auto family = [&](std::uint32_t node) {
      const Kind kind = nodes_[node].kind;
      return kind == Kind::integer ? Kind::number : kind;
    };
    for (const std::uint32_t side : {left, right}) {
      if (!may_be(side, {Kind::integer, Kind::number, Kind::string, Kind::time, Kind::boolean})) {
        fail("this has no order", nodes_[side].offset);
      }
    }
    if (family(left) != Kind::unknown && family(right) != Kind::unknown &&
        family(left) != family(right)) {
      fail("these two cannot be ordered", offset);
    }
  }

  std::uint32_t parse_sum() { return parse_arithmetic(kSums, &Parser::parse_product); }
  std::uint32_t parse_product() { return parse_arithmetic(kProducts, &Parser::parse_unary); }
  template <std::size_t N>
  std::uint32_t parse_arithmetic(const std::array<Binary, N>& table,
                                 std::uint32_t (Parser::*operand)()) {
    std::uint32_t left = (this->*operand)();
    for (const Binary* sign = current(table); sign != nullptr; sign = current(table)) {
      const std::size_t offset = lexer_.offset;
      lexer_.advance();
      const std::uint32_t right = (this->*operand)();
      left = add(sign->op, result_of(sign->op, left, right, offset), offset, left, right);
    }
    return left;
  }
  Kind result_of(Op op, std::uint32_t left, std::uint32_t right, std::size_t offset) const {
    const Kind a = nodes_[left].kind, b = nodes_[right].kind;
    const auto numeric = [&](Kind kind) {
      return kind == Kind::unknown || kind == Kind::integer ||
             (kind == Kind::number && op != Op::modulo);
    };
    const auto textual = [](Kind kind) { return kind == Kind::unknown || kind == Kind::string; };
    if (op == Op::add && (a == Kind::string || b == Kind::string) && textual(a) && textual(b)) {
      return Kind::string;
    }
    if (!numeric(a) || !numeric(b)) fail("this cannot be reckoned", offset);
    if (a == Kind::integer && b == Kind::integer) return Kind::integer;
    if (op != Op::add && (a == Kind::number || b == Kind::number)) return Kind::number;
    return Kind::unknown;
  }

  // --- operands ---

  std::uint32_t parse_unary() {
    const Deeper deeper(*this);
    const std::size_t offset = lexer_.offset;
    if (take("!")) {
      const std::uint32_t operand = parse_unary();
      require_boolean(operand, "what stands behind !");
      return add(Op::logical_not, Kind::boolean, offset, operand);
    }
    if (!take("-")) return parse_member();
    if (lexer_.token == Token::integer && lexer_.integer == kSmallest) {
      lexer_.advance();
      return integer_literal(INT64_MIN, offset);
    }
    const std::uint32_t operand = parse_unary();
    if (!may_be(operand, {Kind::integer, Kind::number})) fail("expected a number behind -", offset);
    return add(Op::negate, nodes_[operand].kind, offset, operand);
  }

  std::uint32_t integer_literal(std::int64_t value, std::size_t offset) {
    Node node;
    node.kind = Kind::integer;
    node.integer = value;
    node.offset = offset;
    return add(std::move(node));
  }

  std::uint32_t parse_member() {
    std::uint32_t value = parse_primary();
    for (;;) {
      const std::size_t offset = lexer_.offset;
      if (take(".")) {
        value = parse_dot(value, offset);
      } else if (take("[")) {
        value = parse_index(value, offset);
      } else {
        return value;
      }
    }
  }

  std::uint32_t parse_dot(std::uint32_t value, std::size_t offset) {
    if (lexer_.token != Token::name) fail("expected a name behind the dot");
    const std::string name(lexer_.symbol);
    const std::size_t name_offset = lexer_.offset;
    lexer_.advance();
    if (lexer_.token == Token::operator_ && lexer_.symbol == "(") {
      return parse_method(value, name, name_offset);
    }
    return step(value, {spelled(name), std::nullopt}, offset);
  }

  std::uint32_t parse_index(std::uint32_t value, std::size_t offset) {
    Step next;
    if (lexer_.token == Token::string) {
      next.name = spelled(lexer_.decoded);
    } else if (lexer_.token == Token::integer) {
      next.element = lexer_.integer;
    } else {
      fail("expected a name in quotes or a whole number");
    }
    lexer_.advance();
    expect("]");
    return step(value, std::move(next), offset);
  }

  std::uint32_t step(std::uint32_t value, Step next, std::size_t offset) {
    Node& node = nodes_[value];
    if (node.op != Op::field || node.kind != Kind::unknown) {
      fail("only payload and source have fields", offset);
    }
    node.path.steps.push_back(std::move(next));
    return value;
  }

  std::uint32_t parse_method(std::uint32_t value, const std::string& name, std::size_t offset) {
    const Binary* method = find(kMethods, name);
    if (method == nullptr) fail("there is no function " + name, offset);
    expect("(");
    if (method->op == Op::size) {
      expect(")");
      return add(Op::size, Kind::integer, offset, value);
    }
    require_string(value);
    const std::uint32_t argument = parse_or();
    expect(")");
    require_string(argument);
    const std::uint32_t call = add(method->op, Kind::boolean, offset, value, argument);
    if (method->op == Op::matches) compile_pattern(nodes_[call], nodes_[argument]);
    return call;
  }

  static void compile_pattern(Node& call, const Node& argument) {
    if (argument.op != Op::literal) fail("matches needs its pattern as a literal", argument.offset);
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemory);
    call.pattern = std::make_unique<re2::RE2>(argument.text, options);
    if (!call.pattern->ok()) fail("the pattern: " + call.pattern->error(), argument.offset);
  }

  std::uint32_t parse_primary() {
    Node node;
    node.offset = lexer_.offset;
    switch (lexer_.token) {
      case Token::integer:
        if (lexer_.integer > INT64_MAX) fail("this number is too large");
        node.kind = Kind::integer;
        node.integer = static_cast<std::int64_t>(lexer_.integer);
        break;
      case Token::number:
        node.kind = Kind::number;
        node.number = lexer_.number;
        break;
      case Token::string:
        node.kind = Kind::string;
        node.text = lexer_.decoded;
        node.encoded = spelled(lexer_.decoded);
        break;
      case Token::name:
        return parse_name();
      case Token::operator_:
        return parse_bracket();
      case Token::end:
        fail("expected a value here");
    }
    lexer_.advance();
    return add(std::move(node));
  }

  std::uint32_t parse_bracket() {
    const std::size_t offset = lexer_.offset;
    if (take("(")) {
      const std::uint32_t inner = parse_or();
      expect(")");
      return inner;
    }
    if (!take("[")) fail("expected a value here");
    Node list;
    list.op = Op::list;
    list.kind = Kind::list;
    list.offset = offset;
    while (!take("]")) {
      if (!list.items.empty()) {
        expect(",");
        if (take("]")) break;  // CEL allows a comma behind the last
      }
      list.items.push_back(parse_or());
    }
    return add(std::move(list));
  }

  std::uint32_t parse_name() {
    Node node;
    node.offset = lexer_.offset;
    const std::string name(lexer_.symbol);
    lexer_.advance();
    if (name == "true" || name == "false") {
      node.kind = Kind::boolean;
      node.boolean = name == "true";
    } else if (name == "null") {
      node.kind = Kind::null;
    } else if (lexer_.token == Token::operator_ && lexer_.symbol == "(") {
      return parse_call(name, node.offset);
    } else {
      node.op = Op::field;
      if (name == "type") {
        node.path.root = Root::type;
        node.kind = Kind::string;
      } else if (name == "timestamp") {
        node.path.root = Root::timestamp;
        node.kind = Kind::time;
      } else if (name == "source") {
        node.path.root = Root::source;
      } else if (name != "payload") {
        fail("there is no " + name +
                 "; an event has type, timestamp, source and payload (write payload." + name + ")",
             node.offset);
      }
    }
    return add(std::move(node));
  }

  std::uint32_t parse_call(const std::string& name, std::size_t offset) {
    expect("(");
    const std::uint32_t argument = parse_or();
    expect(")");
    if (name == "size") return add(Op::size, Kind::integer, offset, argument);
    if (name == "has") {
      if (nodes_[argument].op != Op::field || nodes_[argument].path.steps.empty()) {
        fail("has needs a field, such as has(payload.price)", offset);
      }
      return add(Op::has, Kind::boolean, offset, argument);
    }
    if (name != "timestamp") fail("there is no function " + name, offset);
    if (nodes_[argument].op != Op::literal || nodes_[argument].kind != Kind::string) {
      fail("timestamp needs its time as a literal", offset);
    }
    become_time(nodes_[argument]);
    return argument;
  }

  Lexer lexer_;
  const ExpressionLimits limits_;
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
};

/// Fields whose place the log knows need no walk through the payload.
void find_extracted_fields(std::vector<Node>& nodes) {
  for (Node& node : nodes) {
    if (node.op != Op::field || node.path.steps.size() != 1 || node.path.steps[0].element) continue;
    const std::string& name = node.path.steps[0].name;
    const int key = node.path.root == Root::payload  ? key_of_payload_member(name)
                    : node.path.root == Root::source ? key_of_source_member(name)
                                                     : -1;
    if (key >= 0) node.path.key = static_cast<Key>(key);
  }
}

}  // namespace

std::vector<Node> parse(std::string_view text, const ExpressionLimits& limits, Wanted wanted) {
  if (text.size() > limits.bytes) {
    throw SyntaxError{"longer than " + std::to_string(limits.bytes) + " bytes", limits.bytes};
  }
  std::vector<Node> nodes = Parser(text, limits).parse(wanted);
  find_extracted_fields(nodes);
  return nodes;
}

}  // namespace tapedeck::filter
