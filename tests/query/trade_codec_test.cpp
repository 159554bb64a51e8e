#include <gtest/gtest.h>

#include <random>

#include "query/trade_fixture.hpp"
#include "query/trade_json.hpp"

namespace tapedeck {
namespace {

class TradeCodecTest : public TradeFixture {
 protected:
  TradeSummary full() {
    veto("D", "BUY", 0);
    OrderEvent slice = fill("D", "partially_filled", 4, 100, 4, 100);
    slice.parent_order_id = "P";
    slice.charges.set("total", 3.5);
    slice.round_trip_id = "R";
    slice.acked_at = at_us(3);
    publish(slice, 5);
    publish(position("D", 4, -1.5, 3.5), 6);
    OrderEvent rejected = order("D", "rejected", "O-2");
    rejected.reject_code = "margin";
    rejected.reason = "\xE2\x82\xB9 is short";
    publish(rejected, 7);
    return chain("D");
  }
};

TEST_F(TradeCodecTest, ATradeIsReadBackAsItWasWritten) {
  const TradeSummary trade = full();
  const auto read = decode_trade(encode(trade));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, trade);
  EXPECT_EQ(to_json(*read), to_json(trade));
  EXPECT_EQ(*decode_trade(encode(TradeSummary{})), TradeSummary{});
}

TEST_F(TradeCodecTest, EveryCutAndEveryExtraByteIsAnError) {
  const std::string bytes = encode(full());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string cut = bytes.substr(0, length);  // of its own, so that a sanitizer sees
    const auto read = decode_trade(cut);
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.error().code, "damaged_trade");
  }
  EXPECT_FALSE(decode_trade(bytes + '\0').ok());
}

TEST_F(TradeCodecTest, AnotherVersionIsRefused) {
  std::string bytes = encode(full());
  bytes[0] = 2;
  EXPECT_FALSE(decode_trade(bytes).ok());
}

TEST_F(TradeCodecTest, ChangedBytesNeverDoHarm) {
  const std::string bytes = encode(full());
  std::mt19937 random(5);
  std::size_t sound = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = bytes;
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    const auto read = decode_trade(changed);
    if (!read.ok()) continue;
    ++sound;
    TradeSummary both = *read;
    merge(both, *read);
    EXPECT_FALSE(to_json(both).empty());
  }
  EXPECT_GT(sound, 0U) << "a changed letter of a name is no damage that can be seen";
}

TEST_F(TradeCodecTest, ListsAreReadUpToTheirLimit) {
  TradeSummary trade;
  trade.orders.resize(kMaxTradeOrders);
  EXPECT_TRUE(decode_trade(encode(trade)).ok());
  trade.orders.resize(kMaxTradeOrders + 1);
  EXPECT_FALSE(decode_trade(encode(trade)).ok());
}

TEST_F(TradeCodecTest, QuantitiesAreReadUpToTheirLimit) {
  TradeSummary trade;
  trade.orders.resize(1);
  trade.orders[0].qty = kMaxTradeUnits;
  EXPECT_TRUE(decode_trade(encode(trade)).ok());
  trade.orders[0].qty = kMaxTradeUnits + 1;
  EXPECT_FALSE(decode_trade(encode(trade)).ok());
  trade.orders[0].qty = -kMaxTradeUnits - 1;
  EXPECT_FALSE(decode_trade(encode(trade)).ok());
}

TEST_F(TradeCodecTest, ExtremeNumbersSurvive) {
  TradeSummary trade;
  trade.first_ns = INT64_MIN;
  trade.last_ns = INT64_MAX;
  trade.first_seq = UINT64_MAX;
  trade.decision_price = -1e300;
  trade.decided.stamped = INT64_MIN;
  trade.last_fill_ns = INT64_MAX;
  EXPECT_EQ(*decode_trade(encode(trade)), trade);
  EXPECT_TRUE(figures_of(trade).decision_to_fill_us.has_value());
}

}  // namespace
}  // namespace tapedeck
