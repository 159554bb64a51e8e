// The expression language. Cases marked CEL are the Common Expression Language's own rules
// (language definition: logical operators, equality, ordering, `in`, arithmetic, strings).
#include "filter/expression.hpp"

#include <gtest/gtest.h>

#include <ostream>

#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"

namespace tapedeck {
namespace {

constexpr const char* kEvent =
    R"({"type":"order_event","timestamp":"2025-11-18T07:55:41.345678Z","payload":{)"
    R"("order_id":"PAPER-20251118-0001","symbol":"NIFTY","side":"BUY","status":"filled",)"
    R"("qty":75,"price":19755.5,"big":9007199254740993,"huge":1e300,"negative":-7,"zero":0,)"
    R"("flag":true,"off":false,"nothing":null,"text":"say \"hi\" \\ there","note":"Grüße, 世界",)"
    R"("when":"2025-11-18T13:25:42+05:30","list":[1,"two",3.0,null,{"a":[5]}],"empty":[],)"
    R"("map":{"rsi":71.5,"with-dash":1,"nested":{"deep":"x"}},"size":3,"comma,brace}":"tricky]"},)"
    R"("source":{"host":"a1","engine_id":"paper-execution","mode":"paper","extra":{"n":5}}})";

class Event {
 public:
  explicit Event(const std::string& json) {
    EventDecoder decoder;
    const auto events = decoder.decode_copy(json, BatchFormat::json);
    if (!events) throw std::runtime_error(events.error().message);
    FrameEncoder encoder("9f3c21");
    const DecodedEvent& event = events->front();
    frame_.resize(FrameEncoder::frame_bound(event));
    const char* end = encoder.encode(frame_.data(), event, 42, event.timestamp_ns, index_);
    frame_.resize(static_cast<std::size_t>(end - frame_.data()));
  }
  bool matches(const Expression& expression) const {
    return expression.matches(frame_.data(), index_);
  }

 private:
  std::string frame_;
  FrameIndex index_;
};

std::string outcome(const std::string& text, const Event& event) {
  const auto expression = Expression::compile(text);
  if (!expression) return expression.error().message;
  return event.matches(**expression) ? "true" : "false";
}

struct Case {
  const char* expression;
  const char* outcome;
};
void PrintTo(const Case& value, std::ostream* out) {
  *out << value.expression;
}

class Evaluates : public ::testing::TestWithParam<Case> {};

TEST_P(Evaluates, AsStated) {
  static const Event event(kEvent);
  EXPECT_EQ(outcome(GetParam().expression, event), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, Evaluates,
    ::testing::Values(
        Case{R"(type == "order_event")", "true"}, Case{R"(type != "order_event")", "false"},
        Case{R"(type.startsWith("order"))", "true"}, Case{R"(payload.symbol == "NIFTY")", "true"},
        Case{R"("NIFTY" == payload.symbol)", "true"},
        Case{R"(payload["symbol"] == 'NIFTY')", "true"},
        Case{R"(payload.symbol == "NIFT")", "false"}, Case{R"(payload.symbol != "TCS")", "true"},
        Case{R"(payload.symbol < "NIFTZ")", "true"},
        Case{R"(source.engine_id == "paper-execution")", "true"},
        Case{R"(source.extra.n == 5)", "true"}, Case{R"(source.account == "x")", "false"},
        Case{R"(payload.map.rsi > 70)", "true"}, Case{R"(payload.map["with-dash"] == 1)", "true"},
        Case{R"(payload.map.nested.deep == "x")", "true"},
        Case{R"(payload.list[1] == "two")", "true"}, Case{R"(payload.list[4].a[0] == 5)", "true"},
        Case{R"(payload["comma,brace}"] == "tricky]")", "true"},
        Case{R"(payload.text == "say \"hi\" \\ there")", "true"},
        Case{R"(payload.text.contains("\"hi\""))", "true"}, Case{"payload.size == 3", "true"},
        Case{R"(type == "order_event" && payload.qty * payload.price > 1e6)", "true"}));

INSTANTIATE_TEST_SUITE_P(
    MissingFields, Evaluates,  // the first departure: a comparison with what is missing is false
    ::testing::Values(Case{"payload.nope == 1", "false"}, Case{"payload.nope != 1", "false"},
                      Case{"payload.nope < 1", "false"}, Case{"1 < payload.nope", "false"},
                      Case{"payload.nope == payload.nope", "false"},
                      Case{"!(payload.nope == 1)", "true"}, Case{"payload.nope + 1 > 0", "false"},
                      Case{"-payload.nope < 1", "false"}, Case{"payload.nope", "false"},
                      Case{"!payload.nope", "true"}, Case{"payload.nope || payload.flag", "true"},
                      Case{"payload.nope in [1]", "false"}, Case{"1 in payload.nope", "false"},
                      Case{R"(payload.nope.startsWith(""))", "false"},
                      Case{"size(payload.nope) >= 0", "false"},
                      Case{"payload.qty.deeper == 1", "false"},
                      Case{"payload.list[9] == 1", "false"}, Case{"payload.map[0] == 1", "false"},
                      Case{"payload.list.name == 1", "false"}, Case{"has(payload.nope)", "false"},
                      Case{"has(payload.nope.deeper)", "false"}, Case{"has(payload.qty)", "true"},
                      Case{"has(payload.nothing)", "true"}, Case{"has(payload.map.rsi)", "true"},
                      Case{"has(source.account)", "false"}, Case{"has(source.host)", "true"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, Evaluates,
    ::testing::Values(
        // The second departure: integers and doubles are one kind of number.
        Case{"payload.qty == 75.0", "true"}, Case{"75 == 75.0", "true"},
        Case{"payload.price > 19755", "true"}, Case{"payload.qty + 0.5 == 75.5", "true"},
        Case{"payload.big == 9007199254740993", "true"},
        Case{"payload.big == 9007199254740992.0", "false"},  // and compare exactly
        Case{"payload.big > 9007199254740992.0", "true"},
        Case{"payload.huge > 9223372036854775807", "true"},
        Case{"-9223372036854775808 < -payload.big", "true"}, Case{"-payload.huge < 0", "true"},
        // CEL: integer division truncates towards zero, % has the dividend's sign.
        Case{"payload.negative / 2 == -3", "true"}, Case{"payload.negative % 2 == -1", "true"},
        Case{"7 / 2 == 3", "true"}, Case{"7.0 / 2 == 3.5", "true"}, Case{"2 + 3 * 4 == 14", "true"},
        Case{"(2 + 3) * 4 == 20", "true"}, Case{"10 - 3 - 2 == 5", "true"},
        Case{"-payload.negative == 7", "true"}, Case{"--5 == 5", "true"},
        Case{"0x1F == 31", "true"}, Case{"1e3 == 1000", "true"}, Case{".5 == 0.5", "true"},
        Case{"5u == 5", "true"},
        // CEL: overflow, / 0 and % 0 of integers are errors; of doubles / 0 is infinite.
        Case{"payload.qty / payload.zero == 1", "false"},
        Case{"!(payload.qty / payload.zero == 1)", "false"},
        Case{"payload.qty % payload.zero == 1", "false"},
        Case{"9223372036854775807 + payload.qty > 0", "false"},
        Case{"1.0 / payload.zero > 1e308", "true"}));

INSTANTIATE_TEST_SUITE_P(
    Cel, Evaluates,
    ::testing::Values(
        // && and || are decided by either side, even beside an error.
        Case{"payload.qty / payload.zero == 1 || true", "true"},
        Case{"true || payload.qty / payload.zero == 1", "true"},
        Case{"!(payload.qty / payload.zero == 1 && false)", "true"},
        Case{"!(false && payload.qty / payload.zero == 1)", "true"},
        Case{"payload.qty / payload.zero == 1 && true", "false"},
        // && binds tighter than ||, relations tighter than both.
        Case{"true || false && false", "true"}, Case{"1 < 2 == true", "true"},
        // Values of different types are unequal; ordering them is an error.
        Case{R"(payload.qty == "75")", "false"}, Case{R"(payload.qty != "75")", "true"},
        Case{"payload.nothing == null", "true"}, Case{"payload.qty == null", "false"},
        Case{"payload.flag == true", "true"}, Case{"payload.flag == 1", "false"},
        Case{R"(payload.symbol < payload.qty)", "false"},
        Case{R"(!(payload.symbol < payload.qty))", "false"},
        Case{"payload.off < payload.flag", "true"}, Case{"payload.qty && true", "false"},
        Case{"!payload.qty", "false"}, Case{"payload.flag", "true"},
        Case{"payload.flag && !payload.off", "true"},
        // in
        Case{R"(payload.side in ["BUY", "SELL"])", "true"},
        Case{R"(payload.side in ["SELL"])", "false"}, Case{"payload.side in []", "false"},
        Case{"3 in payload.list", "true"}, Case{R"("two" in payload.list)", "true"},
        Case{"null in payload.list", "true"}, Case{"4 in payload.list", "false"},
        Case{R"("rsi" in payload.map)", "true"}, Case{R"("x" in payload.map)", "false"},
        Case{"1 in payload.qty", "false"}, Case{"payload.qty in [1.0, 75.0,]", "true"},
        // lists
        Case{"payload.empty == []", "true"}, Case{"[1, 2] == [1.0, 2]", "true"},
        Case{"[1, 2] == [1]", "false"}, Case{"payload.list == [1]", "false"},
        // strings
        Case{R"("a" + "b" == "ab")", "true"}, Case{R"(payload.side + "!" == "BUY!")", "true"},
        Case{R"(payload.order_id.startsWith("PAPER-2025"))", "true"},
        Case{R"(payload.order_id.endsWith("0001"))", "true"},
        Case{R"(payload.order_id.endsWith("0002"))", "false"},
        Case{R"(payload.order_id.matches("^PAPER-[0-9]{8}-"))", "true"},
        Case{R"(payload.order_id.matches("[0-9]{9}"))", "false"},
        Case{R"(payload.qty.matches("7"))", "false"}, Case{"payload.note.size() == 9", "true"},
        Case{"size(payload.note) == 9", "true"}, Case{"size(payload.list) == 5", "true"},
        Case{"size(payload.empty) == 0", "true"}, Case{"payload.map.size() == 3", "true"},
        Case{"size([1, 2, 3]) == 3", "true"},
        Case{R"(payload.note == "Gr\u00fc\u00dfe, \U00004e16\u754c")", "true"},
        Case{R"("\x41\101\n" == 'AA\n')", "true"}, Case{R"(r"\d" == "\\d")", "true"},
        Case{R"("""it's "quoted" """ == 'it\'s "quoted" ')", "true"},
        Case{"payload.qty > 70 // more than a lot", "true"},
        // times
        Case{R"(timestamp > "2025-11-18T13:25:41+05:30")", "true"},
        Case{R"(timestamp < "2025-11-18T13:25:42+05:30")", "true"},
        Case{R"(timestamp == timestamp("2025-11-18T07:55:41.345678Z"))", "true"},
        Case{R"(payload.when == timestamp("2025-11-18T07:55:42Z"))", "true"},
        Case{R"(payload.when > timestamp)", "true"}, Case{"payload.side > timestamp", "false"},
        Case{"!(payload.side == timestamp)", "false"},
        Case{"payload.map == payload.map", "false"}));

INSTANTIATE_TEST_SUITE_P(
    SaysWhereItIsWrong, Evaluates,
    ::testing::Values(
        Case{"", "filter, column 1: expected a value here."},
        Case{"payload.qty = 5", "filter, column 13: write == to compare."},
        Case{"payload.qty ==", "filter, column 15: expected a value here."},
        Case{"payload.qty == 5 payload", "filter, column 18: expected an operator or the end."},
        Case{"true & false", "filter, column 6: write && for and, || for or."},
        Case{"symbol == 'A'",
             "filter, column 1: there is no symbol; an event has type, timestamp, source and "
             "payload (write payload.symbol)."},
        Case{"'grüße' == ü", "filter, column 12: this character means nothing here."},
        Case{"(true", "filter, column 6: expected )."},
        Case{"[1, 2", "filter, column 6: expected ,."},
        Case{"payload.", "filter, column 9: expected a name behind the dot."},
        Case{"payload.qty.floor() > 1", "filter, column 13: there is no function floor."},
        Case{"exists(payload.qty)", "filter, column 1: there is no function exists."},
        Case{"has(1)", "filter, column 1: has needs a field, such as has(payload.price)."},
        Case{"has(payload)", "filter, column 1: has needs a field, such as has(payload.price)."},
        Case{"payload.qty > 1 ? true : false",
             "filter, column 17: there is no ?: here; write two conditions with || between."},
        Case{"'open", "filter, column 1: this string has no end."},
        Case{"'a\nb' == 'c'", "filter, column 1: this string has no end on its line."},
        Case{R"('\q' == 'c')",
             "filter, column 2: there is no such escape; write \\\\ for a backslash."},
        Case{R"('\ud800' == 'c')", "filter, column 2: this escape is no character."},
        Case{R"('\u12' == 'c')", "filter, column 4: this escape needs 4 digits."},
        Case{"b'x' == 'c'", "filter, column 1: bytes literals are not part of this subset of CEL."},
        Case{"9223372036854775808 > 1", "filter, column 1: this number is too large."},
        Case{"99999999999999999999 > 1", "filter, column 1: this number is too large."},
        Case{"12abc > 1", "filter, column 1: this is no number."},
        Case{"1 + 2", "filter, column 3: the expression must be a condition, true or false."},
        Case{"'a' && true",
             "filter, column 1: what stands beside && must be a condition, true or false."},
        Case{"!5", "filter, column 2: what stands behind ! must be a condition, true or false."},
        Case{"-'a' == 1", "filter, column 1: expected a number behind -."},
        Case{"'a' < 1", "filter, column 5: these two cannot be ordered."},
        Case{"null < 1", "filter, column 1: this has no order."},
        Case{"'a' * 2 == 1", "filter, column 5: this cannot be reckoned."},
        Case{"7.5 % 2 == 1", "filter, column 5: this cannot be reckoned."},
        Case{"1 in 2", "filter, column 6: in needs a list."},
        Case{"type.x == 1", "filter, column 5: only payload and source have fields."},
        Case{"5.startsWith('a')", "filter, column 1: this is no number."},
        Case{"(5).startsWith('a')", "filter, column 2: expected a string."},
        Case{"payload.a.startsWith(5)", "filter, column 22: expected a string."},
        Case{"payload.a.matches(payload.b)",
             "filter, column 19: matches needs its pattern as a literal."},
        Case{"payload.a.matches('(')", "filter, column 19: the pattern: missing ): (."},
        Case{"timestamp > 'yesterday'",
             "filter, column 13: a time is written as RFC 3339 with an offset, such as "
             "\"2025-11-18T09:15:00+05:30\"."},
        Case{"payload[1.5] == 1",
             "filter, column 9: expected a name in quotes or a whole number."}));

TEST(Expression, HasLimits) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '(') + "true" +
           std::string(static_cast<std::size_t>(depth), ')');
  };
  ExpressionLimits limits;
  limits.depth = 20;
  // Each bracket is two levels: what is in it, and it as an operand.
  EXPECT_TRUE(Expression::compile(nested(9), limits).ok());
  EXPECT_FALSE(Expression::compile(nested(10), limits).ok());
  EXPECT_TRUE(Expression::compile(std::string(19, '!').substr(0, 18) + "true", limits).ok());
  EXPECT_FALSE(Expression::compile(std::string(19, '!') + "true", limits).ok());
  limits.bytes = 30;
  EXPECT_TRUE(Expression::compile("payload.a == '" + std::string(15, 'x') + "'", limits).ok());
  EXPECT_FALSE(Expression::compile("payload.a == '" + std::string(16, 'x') + "'", limits).ok());
  // As many operators in a row as fit are no nesting.
  std::string many = "payload.qty > 1";
  while (many.size() + 20 < ExpressionLimits{}.bytes) many += " || payload.qty > 1";
  EXPECT_EQ(outcome(many, Event(kEvent)), "true");
}

TEST(Expression, AnyPatternRunsInLinearTime) {
  const std::string text(60'000, 'a');
  const Event event(R"({"type":"t","payload":{"text":")" + text + "\"}}");
  EXPECT_EQ(outcome("payload.text.matches('(a*)*b')", event), "false");
}

TEST(Expression, EventsWithoutASourceOrPayloadFieldsAreAskedToo) {
  const Event event(R"({"type":"t","payload":{}})");
  EXPECT_EQ(outcome("payload.a == 1", event), "false");
  EXPECT_EQ(outcome("source.host == 'a'", event), "false");
  EXPECT_EQ(outcome("'a' in payload", event), "false");
  EXPECT_EQ(outcome("size(payload) == 0 && type == 't'", event), "true");
}

TEST(Expression, AKeyThatIsNoStringIsFoundInThePayload) {
  const Event event(R"({"type":"t","payload":{"symbol":5,"order_id":"a\\b"}})");
  EXPECT_EQ(outcome("payload.symbol == 5", event), "true");
  EXPECT_EQ(outcome("payload.symbol == '5'", event), "false");
  EXPECT_EQ(outcome(R"(payload.order_id == 'a\\b')", event), "true");
  EXPECT_EQ(outcome(R"(payload.order_id.contains('\\'))", event), "true");
}

TEST(Requirements, AreTheComparisonsWithTextsThatAllMustHold) {
  const auto of = [](const char* text) {
    std::string out;
    const auto compiled = Expression::compile(text);
    for (const auto& requirement : (*compiled)->requirements()) {
      out += requirement.key ? std::to_string(static_cast<int>(*requirement.key)) : "type";
      for (const std::string& value : requirement.values) out += "=" + value;
      out += ";";
    }
    return out;
  };
  EXPECT_EQ(of("type == 'a' && payload.symbol == 'X' && payload.qty > 3"), "type=a;0=X;");
  EXPECT_EQ(of("'X\"' == payload.symbol"), "0=X\\u0022;");
  EXPECT_EQ(of("payload.symbol in ['X', 'Y'] && source.host == 'h'"), "0=X=Y;7=h;");
  EXPECT_EQ(of("payload.symbol == 'X' || type == 'a'"), "");
  EXPECT_EQ(of("!(payload.symbol == 'X')"), "");
  EXPECT_EQ(of("payload.symbol != 'X' && payload.symbol in ['X', 1]"), "");
  EXPECT_EQ(of("payload.symbol == payload.strategy"), "");
}

}  // namespace
}  // namespace tapedeck
