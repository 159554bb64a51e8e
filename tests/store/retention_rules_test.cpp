#include "store/retention.hpp"

#include <gmock/gmock.h>

#include <map>

namespace tapedeck::store {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kDay_ns = 86'400'000'000'000;

RetentionRules rules(std::string_view text, std::uint64_t max_bytes = 0) {
  auto parsed = parse_retention(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  parsed->max_bytes = max_bytes;
  return *parsed;
}

TEST(RetentionRules, AnAgeForAllAndAgesByTypeAreRead) {
  const RetentionRules all = rules("30d,order_event=5y,indicator_event=12h,x=2w,y=forever");
  EXPECT_EQ(all.default_age, std::chrono::hours(30 * 24));
  EXPECT_EQ(all.by_type.at("order_event"), std::chrono::hours(5 * 365 * 24));
  EXPECT_EQ(all.by_type.at("indicator_event"), std::chrono::hours(12));
  EXPECT_EQ(all.by_type.at("x"), std::chrono::hours(14 * 24));
  EXPECT_EQ(all.by_type.at("y"), std::nullopt);
  EXPECT_FALSE(all.keep_everything());
}

TEST(RetentionRules, NothingAndForeverKeepEverything) {
  EXPECT_TRUE(rules("").keep_everything());
  EXPECT_TRUE(rules("forever,order_event=forever").keep_everything());
  EXPECT_FALSE(rules("", 1).keep_everything());
}

TEST(RetentionRules, AMistakeIsAnErrorThatNamesIt) {
  const std::map<std::string, std::string> mistakes = {
      {"30", "such as 30d"},           {"d", "such as 30d"},
      {"-3d", "such as 30d"},          {"30 d", "such as 30d"},
      {"30D", "such as 30d"},          {"30m", "such as 30d"},
      {"0d", "at least 1h"},           {"1001y", "1000y is the longest"},
      {"8760001h", "1000y"},           {"99999999999d", "1000y"},
      {"30d,40d", "second age"},       {"a=1d,a=2d", "named twice"},
      {"a b=1d", "no event type"},     {"=1d", "no event type"},
      {"order_event=", "such as 30d"}, {"30d,", "such as 30d"},
      {",30d", "such as 30d"},
  };
  for (const auto& [text, sentence] : mistakes) {
    const auto parsed = parse_retention(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(sentence)) << text;
    EXPECT_EQ(parsed.error().field, "retention");
  }
  EXPECT_TRUE(parse_retention("1000y"));
  EXPECT_TRUE(parse_retention("8760000h"));
}

TEST(AgedTypes, AFileHasAgedSoLongAfterItsDayIsOver) {
  const RetentionRules given = rules("2d,a=1h,b=forever");
  const auto at = [&](std::int64_t day, std::int64_t hours) {
    return AgedTypes(given, day, 100 * kDay_ns + hours * kDay_ns / 24);
  };
  EXPECT_FALSE(at(98, 23)("other"));
  EXPECT_TRUE(at(97, 0)("other"));
  EXPECT_FALSE(AgedTypes(given, 97, 100 * kDay_ns - 1)("other"));
  EXPECT_FALSE(at(99, 0)("a"));
  EXPECT_TRUE(at(99, 1)("a"));
  EXPECT_FALSE(at(100, 5)("a"));   // today
  EXPECT_FALSE(at(2000, 0)("a"));  // written while the clock was ahead
  EXPECT_FALSE(at(3000000, 0)("a"));
  EXPECT_FALSE(at(0, 0)("b"));
  EXPECT_FALSE(at(0, 0).all());
  EXPECT_TRUE(at(100, 0).none());
  EXPECT_TRUE(AgedTypes(rules("1d,a=2d"), 0, 100 * kDay_ns).all());
}

}  // namespace
}  // namespace tapedeck::store
