#include "alert/threshold_text.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace tapedeck::alert {
namespace {

Threshold read(const char* text) {
  auto parsed = parse_threshold(text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(parsed).value();
}
std::string problem(const std::string& text) {
  const auto parsed = parse_threshold(text);
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.error().code, "invalid_rule");
  EXPECT_EQ(parsed.error().field, "/threshold");
  return parsed.error().message;
}

TEST(ThresholdText, IsAnAggregateAComparisonAndANumber) {
  const Threshold threshold = read("avg(payload.latency_ms) > 250");
  EXPECT_EQ(threshold.aggregate, Aggregate::avg);
  EXPECT_EQ(threshold.value, "payload.latency_ms");
  EXPECT_EQ(threshold.comparison, Comparison::greater);
  EXPECT_EQ(threshold.limit, 250);
}

TEST(ThresholdText, KnowsEveryAggregateAndComparison) {
  EXPECT_EQ(read("count() > 1").aggregate, Aggregate::count);
  EXPECT_EQ(read("rate() > 1").aggregate, Aggregate::rate);
  EXPECT_EQ(read("sum(payload.a) > 1").aggregate, Aggregate::sum);
  EXPECT_EQ(read("min(payload.a) > 1").aggregate, Aggregate::min);
  EXPECT_EQ(read("max(payload.a) > 1").aggregate, Aggregate::max);
  EXPECT_EQ(read("p50(payload.a) > 1").aggregate, Aggregate::p50);
  EXPECT_EQ(read("p90(payload.a) > 1").aggregate, Aggregate::p90);
  EXPECT_EQ(read("p99(payload.a) > 1").aggregate, Aggregate::p99);
  EXPECT_EQ(read("last(payload.a) >= 1").comparison, Comparison::at_least);
  EXPECT_EQ(read("last(payload.a) < 1").comparison, Comparison::less);
  EXPECT_EQ(read("last(payload.a) <= 1").comparison, Comparison::at_most);
  EXPECT_EQ(read("last(payload.a) == 1").comparison, Comparison::equal);
  EXPECT_EQ(read("last(payload.a) != 1").comparison, Comparison::not_equal);
}

TEST(ThresholdText, MayHaveBlanksAnywhere) {
  const Threshold threshold = read("  last ( payload.a )\t>=  -1.5e3  ");
  EXPECT_EQ(threshold.value, "payload.a");
  EXPECT_EQ(threshold.limit, -1500);
  EXPECT_EQ(threshold_text(threshold), "last(payload.a) >= -1500");
}

TEST(ThresholdText, EndsItsExpressionAtTheLastParenthesis) {
  EXPECT_EQ(read("last((payload.a + 1) * (payload.b - 2)) > 0").value,
            "(payload.a + 1) * (payload.b - 2)");
  EXPECT_EQ(read(R"(last(payload.a == ") > 5") > 0)").value, R"(payload.a == ") > 5")");
}

TEST(ThresholdText, KnowsOneZero) {
  EXPECT_EQ(threshold_text(read("count() > -0e3")), "count() > 0");
}

TEST(ThresholdText, ReadsBackEqual) {
  for (const char* text : {"count() > 0.1", "p99(payload.a / 3) <= 1e+300", "last(payload.a) != 0",
                           "sum(payload.qty * payload.price) >= 1234567.891"}) {
    const Threshold once = read(text);
    EXPECT_EQ(read(threshold_text(once).c_str()), once) << text;
  }
}

TEST(ThresholdText, NamesTheColumnOfWhatIsWrongInTheExpression) {
  EXPECT_EQ(problem("avg(latency) > 5"),
            "threshold, column 5: there is no latency; an event has type, timestamp, source and "
            "payload (write payload.latency).");
  EXPECT_EQ(problem("  avg( payload.a +) > 5"), "threshold, column 19: expected a value here.");
}

struct Wrong {
  const char* text;
  const char* says;
};
void PrintTo(const Wrong& value, std::ostream* out) {
  *out << value.text;
}
class ThresholdThatIsWrong : public ::testing::TestWithParam<Wrong> {};

TEST_P(ThresholdThatIsWrong, IsAnsweredWithASentence) {
  EXPECT_NE(problem(GetParam().text).find(GetParam().says), std::string::npos)
      << problem(GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ThresholdThatIsWrong,
    ::testing::Values(
        Wrong{"", "must be AGGREGATE(EXPRESSION) COMPARISON NUMBER"},
        Wrong{"payload.a > 5", "must be AGGREGATE(EXPRESSION)"}, Wrong{")(", "must be AGGREGATE("},
        Wrong{"avg(payload.a > 5", "must be AGGREGATE("},
        Wrong{"mean(payload.a) > 5", "there is no aggregate \"mean\"; there are count, rate, sum"},
        Wrong{"AVG(payload.a) > 5", "there is no aggregate"},
        Wrong{"avg() > 5", "avg() needs an expression"},
        Wrong{"last( ) > 5", "last() needs an expression"},
        Wrong{"avg(payload.a)", "behind the parenthesis must be >"},
        Wrong{"avg(payload.a) = 5", "not \"= 5\""},
        Wrong{"avg(payload.a) over 5", "not \"over 5\""},
        Wrong{"avg(payload.a) >", "behind > must be a number"},
        Wrong{"avg(payload.a) > five", "not \"five\""}, Wrong{"avg(payload.a) > inf", "number"},
        Wrong{"avg(payload.a) > nan", "number"}, Wrong{"avg(payload.a) > 1e999", "number"},
        Wrong{"avg(payload.a) > 0x10", "number"}, Wrong{"avg(payload.a) > +5", "number"},
        Wrong{"avg(payload.a) > 5 6", "number"}, Wrong{"avg(payload.a) > \"5\"", "number"},
        Wrong{"avg(payload.a) > [5]", "number"}, Wrong{"avg(payload.a) > true", "number"},
        Wrong{"avg(payload.a) > 5s", "number"}));

}  // namespace
}  // namespace tapedeck::alert
