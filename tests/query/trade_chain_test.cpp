// Whole chains, published as the engines and as others do, and what is told of them.
#include <gmock/gmock.h>

#include "query/trade_fixture.hpp"

namespace tapedeck {
namespace {

using ::testing::ElementsAre;

using TradeChainTest = TradeFixture;

TEST_F(TradeChainTest, HopsAreExactToTheMicrosecond) {
  decide("D", "BUY", 0);
  publish(order("D", "new"), 1);
  publish(order("D", "submitted"), 13);
  publish(order("D", "acknowledged"), 25'013);
  publish(order("D", "open"), 25'014);
  publish(fill("D", "partially_filled", 4, 100, 4, 100), 30'000);
  publish(fill("D", "filled", 6, 101, 10, 100.6), 1'030'001);
  const TradeFigures hops = figures("D");
  EXPECT_EQ(hops.decision_to_sent_us, 13);
  EXPECT_EQ(hops.sent_to_ack_us, 25'000);
  EXPECT_EQ(hops.ack_to_first_fill_us, 4'987);
  EXPECT_EQ(hops.first_to_last_fill_us, 1'000'001);
  EXPECT_EQ(hops.decision_to_fill_us, 1'030'001);
}

TEST_F(TradeChainTest, StampsOfTheOrderBeatTheTimesOfEvents) {
  decide("D", "BUY", 0);
  publish(order("D", "submitted"), 500);
  OrderEvent filled = fill("D", "filled", 10, 100, 10, 100);
  filled.decided_at = at_us(-7);
  filled.sent_at = at_us(3);
  filled.acked_at = at_us(8);
  filled.filled_at = at_us(20);
  publish(filled, 900);
  const TradeFigures hops = figures("D");
  EXPECT_EQ(hops.decision_to_sent_us, 10);
  EXPECT_EQ(hops.sent_to_ack_us, 5);
  EXPECT_EQ(hops.ack_to_first_fill_us, 12);
  EXPECT_EQ(hops.first_to_last_fill_us, 0);
  EXPECT_EQ(hops.decision_to_fill_us, 27);
}

TEST_F(TradeChainTest, MissingStampsAreNullAndNegativeHopsStayNegative) {
  OrderEvent filled = fill("D", "filled", 10, 100, 10, 100);
  filled.acked_at = at_us(50);
  filled.filled_at = at_us(20);  // another clock
  publish(filled, 60);
  const TradeFigures hops = figures("D");
  EXPECT_FALSE(hops.decision_to_sent_us.has_value());
  EXPECT_FALSE(hops.sent_to_ack_us.has_value());
  EXPECT_EQ(hops.ack_to_first_fill_us, -30);
  EXPECT_FALSE(hops.decision_to_fill_us.has_value());
}

TEST_F(TradeChainTest, NanosecondsAreCutBeforeTheyAreSubtracted) {
  OrderEvent created = order("D", "new");
  bus_->publish(created, at_us(0) + std::chrono::nanoseconds(999), execution_);
  bus_->publish(order("D", "submitted"), at_us(2) + std::chrono::nanoseconds(1), execution_);
  EXPECT_EQ(figures("D").decision_to_sent_us, 2);
}

TEST_F(TradeChainTest, PartialFillsAddUpAndTheAverageIsWeighted) {
  publish(order("D", "new"), 0);
  publish(fill("D", "partially_filled", 4, 100, 4, 100), 1);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::working);
  EXPECT_EQ(figures("D").filled_qty, 4);
  publish(fill("D", "filled", 6, 101, 10, 100.6), 2);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::filled);
  EXPECT_EQ(figures("D").filled_qty, 10);
  EXPECT_EQ(figures("D").avg_price, 100.6);
}

TEST_F(TradeChainTest, FillsWithoutTotalsAreAddedUpAndARepeatedOneCountsOnce) {
  OrderEvent part = order("D", "partially_filled");
  part.fill_id = "F1";
  part.fill_qty = 4;
  part.fill_price = 100;
  publish(part, 0);
  publish(part, 1);
  part.fill_id = "F2";
  part.fill_qty = 6;
  part.fill_price = 110;
  part.status = "COMPLETE";
  publish(part, 2);
  EXPECT_EQ(figures("D").filled_qty, 10);
  EXPECT_EQ(figures("D").avg_price, 106.0);
}

TEST_F(TradeChainTest, CancelledWithAPartIsPartiallyFilledAndWithoutOneCancelled) {
  publish(fill("D1", "partially_filled", 4, 100, 4, 100), 0);
  publish(order("D1", "cancelled"), 1);
  OrderEvent cancelled = order("D2", "CANCELED", "O-2");
  cancelled.reason = "kill switch";
  publish(cancelled, 2);
  publish(order("D3", "expired", "O-3"), 3);
  publish(order("D4", "error", "O-4"), 4);
  EXPECT_EQ(figures("D1").outcome, TradeOutcome::partially_filled);
  EXPECT_EQ(figures("D1").filled_qty, 4);
  EXPECT_TRUE(figures("D1").complete);
  EXPECT_EQ(figures("D2").outcome, TradeOutcome::cancelled);
  EXPECT_EQ(chain("D2").orders.at(0).reason, "kill switch");
  EXPECT_EQ(figures("D3").outcome, TradeOutcome::expired);
  EXPECT_EQ(figures("D4").outcome, TradeOutcome::error);
}

TEST_F(TradeChainTest, ARejectKeepsItsCodeAndReasonAndHasNoProfit) {
  decide("D", "BUY", 0);
  publish(order("D", "new"), 1);
  OrderEvent rejected = order("D", "rejected");
  rejected.reject_code = "margin";
  rejected.reason = "needs 10, has 5";
  publish(rejected, 2);
  const TradeSummary trade = chain("D");
  EXPECT_EQ(outcome_of(trade), TradeOutcome::rejected);
  EXPECT_EQ(trade.orders.at(0).reject_code, "margin");
  EXPECT_EQ(trade.orders.at(0).reason, "needs 10, has 5");
  EXPECT_EQ(trade.reason, "because");
  EXPECT_FALSE(figures_of(trade).realized_pnl.has_value());
  EXPECT_EQ(figures_of(trade).filled_qty, 0);
}

TEST_F(TradeChainTest, AnOrderSentAgainAfterARejectWantsItsQuantityOnce) {
  publish(order("D", "rejected", "O-1"), 0);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::rejected);
  publish(fill("D", "filled", 10, 100, 10, 100, "O-2"), 1);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::filled);
  EXPECT_EQ(figures("D").qty, 10);
}

TEST_F(TradeChainTest, AVetoSaysByWhomAndWhatWasWanted) {
  veto("D", "SELL", 0);
  const TradeSummary trade = chain("D");
  EXPECT_EQ(outcome_of(trade), TradeOutcome::vetoed);
  EXPECT_TRUE(is_complete(trade));
  EXPECT_EQ(trade.veto_by, "limits");
  EXPECT_EQ(trade.veto_code, "max_positions");
  EXPECT_EQ(trade.veto_reason, "too much already");
  EXPECT_EQ(trade.reason, "crossed");
  EXPECT_EQ(figures_of(trade).side, TradeSide::sell);
  EXPECT_EQ(trade.symbol, "INFY");
}

TEST_F(TradeChainTest, HoldsAndVetoesOfNothingAreNoTrades) {
  decide("H", "HOLD", 0);
  veto("V", "", 1);
  veto("W", "HOLD", 2);
  publish(SignalEvent{.symbol = "A", .strategy_name = "m", .signal = "HOLD", .correlation_id = "S"},
          3);
  publish(order("", "new"), 4);  // without a correlation_id
  EXPECT_EQ(track().size(), 0U);
}

TEST_F(TradeChainTest, ADecisionWithoutAnOrderIsSignalledAndNotComplete) {
  decide("D", "BUY", 0);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::signalled);
  EXPECT_FALSE(figures("D").complete);
  EXPECT_FALSE(figures("D").qty.has_value());
}

TEST_F(TradeChainTest, APositionThatMovedWithoutAnOrderSeenWasFilled) {
  decide("D", "BUY", 0);
  publish(position("D", 10, 0, 0), 1);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::filled);
  EXPECT_FALSE(figures("D").realized_pnl.has_value());
}

TEST_F(TradeChainTest, UnknownIsSaidUntilTheBrokerTellsOfTheFill) {
  publish(order("D", "submitted"), 0);
  publish(order("D", "unknown"), 5'000'000);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::unknown);
  EXPECT_FALSE(figures("D").complete);
  publish(fill("D", "filled", 10, 100, 10, 100), 6'000'000);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::filled);
}

TEST_F(TradeChainTest, SlicesAndTheirParentCountOnce) {
  decide("D", "BUY", 0);
  publish(order("D", "new", "P", "BUY", 30), 1);
  std::int64_t us = 2;
  for (const char* id : {"P1", "P2", "P3"}) {
    OrderEvent slice = order("D", "new", id);
    slice.parent_order_id = "P";
    slice.slice_no = us - 1;
    slice.slice_count = 3;
    publish(slice, us++);
  }
  double realized = 0, price = 100;
  for (const char* id : {"P1", "P2", "P3"}) {
    OrderEvent slice = fill("D", "filled", 10, price, 10, price, id);
    slice.parent_order_id = "P";
    slice.charges.set("total", 5.0);
    publish(slice, us++);
    publish(position("D", static_cast<std::int64_t>(price - 99) * 10, realized, 5 * (price - 99)),
            us);
    OrderEvent parent = order("D", price < 102 ? "partially_filled" : "filled", "P", "BUY", 30);
    parent.filled_qty = static_cast<std::int64_t>(price - 99) * 10;
    parent.avg_price = 100 + (price - 100) / 2;
    parent.slice_count = 3;
    publish(parent, us++);
    price += 1;
  }
  const TradeFigures sliced = figures("D");
  EXPECT_EQ(sliced.outcome, TradeOutcome::filled);
  EXPECT_EQ(sliced.qty, 30);
  EXPECT_EQ(sliced.filled_qty, 30);
  EXPECT_EQ(sliced.avg_price, 101.0);
  EXPECT_EQ(sliced.charges, 15.0);
  EXPECT_EQ(sliced.realized_pnl, 0.0);
  EXPECT_EQ(chain("D").orders.size(), 4U);
}

TEST_F(TradeChainTest, ASliceThatWasRejectedLeavesThePartThatWasNot) {
  publish(order("D", "new", "P", "BUY", 20), 0);
  OrderEvent good = fill("D", "filled", 10, 100, 10, 100, "P1");
  good.parent_order_id = "P";
  publish(good, 1);
  OrderEvent bad = order("D", "rejected", "P2");
  bad.parent_order_id = "P";
  publish(bad, 2);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::working) << "the parent may send more";
  OrderEvent parent = order("D", "cancelled", "P", "BUY", 20);
  parent.filled_qty = 10;
  publish(parent, 3);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::partially_filled);
  EXPECT_EQ(figures("D").qty, 20);
  EXPECT_EQ(figures("D").filled_qty, 10);
}

TEST_F(TradeChainTest, SlicesWhoseParentWasNotSeenStandForThemselves) {
  for (const char* id : {"P1", "P2"}) {
    OrderEvent slice = fill("D", "filled", 10, 100, 10, 100, id);
    slice.parent_order_id = "P";
    publish(slice, 1);
  }
  EXPECT_EQ(figures("D").outcome, TradeOutcome::filled);
  EXPECT_EQ(figures("D").qty, 20);
}

TEST_F(TradeChainTest, ParentsInACircleEndAllTheSame) {
  OrderEvent one = order("D", "open", "A"), two = order("D", "open", "B");
  one.parent_order_id = "B";
  two.parent_order_id = "A";
  publish(one, 0);
  publish(two, 1);
  EXPECT_FALSE(figures("D").complete);
}

TEST_F(TradeChainTest, LegsOfDifferentSidesHaveNoPriceOfTheWhole) {
  publish(fill("D", "filled", 10, 100, 10, 100, "L1", "BUY"), 0);
  OrderEvent leg = fill("D", "open", 0, 50, 0, 50, "L2", "SELL");
  leg.symbol = "TCS";
  publish(leg, 1);
  EXPECT_EQ(figures("D").outcome, TradeOutcome::working);
  EXPECT_TRUE(figures("D").multi_leg);
  EXPECT_EQ(figures("D").side, TradeSide::none);
  EXPECT_FALSE(figures("D").avg_price.has_value());
  EXPECT_EQ(figures("D").filled_qty, 10);
}

TEST_F(TradeChainTest, ForeignWordsAreUnderstoodInAnyCase) {
  const std::pair<const char*, TradeOutcome> words[] = {
      {"COMPLETE", TradeOutcome::filled},         {"complete", TradeOutcome::filled},
      {"Executed", TradeOutcome::filled},         {"CANCELLED", TradeOutcome::cancelled},
      {"Canceled", TradeOutcome::cancelled},      {"REJECTED", TradeOutcome::rejected},
      {"lapsed", TradeOutcome::expired},          {"FAILED", TradeOutcome::error},
      {"TRIGGER PENDING", TradeOutcome::working}, {"put order req received", TradeOutcome::working},
      {"cancel-pending", TradeOutcome::working},  {"SOMETHING ELSE", TradeOutcome::working},
      {"UNKNOWN", TradeOutcome::unknown},
  };
  int n = 0;
  for (const auto& [word, outcome] : words) {
    const std::string id = "D" + std::to_string(n++);
    OrderEvent event = order(id, word, "O-" + id, "buy");
    event.price = 19'755.0;
    const std::string order_id = "O-" + id;
    event.order_id = order_id;
    publish(event, n);
    EXPECT_EQ(figures(id).outcome, outcome) << word;
    EXPECT_EQ(figures(id).side, TradeSide::buy);
    if (outcome != TradeOutcome::filled) continue;
    // As in the document's example: "filled" with a price and no quantity filled.
    EXPECT_EQ(figures(id).filled_qty, 10) << word;
    EXPECT_EQ(figures(id).avg_price, 19'755.0) << word;
  }
}

TEST_F(TradeChainTest, EventsOutOfOrderMoveNothingBack) {
  publish(fill("D", "filled", 10, 100, 10, 100), 30);
  OrderEvent late = order("D", "acknowledged");
  late.filled_qty = 0;
  publish(late, 20);
  publish(order("D", "submitted"), 10);
  publish(order("D", "cancelled"), 40);
  decide("D", "BUY", 0);
  const TradeFigures late_news = figures("D");
  EXPECT_EQ(late_news.outcome, TradeOutcome::filled);
  EXPECT_EQ(late_news.filled_qty, 10);
  EXPECT_EQ(late_news.decision_to_sent_us, 10);
  EXPECT_EQ(late_news.sent_to_ack_us, 10);
  EXPECT_EQ(chain("D").decided_ns(), to_ns(at_us(0)));
}

TEST_F(TradeChainTest, AFillAfterTheEndIsBelievedAndASurpriseReopens) {
  publish(order("D1", "cancelled"), 1);
  publish(fill("D1", "filled", 10, 100, 10, 100), 2);
  EXPECT_EQ(figures("D1").outcome, TradeOutcome::filled);
  publish(order("D2", "rejected", "O-2"), 1);
  publish(order("D2", "open", "O-2"), 2);
  EXPECT_EQ(figures("D2").outcome, TradeOutcome::rejected);
  OrderEvent surprise = order("D2", "open", "O-2");
  surprise.extra.set("surprise", true);
  publish(surprise, 3);
  EXPECT_EQ(figures("D2").outcome, TradeOutcome::working);
}

TEST_F(TradeChainTest, TheChainNamesEveryEngineAndHostInIt) {
  decide("D", "BUY", 0);
  publish(order("D", "new"), 1);
  const TradeSummary trade = chain("D");
  EXPECT_THAT(trade.engine_ids, ElementsAre("paper-strategy", "paper-execution"));
  EXPECT_THAT(trade.hosts, ElementsAre("a1", "a2"));
  EXPECT_EQ(trade.account, "acc");
  EXPECT_EQ(trade.mode, "paper");
  EXPECT_EQ(trade.run_id, "run");
  EXPECT_EQ(trade.first_id, "abc-1");
  EXPECT_EQ(trade.last_id, "abc-2");
  EXPECT_EQ(trade.events, 2U);
}

TEST_F(TradeChainTest, TextIsPlainWhateverItIsSpelledLikeInTheLog) {
  decide("D\"1\\", "BUY", 0);
  OrderEvent event = order("D\"1\\", "open", "O\n1");
  publish(event, 1);
  const TradeSummary trade = chain("D\"1\\");
  EXPECT_EQ(trade.correlation_id, "D\"1\\");
  EXPECT_EQ(trade.orders.at(0).order_id, "O\n1");
}

TEST_F(TradeChainTest, LongReasonsAreCutBetweenCharacters) {
  OrderEvent rejected = order("D", "rejected");
  std::string reason(kMaxTradeText - 1, 'x');
  reason += "\xE2\x82\xB9";  // a rupee sign across the edge
  rejected.reason = reason;
  publish(rejected, 0);
  EXPECT_EQ(chain("D").orders.at(0).reason, std::string(kMaxTradeText - 1, 'x'));
  reason.assign(kMaxTradeText, 'y');
  publish(rejected, 1);
  EXPECT_EQ(chain("D").orders.at(0).reason, reason);
}

TEST_F(TradeChainTest, AChainKeepsSoManyOrdersAndSaysWhenItLeftSomeOut) {
  for (std::size_t i = 0; i < kMaxTradeOrders; ++i) {
    const std::string id = "O-" + std::to_string(i);
    publish(fill("D", "filled", 10, 100, 10, 100, id), static_cast<std::int64_t>(i));
  }
  EXPECT_FALSE(chain("D").truncated);
  publish(order("D", "open", "one too many"), 9999);
  EXPECT_TRUE(chain("D").truncated);
  EXPECT_EQ(chain("D").orders.size(), kMaxTradeOrders);
  EXPECT_EQ(figures("D").filled_qty, static_cast<std::int64_t>(kMaxTradeOrders) * 10);
}

}  // namespace
}  // namespace tapedeck
