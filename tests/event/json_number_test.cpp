#include <gtest/gtest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "event/json_writer.hpp"

namespace tapedeck {
namespace {

std::string written(double v) {
  char out[json::kMaxNumber];  // what callers make room for
  return {out, json::write_number(out, v)};
}

/// Significant digits and sign of a decimal text, without the point, the exponent and outer zeros.
std::string digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, text.find('e'))) {
    if (c == '-' || (c >= '0' && c <= '9' && !(c == '0' && (digits.empty() || digits == "-")))) {
      digits += c;
    }
  }
  while (digits.ends_with('0')) digits.pop_back();
  return digits;
}

void expect_shortest(double v) {
  const std::string text = written(v);
  double back = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
  ASSERT_EQ(error, std::errc{}) << text;
  ASSERT_EQ(end, text.data() + text.size()) << text;
  ASSERT_EQ(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(v)) << text;

  const std::size_t point = text.find('.');
  ASSERT_NE(point, std::string::npos) << text;
  ASSERT_TRUE(point + 1 < text.size() && text[point + 1] >= '0' && text[point + 1] <= '9') << text;
  ASSERT_TRUE(text.front() != '-' || (text[1] >= '0' && text[1] <= '9')) << text;

  char shortest[32];
  const std::string plain(shortest, std::to_chars(shortest, shortest + 32, v).ptr);
  const std::string scientific(
      shortest, std::to_chars(shortest, shortest + 32, v, std::chars_format::scientific).ptr);
  // Beyond 2^53 an integer is written with all its digits where that is no longer.
  ASSERT_TRUE(digits_of(text) == digits_of(scientific) || text == plain + ".0")
      << text << " is not the shortest: " << plain;
}

TEST(JsonNumber, HasAtLeastOneDecimal) {
  EXPECT_EQ(written(0.0), "0.0");
  EXPECT_EQ(written(1.0), "1.0");
  EXPECT_EQ(written(19755.0), "19755.0");
  EXPECT_EQ(written(-5.0), "-5.0");
  EXPECT_EQ(written(99999999999.0), "99999999999.0");
  EXPECT_EQ(written(123456789012345.0), "123456789012345.0");
  EXPECT_EQ(written(9007199254740993.0), "9007199254740992.0");
}

TEST(JsonNumber, IsTheShortestTextThatReadsBackEqual) {
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(0.85), "0.85");
  EXPECT_EQ(written(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(written(19750.05), "19750.05");
  EXPECT_EQ(written(0.0001), "0.0001");
  EXPECT_EQ(written(-0.0001), "-0.0001");
  EXPECT_EQ(written(1234.5678), "1234.5678");
  EXPECT_EQ(written(1234.56789), "1234.56789");
}

TEST(JsonNumber, NegativeZeroKeepsItsSign) {
  EXPECT_EQ(written(-0.0), "-0.0");
}

TEST(JsonNumber, HugeAndTinyOnesHaveAnExponent) {
  EXPECT_EQ(written(1e11), "1.0e+11");
  EXPECT_EQ(written(1e300), "1.0e+300");
  EXPECT_EQ(written(-1.5e-7), "-1.5e-07");
  EXPECT_EQ(written(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(written(std::numeric_limits<double>::min()), "2.2250738585072014e-308");
  EXPECT_EQ(written(std::numeric_limits<double>::denorm_min()), "5.0e-324");
}

TEST(JsonNumber, NanAndInfinitiesAreNull) {
  EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(written(-std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(written(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonNumber, AnyBitsReadBackEqual) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 300'000; ++i) {
    const auto v = std::bit_cast<double>(random());
    if (!std::isfinite(v)) continue;
    ASSERT_NO_FATAL_FAILURE(expect_shortest(v));
  }
}

TEST(JsonNumber, PricesOfAnyNumberOfDecimalsReadBackEqual) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 300'000; ++i) {
    const auto units = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 60));
    const double v = units / std::pow(10.0, static_cast<double>(random() % 9));
    ASSERT_NO_FATAL_FAILURE(expect_shortest(v));
    ASSERT_NO_FATAL_FAILURE(expect_shortest(std::nextafter(v, 1e9)));
  }
}

TEST(JsonNumber, TheEdgesOfTheFastRoadReadBackEqual) {
  for (double edge : {0.0, 1e-4, 5e-5, 1e-5, 1.0, 10.0, 9.9999, 1e10, 99999999999.9999, 1e11, 1e15,
                      4503599627370496.0, 9007199254740992.0, 1e16, 1e22, 1e23}) {
    for (int i = -20; i <= 20; ++i) {
      double v = edge;
      for (int step = 0; step < std::abs(i); ++step) v = std::nextafter(v, i < 0 ? -1e300 : 1e300);
      ASSERT_NO_FATAL_FAILURE(expect_shortest(v));
      ASSERT_NO_FATAL_FAILURE(expect_shortest(-v));
    }
  }
}

TEST(JsonNumber, IntegersAreWrittenWithAllTheirDigits) {
  char out[20];
  EXPECT_EQ(std::string(out, json::write_int(out, INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(std::string(out, json::write_int(out, INT64_MAX)), "9223372036854775807");
  EXPECT_EQ(std::string(out, json::write_int(out, 0)), "0");
  EXPECT_EQ(std::string(out, json::write_uint(out, UINT64_MAX)), "18446744073709551615");
  std::mt19937_64 random(4);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t v = random() >> (random() % 64);
    ASSERT_EQ(std::string(out, json::write_uint(out, v)), std::to_string(v));
    const auto negative = -static_cast<std::int64_t>(v >> 1);
    ASSERT_EQ(std::string(out, json::write_int(out, negative)), std::to_string(negative));
  }
}

}  // namespace
}  // namespace tapedeck
