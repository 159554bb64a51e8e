#include "bus/frame_index.hpp"

#include <gtest/gtest.h>

#include "bus/access.hpp"
#include "support/encode.hpp"

namespace tapedeck {
namespace {

using testing::encode;

void expect_equal(const FrameIndex& found, const FrameIndex& given) {
  EXPECT_EQ(found.length, given.length);
  EXPECT_EQ(found.payload_length, given.payload_length);
  EXPECT_EQ(found.type_length, given.type_length);
  EXPECT_EQ(found.data_offset, given.data_offset);
  EXPECT_EQ(found.timestamp_ns, given.timestamp_ns);
  for (std::size_t key = 0; key < kKeyCount; ++key) {
    EXPECT_EQ(found.keys[key].packed, given.keys[key].packed) << key;
  }
}

template <typename E>
void expect_found_again(const E& event, const EncodedSource& source = {}) {
  const auto encoded = encode(event, from_ns(1'763'452'541'123'456'789), source);
  const auto found = index_frame(encoded.frame, encoded.index.timestamp_ns);
  ASSERT_TRUE(found) << encoded.frame;
  expect_equal(*found, encoded.index);
}

TEST(FrameIndex, IsFoundAgainAsTheEncoderGaveIt) {
  const EncodedSource source = encode_source(
      {.host = "a\"1", .engine_id = "e1", .run_id = "r1", .account = "main", .mode = "live"});
  const Instrument instrument{.exchange = "NSE"};
  expect_found_again(SignalEvent{.symbol = "NIFTY",
                                 .strategy_name = "momentum",
                                 .signal = "BUY",
                                 .reason = "a, \"quoted\" {brace} \\ and [list]",
                                 .correlation_id = "c17",
                                 .instrument = &instrument},
                     source);
  expect_found_again(OrderEvent{.order_id = "o\"1", .symbol = "", .strategy = "m"}, source);
  expect_found_again(EngineHealth{.engine_name = "System", .metrics = {{"a", 1}, {"b", "}"}}});
  expect_found_again(GenericEvent{"t", {}});
  expect_found_again(GenericEvent{"t",
                                  {{"inner", Map{{"symbol", "NIFTY"}}},
                                   {"host", "h"},
                                   {"order_id", 240001},
                                   {"symbol", Map{{"a", 1}}},
                                   {"exchange", "NSE"}}},
                     source);
  expect_found_again(GenericEvent{"source", {{"source", Map{{"host", "no"}}}}});
}

TEST(FrameIndex, OfWhatIsNoFrameThereIsNone) {
  const std::string frame = encode(GenericEvent{"t", {{"a", 1}}}).frame;
  EXPECT_FALSE(index_frame("", 0));
  EXPECT_FALSE(index_frame("id: 1\n\n", 0));
  EXPECT_FALSE(index_frame(frame.substr(0, frame.size() - 1), 0));
  EXPECT_FALSE(index_frame(frame.substr(1, 30) + "}\n\n", 0));
  for (std::size_t cut = 0; cut < frame.size(); ++cut) {  // never an access outside
    const std::string torn = frame.substr(0, cut) + "}\n\n";
    const auto index = index_frame(torn, 0);
    if (index) {
      EXPECT_LE(index->payload_offset() + index->payload_length, torn.size());
    }
  }
}

}  // namespace
}  // namespace tapedeck
