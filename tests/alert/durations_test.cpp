#include <gtest/gtest.h>

#include "alert/rule.hpp"

namespace tapedeck::alert {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), Duration(500ms));
  EXPECT_EQ(parse_duration("30s"), Duration(30s));
  EXPECT_EQ(parse_duration("10m"), Duration(10min));
  EXPECT_EQ(parse_duration("2h"), Duration(2h));
  EXPECT_EQ(parse_duration("1d"), Duration(24h));
  EXPECT_EQ(parse_duration("0s"), Duration::zero());
}

TEST(Durations, OfAYearAreTheLongest) {
  EXPECT_EQ(parse_duration("365d"), kMaxDuration);
  EXPECT_EQ(parse_duration("8760h"), kMaxDuration);
  EXPECT_EQ(parse_duration("366d"), std::nullopt);
  EXPECT_EQ(parse_duration("8761h"), std::nullopt);
  EXPECT_EQ(parse_duration("18446744073709551615d"), std::nullopt);
  EXPECT_EQ(parse_duration("99999999999999999999s"), std::nullopt);
}

TEST(Durations, AreNothingElse) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "5S", "5min",
                           "5us", "1h30m", "0x5s", "٣s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Durations, AreWrittenAsShortlyAsTheyCanBe) {
  EXPECT_EQ(duration_text(Duration::zero()), "0s");
  EXPECT_EQ(duration_text(1ms), "1ms");
  EXPECT_EQ(duration_text(1000ms), "1s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(36h), "36h");
  EXPECT_EQ(duration_text(48h), "2d");
}

TEST(Durations, ThatAreWrittenReadBackEqual) {
  for (std::int64_t ms = 0; ms < 20'000'000; ms += 7'919) {
    const Duration duration = std::chrono::milliseconds(ms);
    EXPECT_EQ(parse_duration(duration_text(duration)), duration) << ms;
  }
  EXPECT_EQ(parse_duration(duration_text(kMaxDuration)), kMaxDuration);
}

}  // namespace
}  // namespace tapedeck::alert
