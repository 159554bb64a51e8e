#include <gtest/gtest.h>

#include "support/decode.hpp"

namespace tapedeck {
namespace {

using testing::decode;
using testing::with_payload;

/// A value that nests n arrays.
std::string nested(std::size_t n) {
  return std::string(n, '[') + std::string(n, ']');
}
std::string nested_objects(std::size_t n) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += "{\"a\":";
  return text + "1" + std::string(n, '}');
}

TEST(DecoderLimits, SixtyFourLevelsAreFineAndOneMoreIsTooDeep) {
  // The event and its payload are two of them.
  EXPECT_TRUE(decode(with_payload("{\"a\":" + nested(62) + "}")).ok());
  EXPECT_EQ(decode(with_payload("{\"a\":" + nested(63) + "}")).error.code, "too_deep");
  EXPECT_TRUE(decode(with_payload(nested_objects(63))).ok());
  EXPECT_EQ(decode(with_payload(nested_objects(64))).error.code, "too_deep");
}

TEST(DecoderLimits, DepthCountsTheSameInBatches) {
  EXPECT_TRUE(decode("[" + with_payload("{\"a\":" + nested(62) + "}") + "]").ok());
  EXPECT_EQ(decode("[" + with_payload("{\"a\":" + nested(63) + "}") + "]").error.code, "too_deep");
  EXPECT_TRUE(decode(with_payload("{\"a\":" + nested(62) + "}"), BatchFormat::ndjson).ok());
}

TEST(DecoderLimits, DepthCountsInIdAndSourceToo) {
  EXPECT_FALSE(decode(R"({"type":"t","payload":{},"id":)" + nested(64) + "}").ok());
  EXPECT_FALSE(decode(R"({"type":"t","payload":{},"source":{"a":)" + nested(63) + "}}").ok());
}

TEST(DecoderLimits, AbsurdDepthIsRefusedAndDoesNotOverflow) {
  const auto decoded = decode(with_payload("{\"a\":" + nested(1'000'000) + "}"));
  EXPECT_FALSE(decoded.ok());
  EXPECT_FALSE(decode(std::string(1'000'000, '[')).ok());
  EXPECT_FALSE(decode(std::string(1'000'000, '{')).ok());
}

TEST(DecoderLimits, APayloadOfExactly64KiBIsFineAndOneByteMoreIsTooLarge) {
  const std::size_t overhead = std::string(R"({"s":""})").size();
  const std::string fits(kMaxPayloadBytes - overhead, 'x');
  const auto exact = decode(with_payload(R"({"s":")" + fits + R"("})"));
  ASSERT_TRUE(exact.ok()) << exact.error.message;
  EXPECT_EQ(exact.events[0].payload.size(), kMaxPayloadBytes);
  const auto more = decode(with_payload(R"({"s":")" + fits + R"(x"})"));
  EXPECT_EQ(more.error.code, "payload_too_large");
  EXPECT_EQ(more.error.field, "/payload");
}

TEST(DecoderLimits, ThePayloadIsMeasuredInItsCanonicalForm) {
  const std::string spaces(2 * kMaxPayloadBytes, ' ');
  EXPECT_TRUE(decode(with_payload("{" + spaces + "}")).ok());
  std::string quotes;  // three times as long once spelled out
  for (std::size_t i = 0; i < kMaxPayloadBytes / 5; ++i) quotes += "\\\"";
  EXPECT_EQ(decode(with_payload("{\"s\":\"" + quotes + "\"}")).error.code, "payload_too_large");
}

TEST(DecoderLimits, TheWorstGrowthFitsTheOutput) {
  std::string quotes;
  for (std::size_t i = 0; i < 10'000; ++i) quotes += "\\\"";
  EXPECT_TRUE(decode(with_payload("{\"" + quotes + "\":1}")).ok());
}

TEST(DecoderLimits, ASourceBeyondItsLimitIsRefused) {
  const std::string event = R"({"type":"t","payload":{},"source":{"host":")";
  EXPECT_TRUE(decode(event + std::string(4000, 'h') + "\"}}").ok());
  EXPECT_EQ(decode(event + std::string(4096, 'h') + "\"}}").error.field, "/source");
}

TEST(DecoderLimits, ABatchHasAMostNumberOfEvents) {
  const DecoderLimits two{.batch_events = 2};
  EXPECT_TRUE(
      decode(R"([{"type":"t","payload":{}},{"type":"t","payload":{}}])", BatchFormat::json, two)
          .ok());
  EXPECT_EQ(
      decode(R"([{"type":"t","payload":{}},{"type":"t","payload":{}},{"type":"t","payload":{}}])",
             BatchFormat::json, two)
          .error.code,
      "batch_too_large");
}

}  // namespace
}  // namespace tapedeck
