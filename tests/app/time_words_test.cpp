#include "app/time_words.hpp"

#include <gtest/gtest.h>

namespace tapedeck::app {
namespace {

/// 00:30 on the 19th in India, still the 18th in UTC.
const Timestamp kAfterMidnight = *parse_rfc3339("2025-11-18T19:00:00Z");
const Timestamp kMorning = *parse_rfc3339("2025-11-18T04:30:00.5Z");  // 10:00:00.5 IST

std::string word(std::string_view text, Timestamp now = kMorning) {
  const auto moment = parse_time_word(text, now);
  return moment ? format_rfc3339(*moment) : "none";
}

TEST(TimeWords, AClockTimeIsTodayInIndia) {
  EXPECT_EQ(word("09:15"), "2025-11-18T03:45:00.000000Z");
  EXPECT_EQ(word("15:29:59"), "2025-11-18T09:59:59.000000Z");
  EXPECT_EQ(word("09:15", kAfterMidnight), "2025-11-19T03:45:00.000000Z")
      << "today in India, not in UTC";
}

TEST(TimeWords, ADayBeginsAtMidnightInIndia) {
  EXPECT_EQ(word("today"), "2025-11-17T18:30:00.000000Z");
  EXPECT_EQ(word("yesterday"), "2025-11-16T18:30:00.000000Z");
  EXPECT_EQ(word("today", kAfterMidnight), "2025-11-18T18:30:00.000000Z");
  EXPECT_EQ(word("2025-11-14"), "2025-11-13T18:30:00.000000Z");
}

TEST(TimeWords, ADayAndATimeGoTogetherWithASpaceOrAT) {
  EXPECT_EQ(word("yesterday 15:30"), "2025-11-17T10:00:00.000000Z");
  EXPECT_EQ(word("2025-11-14 09:15"), "2025-11-14T03:45:00.000000Z");
  EXPECT_EQ(word("2025-11-14T09:15:30"), "2025-11-14T03:45:30.000000Z");
}

TEST(TimeWords, ASpanIsCountedBackFromNow) {
  EXPECT_EQ(word("now"), "2025-11-18T04:30:00.500000Z");
  EXPECT_EQ(word("-30s"), "2025-11-18T04:29:30.500000Z");
  EXPECT_EQ(word("-15m"), "2025-11-18T04:15:00.500000Z");
  EXPECT_EQ(word("-2h"), "2025-11-18T02:30:00.500000Z");
  EXPECT_EQ(word("-3d"), "2025-11-15T04:30:00.500000Z");
  EXPECT_EQ(word("-1w"), "2025-11-11T04:30:00.500000Z");
  EXPECT_EQ(word("-36500d"), "1925-12-13T04:30:00.500000Z");
}

TEST(TimeWords, WhatIsNoneOfThemIsLeftToTheServer) {
  for (const char* text : {"",
                           "-",
                           "-m",
                           "-15",
                           "-15y",
                           "--15m",
                           "-99999999999999999999m",
                           "-36501d",
                           "24:00",
                           "09:60",
                           "09:15:60",
                           "9:15",
                           "09:15:3",
                           "09-15",
                           "0x:15",
                           "tomorrow",
                           "Today",
                           "today ",
                           "today 25:00",
                           "yesterday15:30",
                           "2025-02-29",
                           "2025-11-14  09:15",
                           "2025-11-18T09:15:00+05:30",
                           "2025-11-18T03:45:00Z",
                           "9f3c21-184467"}) {
    EXPECT_EQ(word(text), "none") << '"' << text << '"';
    EXPECT_EQ(time_parameter(text, kMorning), text);
  }
  EXPECT_EQ(time_parameter("09:15", kMorning), "2025-11-18T03:45:00.000000Z");
}

TEST(TimeWords, MomentsAreShownInIst) {
  EXPECT_EQ(ist_date_and_time(kAfterMidnight), "2025-11-19 00:30:00");
  EXPECT_EQ(ist_date_and_time("2025-11-18T07:55:41.999999Z"), "2025-11-18 13:25:41");
  EXPECT_EQ(ist_date_and_time("soon"), "soon");
}

}  // namespace
}  // namespace tapedeck::app
