// What a chain cost and made: slippage, profit, charges.
#include <limits>

#include "query/trade_fixture.hpp"

namespace tapedeck {
namespace {

using TradeProfitTest = TradeFixture;

TEST_F(TradeProfitTest, BoughtAndSoldAtAProfitIsTwoTradesOfOneRoundTrip) {
  decide("D1", "BUY", 0);
  OrderEvent bought = fill("D1", "filled", 10, 100.5, 10, 100.5);
  bought.round_trip_id = "R1";
  bought.charges.set("brokerage", 20.0).set("gst", 3.6).set("total", 23.6);
  publish(bought, 10);
  publish(position("D1", 10, 0, 23.6), 10);
  decide("D2", "EXIT", 100, 110);
  OrderEvent sold = fill("D2", "filled", 10, 109.9, 10, 109.9, "O-2", "SELL");
  sold.round_trip_id = "R1";
  sold.charges.set("total", 24.1);
  publish(sold, 110);
  publish(position("D2", 0, 94.0, 47.7), 110);

  const TradeFigures entry = figures("D1"), exit = figures("D2");
  EXPECT_EQ(chain("D1").round_trip_id, "R1");
  EXPECT_EQ(chain("D2").round_trip_id, "R1");
  EXPECT_EQ(entry.outcome, TradeOutcome::filled);
  EXPECT_EQ(entry.realized_pnl, 0.0);
  EXPECT_EQ(entry.charges, 23.6);
  EXPECT_EQ(entry.net_pnl, -23.6);
  EXPECT_EQ(exit.side, TradeSide::sell);
  EXPECT_EQ(exit.realized_pnl, 94.0);
  EXPECT_EQ(exit.net_pnl, 69.9);
  EXPECT_TRUE(exit.complete);
}

TEST_F(TradeProfitTest, SlippageIsAboveZeroWhenTheTraderDidWorse) {
  decide("B+", "BUY", 0, 200);
  publish(fill("B+", "filled", 10, 200.5, 10, 200.5), 1);
  decide("B-", "BUY", 10, 200);
  publish(fill("B-", "filled", 10, 199, 10, 199, "O-2"), 11);
  decide("S+", "SELL", 20, 200);
  publish(fill("S+", "filled", 10, 199.5, 10, 199.5, "O-3", "SELL"), 21);
  decide("S-", "SELL", 30, 200);
  publish(fill("S-", "filled", 10, 200.2, 10, 200.2, "O-4", "SELL"), 31);

  EXPECT_EQ(figures("B+").slippage, 0.5);
  EXPECT_EQ(figures("B+").slippage_bps, 25.0);
  EXPECT_EQ(figures("B+").slippage_total, 5.0);
  EXPECT_EQ(figures("B-").slippage, -1.0);
  EXPECT_EQ(figures("S+").slippage, 0.5);
  EXPECT_EQ(figures("S-").slippage, -0.2);
  EXPECT_EQ(figures("S-").slippage_total, -2.0);
}

TEST_F(TradeProfitTest, AnIndexTradedInItsFutureHasNoSlippage) {
  SignalEvent signal{.symbol = "NIFTY", .strategy_name = "m", .signal = "BUY"};
  signal.price = 25'000;
  signal.order_symbol = "INFY";
  signal.order_exchange = "NSE";
  signal.correlation_id = "D";
  publish(signal, 0);
  EXPECT_EQ(chain("D").symbol, "INFY");
  publish(fill("D", "filled", 10, 25'100, 10, 25'100), 1);
  EXPECT_EQ(chain("D").signal_symbol, "NIFTY");
  EXPECT_EQ(figures("D").decision_price, 25'000.0);
  EXPECT_EQ(figures("D").avg_price, 25'100.0);
  EXPECT_FALSE(figures("D").slippage.has_value());
}

TEST_F(TradeProfitTest, ASquareOffWithoutADecisionIsMeasuredFromItsReferencePrice) {
  OrderEvent created = order("SQ1", "new", "O-1", "SELL");
  created.order_type = "MARKET";
  created.price = 101.0;
  publish(created, 0);
  publish(fill("SQ1", "filled", 10, 100.4, 10, 100.4, "O-1", "SELL"), 5);
  EXPECT_EQ(figures("SQ1").decision_price, 101.0);
  EXPECT_EQ(figures("SQ1").slippage, 0.6);
  EXPECT_EQ(figures("SQ1").decision_to_fill_us, 5);
}

TEST_F(TradeProfitTest, ProfitOfAnUnknownPositionIsNullUnlessItOnlyGrew) {
  // The position was carried from before: what it had realised is not known.
  publish(fill("D1", "filled", 10, 100, 10, 100, "O-1", "SELL"), 0);
  publish(position("D1", 0, 500, 40), 1);
  EXPECT_FALSE(figures("D1").realized_pnl.has_value());
  EXPECT_FALSE(figures("D1").charges.has_value());
  publish(fill("D2", "filled", 10, 100, 10, 100, "O-2"), 2);
  publish(position("D2", 10, 500, 45), 3);
  EXPECT_EQ(figures("D2").realized_pnl, 0.0);
  EXPECT_EQ(figures("D2").charges, 5.0) << "the position's, as the order told none";
}

TEST_F(TradeProfitTest, BooksThatBeganAnewAreNotMistakenForALoss) {
  trade("D1", "O-1", "BUY", 100, 10, 0, 5, 5, 0);
  trade("D2", "O-2", "SELL", 110, 0, 100, 10, 5, 10);
  // A restart without saved state: realised begins at 0 again, and the first event was missed.
  trade("D3", "O-3", "BUY", 100, 10, 0, 5, 5, 20);
  trade("D4", "O-4", "SELL", 101, 5, 15, 12, 7, 30);
  EXPECT_EQ(figures("D2").realized_pnl, 100.0);
  EXPECT_EQ(figures("D3").realized_pnl, 0.0);
  EXPECT_FALSE(figures("D4").realized_pnl.has_value()) << "10 - 10 is not 5";
}

TEST_F(TradeProfitTest, AFillThatCrossesZeroRealisesWhatItClosed) {
  trade("D1", "O-1", "BUY", 100, 5, 0, 5, 5, 0);  // 10 bought from -5: what was before is unknown
  EXPECT_FALSE(figures("D1").realized_pnl.has_value());
  trade("D2", "O-2", "SELL", 103, -5, 15, 10, 5, 10);
  EXPECT_EQ(figures("D2").realized_pnl, 15.0);
}

TEST_F(TradeProfitTest, TwoChainsInOnePositionEachGetTheirOwnPart) {
  trade("D1", "O-1", "BUY", 100, 10, 0, 5, 5, 0);
  trade("D2", "O-2", "BUY", 100, 20, 0, 10, 5, 10);
  publish(fill("X", "partially_filled", 4, 101, 4, 101, "O-3", "SELL"), 20);
  publish(position("X", 16, 4, 11), 21);
  publish(fill("Y", "filled", 10, 102, 10, 102, "O-4", "SELL"), 22);
  publish(position("Y", 6, 24, 12), 23);
  publish(fill("X", "filled", 6, 103, 10, 102.2, "O-3", "SELL"), 24);
  publish(position("X", 0, 42, 13), 25);
  EXPECT_EQ(figures("X").realized_pnl, 22.0);
  EXPECT_EQ(figures("X").charges, 2.0);
  EXPECT_EQ(figures("Y").realized_pnl, 20.0);
}

TEST_F(TradeProfitTest, AnAccountsPositionRepeatsWhatItsStrategiesSaid) {
  trade("D1", "O-1", "BUY", 100, 10, 0, 5, 5, 0);
  publish(fill("D2", "filled", 10, 110, 10, 110, "O-2", "SELL"), 10);
  publish(position("D2", 0, 100, 10), 11);
  PositionEvent account = position("D2", 0, 100, 10);
  account.scope = "account";
  publish(account, 12);
  EXPECT_EQ(figures("D2").realized_pnl, 100.0);
}

TEST_F(TradeProfitTest, WhatIsNotGivenInMoneyIsNullAndNeverAnInvention) {
  decide("D", "BUY", 0, std::numeric_limits<double>::quiet_NaN());
  PositionEvent bare = position("D", 0, 0, 0);
  bare.realized_pnl.reset();
  bare.charges.reset();
  publish(order("D", "filled"), 1);
  publish(bare, 2);
  const TradeFigures known = figures("D");
  EXPECT_EQ(known.filled_qty, 10);
  EXPECT_FALSE(known.avg_price.has_value());
  EXPECT_FALSE(known.decision_price.has_value());
  EXPECT_FALSE(known.slippage.has_value());
  EXPECT_FALSE(known.realized_pnl.has_value());
  EXPECT_FALSE(known.net_pnl.has_value());
}

}  // namespace
}  // namespace tapedeck
