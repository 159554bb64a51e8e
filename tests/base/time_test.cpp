#include "tapedeck/time.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tapedeck {
namespace {

std::string normalised(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? format_rfc3339(*time) : "no time";
}

TEST(Time, IsWrittenInUtcWithSixFractionalDigits) {
  EXPECT_EQ(format_rfc3339(from_ns(1'763'452'541'123'456'789)), "2025-11-18T07:55:41.123456Z");
  EXPECT_EQ(format_rfc3339(from_ns(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_rfc3339(from_ns(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339(from_ns(-1'000'000'000)), "1969-12-31T23:59:59.000000Z");
}

TEST(Time, AnyOffsetIsNormalisedToUtc) {
  EXPECT_EQ(normalised("2025-11-18T13:25:41.123456+05:30"), "2025-11-18T07:55:41.123456Z");
  EXPECT_EQ(normalised("2025-11-18T02:55:41-05:00"), "2025-11-18T07:55:41.000000Z");
  EXPECT_EQ(normalised("2025-11-18T07:55:41+00:00"), "2025-11-18T07:55:41.000000Z");
  EXPECT_EQ(normalised("2025-11-18T07:55:41-00:00"), "2025-11-18T07:55:41.000000Z");
  EXPECT_EQ(normalised("2025-01-01T05:29:59+05:30"), "2024-12-31T23:59:59.000000Z");
  EXPECT_EQ(normalised("2024-12-31T00:00:00-23:59"), "2024-12-31T23:59:00.000000Z");
  EXPECT_EQ(normalised("2024-12-31T23:59:00+23:59"), "2024-12-31T00:00:00.000000Z");
}

TEST(Time, LowerCaseLettersAndASpaceAreAllowed) {
  EXPECT_EQ(normalised("2025-11-18t07:55:41z"), "2025-11-18T07:55:41.000000Z");
  EXPECT_EQ(normalised("2025-11-18 07:55:41Z"), "2025-11-18T07:55:41.000000Z");
}

TEST(Time, FractionsOfAnyLengthAreReadToTheNanosecondAndThenCut) {
  EXPECT_EQ(to_ns(*parse_rfc3339("1970-01-01T00:00:00.5Z")), 500'000'000);
  EXPECT_EQ(to_ns(*parse_rfc3339("1970-01-01T00:00:00.000000001Z")), 1);
  EXPECT_EQ(to_ns(*parse_rfc3339("1970-01-01T00:00:00.123456789Z")), 123'456'789);
  EXPECT_EQ(to_ns(*parse_rfc3339("1970-01-01T00:00:00.1234567899999999999999999Z")), 123'456'789);
}

TEST(Time, ALeapSecondIsTheSecondAfter) {
  EXPECT_EQ(normalised("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000000Z");
  EXPECT_EQ(normalised("2016-12-31T23:59:60.75Z"), "2017-01-01T00:00:00.750000Z");
  EXPECT_EQ(normalised("2017-01-01T05:29:60+05:30"), "2017-01-01T00:00:00.000000Z");
}

TEST(Time, LeapDaysExistInLeapYearsOnly) {
  EXPECT_EQ(normalised("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000000Z");
  EXPECT_EQ(normalised("2000-02-29T00:00:00Z"), "2000-02-29T00:00:00.000000Z");
  EXPECT_FALSE(parse_rfc3339("2023-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("1900-02-29T00:00:00Z"));
}

TEST(Time, TheRangeIs1678To2261) {
  EXPECT_EQ(normalised("1678-01-01T00:00:00Z"), "1678-01-01T00:00:00.000000Z");
  EXPECT_EQ(normalised("1678-01-01T00:00:00+23:59"), "1677-12-31T00:01:00.000000Z");
  EXPECT_EQ(normalised("2261-12-31T23:59:59.999999Z"), "2261-12-31T23:59:59.999999Z");
  EXPECT_EQ(normalised("2261-12-31T23:59:60-23:59"), "2262-01-01T23:59:00.000000Z");
  EXPECT_FALSE(parse_rfc3339("1677-12-31T23:59:59Z"));
  EXPECT_FALSE(parse_rfc3339("2262-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("0001-01-01T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59Z"));
}

TEST(Time, EveryMomentThatFitsCanBeWritten) {
  EXPECT_EQ(format_rfc3339(Timestamp::min()), "1677-09-21T00:12:43.145224Z");
  EXPECT_EQ(format_rfc3339(Timestamp::max()), "2262-04-11T23:47:16.854775Z");
}

TEST(Time, BadTextIsNoTime) {
  for (const char* text : {
           "",
           "Z",
           "2025-11-18",
           "2025-11-18T07:55:41",          // no offset: whose clock?
           "2025-11-18T07:55:41.Z",        // a point without digits
           "2025-11-18T07:55:41,5Z",       // ISO 8601, not RFC 3339
           "2025-11-18T07:55Z",            // no seconds
           "2025-11-18T24:00:00Z",         //
           "2025-11-18T07:60:00Z",         //
           "2025-11-18T07:55:61Z",         //
           "2025-13-18T07:55:41Z",         //
           "2025-00-18T07:55:41Z",         //
           "2025-11-31T07:55:41Z",         //
           "2025-11-00T07:55:41Z",         //
           "2025-11-18T07:55:41+24:00",    //
           "2025-11-18T07:55:41+05:60",    //
           "2025-11-18T07:55:41+0530",     //
           "2025-11-18T07:55:41+05",       //
           "2025-11-18T07:55:41 +05:30",   //
           "2025-11-18T07:55:41ZZ",        //
           "2025-11-18T07:55:41Z ",        //
           " 2025-11-18T07:55:41Z",        //
           "2025/11/18T07:55:41Z",         //
           "2025-11-18_07:55:41Z",         //
           "20251118T075541.000000Z",      //
           "+025-11-18T07:55:41Z",         //
           "2025-1 -18T07:55:41Z",         //
           "2025-11-18T-7:55:41Z",         //
           "1763452541123",                //
           "2025-11-18T07:55:41.12345x6Z"  //
       }) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(Time, NoPrefixOfATimeIsATime) {
  const std::string text = "2025-11-18T13:25:41.123456+05:30";
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_FALSE(parse_rfc3339(text.substr(0, n))) << text.substr(0, n);
  }
}

TEST(Time, WhatIsWrittenReadsBackEqualToTheMicrosecond) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(to_ns(*parse_rfc3339("1678-01-01T00:00:00Z")),
                                                  to_ns(*parse_rfc3339("2261-12-31T23:59:59Z")));
  for (int i = 0; i < 100'000; ++i) {
    const auto time = std::chrono::floor<std::chrono::microseconds>(from_ns(any(random)));
    const std::string text = format_rfc3339(time);
    ASSERT_EQ(text.size(), 27U);
    ASSERT_EQ(parse_rfc3339(text), time) << text;
  }
}

}  // namespace
}  // namespace tapedeck
