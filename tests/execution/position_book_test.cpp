#include "tapedeck/execution/position_book.hpp"

#include <gtest/gtest.h>

#include "market/engine_support.hpp"
#include "tapedeck/execution/charges.hpp"
#include "tapedeck/execution/order_status.hpp"

namespace tapedeck::execution {
namespace {

using market::make_date;
using strategy::Side;
using test::at_ist;

class PositionBookTest : public testing::Test {
 protected:
  PositionBook::Outcome fill(std::int64_t qty, double price, double charges = 0) {
    return book_.apply({{"INFY", "momentum", "MIS"}, qty, price, charges, at_ist(10, 0)}, infy_);
  }
  market::InstrumentInfo infy_ = market::infer_instrument("INFY", make_date(2025, 11, 18));
  PositionBook book_;
};

TEST_F(PositionBookTest, AveragesTheEntryWhenAdding) {
  fill(10, 100);
  const auto outcome = fill(30, 104);
  EXPECT_EQ(outcome.position->size, 40);
  EXPECT_EQ(outcome.position->entry_price, 103);
  EXPECT_FALSE(outcome.trade_pnl);
}

TEST_F(PositionBookTest, RealizesAgainstTheAverageWhenReducing) {
  fill(40, 100);
  const auto outcome = fill(-10, 105);
  EXPECT_EQ(outcome.position->realized, 50);
  EXPECT_EQ(outcome.position->entry_price, 100);
  EXPECT_EQ(outcome.position->unrealized(), 150);
  EXPECT_FALSE(outcome.trade_pnl);
}

TEST_F(PositionBookTest, TellsWhatTheRoundTripMadeAfterCharges) {
  fill(10, 100, 3);
  const auto outcome = fill(-10, 110, 4);
  EXPECT_EQ(outcome.position->size, 0);
  EXPECT_EQ(outcome.position->entry_price, 0);
  ASSERT_TRUE(outcome.trade_pnl);
  EXPECT_EQ(*outcome.trade_pnl, 93);
}

TEST_F(PositionBookTest, MakesMoneyOnAShortThatFalls) {
  fill(-10, 100);
  const auto outcome = fill(10, 90);
  EXPECT_EQ(*outcome.trade_pnl, 100);
}

TEST_F(PositionBookTest, CrossingZeroClosesOneTripAndOpensAnother) {
  fill(10, 100);
  const auto outcome = fill(-25, 104);
  EXPECT_EQ(outcome.position->size, -15);
  EXPECT_EQ(outcome.position->entry_price, 104);
  EXPECT_EQ(*outcome.trade_pnl, 40);
}

TEST_F(PositionBookTest, CountsTheDaysProfitFromTheSessionsStart) {
  Position* position = fill(10, 100).position;
  position->last_price = 105;
  begin_day(*position, make_date(2025, 11, 19));
  position->last_price = 107;
  EXPECT_EQ(position->day_pnl(), 20);
}

TEST(Charges, FollowTheRatesOfTheDate) {
  market::InstrumentInfo future =
      market::infer_instrument("NIFTY25NOVFUT", make_date(2025, 11, 18));
  const auto stt = [&](market::IstDate date) {
    return charges_of(future, Side::sell, 1'000'000, date).stt;
  };
  EXPECT_EQ(stt(make_date(2022, 11, 1)), 100);
  EXPECT_EQ(stt(make_date(2024, 1, 1)), 125);
  EXPECT_EQ(stt(make_date(2025, 11, 18)), 200);
  EXPECT_EQ(stt(make_date(2026, 4, 1)), 500);
}

TEST(Charges, AreItemisedForAShare) {
  const market::InstrumentInfo share = market::infer_instrument("INFY", make_date(2025, 11, 18));
  const Charges buy = charges_of(share, Side::buy, 200'000, make_date(2025, 11, 18));
  EXPECT_EQ(buy.brokerage, 20) << "0.03 % would be 60, the cap is 20";
  EXPECT_EQ(buy.stt, 0);
  EXPECT_DOUBLE_EQ(buy.exchange, 5.94);
  EXPECT_DOUBLE_EQ(buy.stamp, 6);
  EXPECT_DOUBLE_EQ(buy.sebi, 0.2);
  EXPECT_DOUBLE_EQ(buy.gst, 4.71);
  const Charges sell = charges_of(share, Side::sell, 20'000, make_date(2025, 11, 18));
  EXPECT_EQ(sell.brokerage, 6);
  EXPECT_EQ(sell.stt, 5);
  EXPECT_EQ(sell.stamp, 0);
}

TEST(OrderStatus, FollowsTheLifeOfAnOrder) {
  using enum OrderStatus;
  EXPECT_TRUE(can_follow(created, submitted));
  EXPECT_TRUE(can_follow(submitted, acknowledged));
  EXPECT_TRUE(can_follow(acknowledged, open));
  EXPECT_TRUE(can_follow(open, partially_filled));
  EXPECT_TRUE(can_follow(partially_filled, partially_filled));
  EXPECT_TRUE(can_follow(cancel_pending, filled)) << "the fill was faster";
  EXPECT_TRUE(can_follow(unknown, filled));
  EXPECT_FALSE(can_follow(created, filled));
  EXPECT_FALSE(can_follow(acknowledged, submitted));
}

TEST(OrderStatus, NothingFollowsAnEnd) {
  using enum OrderStatus;
  for (const OrderStatus end : {filled, cancelled, rejected, expired, error}) {
    EXPECT_TRUE(is_final(end)) << to_string(end);
    for (const OrderStatus next : {created, submitted, open, filled, cancelled}) {
      EXPECT_FALSE(can_follow(end, next)) << to_string(end) << " to " << to_string(next);
    }
  }
}

}  // namespace
}  // namespace tapedeck::execution
