#include "store/block.hpp"

#include <gtest/gtest.h>

#include <random>

#include "support/encode.hpp"

namespace tapedeck::store {
namespace {

using tapedeck::testing::encode;

EncodedBlock some_block(BlockBuilder& builder, int events) {
  std::int64_t at_ns = 1'763'452'541'123'456'789;
  for (int i = 0; i < events; ++i) {
    const auto event = encode(SignalEvent{.symbol = "S", .strategy_name = "m", .signal = "BUY"},
                              from_ns(at_ns + (i % 3) * 1'000'000'007LL * (i % 2 == 0 ? 1 : -1)));
    // A gap in the numbers here and there, as when aged events were taken out.
    builder.add(event.frame, event.index, 1000 + static_cast<std::uint64_t>(i) + (i > 5 ? 10 : 0),
                static_cast<SeriesId>(i));
  }
  return builder.encode(3, 99);
}

TEST(Block, GivesBackWhatWasPutIn) {
  BlockBuilder builder;
  const EncodedBlock block = some_block(builder, 20);
  EXPECT_EQ(block.info.first_seq, 1000U);
  EXPECT_EQ(block.info.end_seq, 1030U);
  EXPECT_EQ(block.info.events, 20U);
  const auto columns = decode_columns(block.columns, 1000);
  ASSERT_TRUE(columns);
  ASSERT_EQ(columns->size(), 20U);
  const auto data = decode_data(block.data, *columns);
  ASSERT_NE(data, nullptr);
  EXPECT_EQ(data->size(), block.info.raw_bytes);
  for (std::size_t i = 0; i < columns->size(); ++i) {
    const EventColumns& event = (*columns)[i];
    EXPECT_EQ(event.seq, 1000 + i + (i > 5 ? 10 : 0));
    EXPECT_EQ(event.series, i);
    EXPECT_GE(event.timestamp_ns, block.info.min_ns);
    EXPECT_LE(event.timestamp_ns, block.info.max_ns);
    EXPECT_EQ(data->substr(event.offset, 4), "id: ");
  }
}

TEST(Block, IsFullByEventsOrBytesButTakesOneHoweverLarge) {
  BlockBuilder builder;
  EXPECT_TRUE(builder.has_room_for(10 * BlockBuilder::kMaxBytes));
  const auto event = encode(GenericEvent{"t", {}});
  for (std::size_t i = 0; i < BlockBuilder::kMaxEvents; ++i) {
    ASSERT_TRUE(builder.has_room_for(event.frame.size())) << i;
    builder.add(event.frame, event.index, i + 1, 0);
  }
  EXPECT_FALSE(builder.has_room_for(1));
  builder.clear();
  builder.add(event.frame, event.index, 1, 0);
  EXPECT_TRUE(builder.has_room_for(BlockBuilder::kMaxBytes - event.frame.size()));
  EXPECT_FALSE(builder.has_room_for(BlockBuilder::kMaxBytes - event.frame.size() + 1));
}

TEST(Block, TimesCenturiesApartAreKept) {
  BlockBuilder builder;
  auto event = encode(GenericEvent{"t", {}});
  for (const std::int64_t at_ns : {INT64_MIN, INT64_MAX, std::int64_t{0}}) {
    event.index.timestamp_ns = at_ns;
    builder.add(event.frame, event.index, builder.size() + 1, 0);
  }
  const EncodedBlock block = builder.encode(1, 0);
  const auto columns = decode_columns(block.columns, 1);
  ASSERT_TRUE(columns);
  EXPECT_EQ((*columns)[0].timestamp_ns, INT64_MIN);
  EXPECT_EQ((*columns)[1].timestamp_ns, INT64_MAX);
  EXPECT_EQ((*columns)[2].timestamp_ns, 0);
}

TEST(Block, DamagedBytesAreNoBlock) {
  BlockBuilder builder;
  const EncodedBlock block = some_block(builder, 20);
  const auto columns = decode_columns(block.columns, 1000);
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bad = block.columns;
    bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    EXPECT_FALSE(decode_columns(bad, 1000));
    bad = block.columns.substr(0, random() % block.columns.size());
    EXPECT_FALSE(decode_columns(bad, 1000));
    bad = block.data;
    bad[random() % bad.size()] ^= static_cast<char>(1 + random() % 255);
    const auto data = decode_data(bad, *columns);
    if (data != nullptr) {
      EXPECT_EQ(data->size(), block.info.raw_bytes);
    }
    EXPECT_EQ(decode_data(block.data.substr(0, random() % block.data.size()), *columns), nullptr);
  }
  EXPECT_EQ(decode_data(block.data, {}), nullptr);
}

}  // namespace
}  // namespace tapedeck::store
