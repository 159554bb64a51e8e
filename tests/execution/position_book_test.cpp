#include "execution/position_book.hpp"

#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::execution {
namespace {

using test::at_ist;

class PositionBookTest : public testing::TestWithParam<PnlBasis> {
 protected:
  PositionBook::Outcome fill(std::int64_t qty, double price, double charges = 0) {
    return book_.apply({key_, qty, price, charges, at_ist(10, 0)}, infy_);
  }
  const PositionKey key_{"NSE", "INFY", "MIS", "momentum"};
  market::InstrumentInfo infy_ = market::infer_instrument("INFY", market::make_date(2025, 11, 18));
  PositionBook book_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(BothBases, PositionBookTest,
                         testing::Values(PnlBasis::average, PnlBasis::fifo), [](const auto& basis) {
                           return basis.param == PnlBasis::fifo ? "fifo" : "average";
                         });

TEST_P(PositionBookTest, AveragesTheEntryOfWhatIsHeld) {
  fill(10, 100);
  const auto outcome = fill(30, 104);
  EXPECT_EQ(outcome.position->size, 40);
  EXPECT_EQ(outcome.position->entry_price(), 103);
  EXPECT_FALSE(outcome.trade_pnl);
}

TEST_P(PositionBookTest, RealizesByItsBasisWhenReducing) {
  fill(10, 100);
  fill(30, 104);
  const auto outcome = fill(-10, 105);
  const bool fifo = GetParam() == PnlBasis::fifo;
  EXPECT_EQ(to_rupees(outcome.position->realized), fifo ? 50 : 20);
  EXPECT_EQ(outcome.position->entry_price(), fifo ? 104 : 103);
  EXPECT_EQ(to_rupees(outcome.position->unrealized()), fifo ? 30 : 60);
}

TEST_P(PositionBookTest, ClosesAllTheSameWhateverTheBasis) {
  fill(10, 100.05);
  fill(7, 100.15);
  fill(-5, 101);
  fill(-12, 99.95);
  const Position& position = *book_.find(key_);
  EXPECT_EQ(position.size, 0);
  EXPECT_EQ(position.cost, 0);
  EXPECT_EQ(in_paise(position.realized), 2.85);
}

TEST_P(PositionBookTest, TellsWhatTheRoundTripMadeAfterCharges) {
  fill(10, 100, 3);
  const auto outcome = fill(-10, 110, 4);
  EXPECT_EQ(outcome.position->size, 0);
  EXPECT_EQ(outcome.position->entry_price(), 0);
  ASSERT_TRUE(outcome.trade_pnl);
  EXPECT_EQ(*outcome.trade_pnl, 93);
}

TEST_P(PositionBookTest, MakesMoneyOnAShortThatFalls) {
  fill(-10, 100);
  const auto outcome = fill(10, 90);
  EXPECT_EQ(*outcome.trade_pnl, 100);
}

TEST_P(PositionBookTest, CrossingZeroClosesOneTripAndOpensAnotherWithItsShareOfTheCharges) {
  fill(10, 100, 2);
  const auto outcome = fill(-25, 104, 5);
  EXPECT_EQ(outcome.position->size, -15);
  EXPECT_EQ(outcome.position->entry_price(), 104);
  EXPECT_EQ(*outcome.trade_pnl, 40 - 2 - 2);
  EXPECT_EQ(*fill(15, 100, 1).trade_pnl, 60 - 3 - 1);
}

TEST_P(PositionBookTest, CountsTheDaysProfitFromThePreviousClose) {
  Position* position = fill(10, 100, 7).position;
  position->last_price = 105;
  position->begin_day(market::make_date(2025, 11, 19));
  position->last_price = 107;
  EXPECT_EQ(to_rupees(position->day_pnl()), 20);
  EXPECT_EQ(to_rupees(position->day_net()), 20) << "yesterday's charges are yesterday's";
}

}  // namespace
}  // namespace tapedeck::execution
