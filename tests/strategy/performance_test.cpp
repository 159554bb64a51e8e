#include "strategy/performance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "market/engine_support.hpp"

namespace tapedeck::strategy {
namespace {

using market::make_date;
using test::at_ist;

TEST(TradeStats, HasNoWinRateBeforeTheFirstTrade) {
  TradeStats stats;
  EXPECT_FALSE(stats.win_rate());
}

TEST(TradeStats, CountsWinsLossesAndStreaks) {
  TradeStats stats;
  for (const double pnl : {10.0, 5.0, -3.0, 0.0}) stats.add(pnl);
  EXPECT_EQ(stats.counts().wins, 2);
  EXPECT_EQ(stats.counts().losses, 2);
  EXPECT_EQ(*stats.win_rate(), 0.5);
  EXPECT_EQ(stats.counts().loss_streak, 2);
  EXPECT_EQ(stats.counts().win_streak, 0);
  EXPECT_EQ(stats.counts().realized_pnl, 12);
}

TEST(ProfitCurve, RemembersTheDeepestFallFromAPeak) {
  ProfitCurve curve;
  for (const double pnl : {0.0, 100.0, 40.0, 120.0, 90.0}) curve.add(make_date(2025, 11, 18), pnl);
  EXPECT_EQ(curve.max_drawdown(), 60);
  EXPECT_EQ(curve.current_drawdown(), 30);
}

TEST(ProfitCurve, HasNoDrawdownUntilProfitMoves) {
  ProfitCurve curve;
  curve.add(make_date(2025, 11, 18), 0);
  EXPECT_FALSE(curve.max_drawdown());
  EXPECT_FALSE(curve.current_drawdown());
  curve.add(make_date(2025, 11, 18), 5);
  EXPECT_EQ(curve.max_drawdown(), 0);
}

TEST(ProfitCurve, HasASharpeRatioOnceEnoughSessionsAreFinished) {
  ProfitCurve curve;
  curve.add(make_date(2025, 11, 17), 100);
  curve.add(make_date(2025, 11, 18), 400);
  EXPECT_FALSE(curve.sharpe_ratio(2));
  curve.add(make_date(2025, 11, 19), 400);
  ASSERT_TRUE(curve.sharpe_ratio(2));
  EXPECT_FALSE(curve.sharpe_ratio(3));
  const double deviation = std::sqrt(20'000.0);  // of 100 and 300
  EXPECT_NEAR(*curve.sharpe_ratio(2), 200 / deviation * std::sqrt(252.0), 1e-9);
}

TEST(ProfitCurve, HasNoSharpeRatioWhileAllSessionsAreEqual) {
  ProfitCurve curve;
  for (unsigned day = 1; day <= 9; ++day) curve.add(make_date(2025, 11, day), 0);
  EXPECT_FALSE(curve.sharpe_ratio(2));
}

TEST(IdSource, MakesShortAlphanumericIdsThatDiffer) {
  IdSource ids("replay-1");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    for (const std::string& id :
         {ids.next_decision(at_ist(10, 0)), ids.next_round_trip(at_ist(10, 0))}) {
      EXPECT_LE(id.size(), 20U);
      EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      })) << id;
      EXPECT_TRUE(seen.insert(id).second) << id;
    }
  }
}

TEST(IdSource, GoesOnAfterTheIdsOfBefore) {
  IdSource before("run");
  before.next_decision(at_ist(10, 0));
  IdSource after("run");
  after.restart(before.counters());
  EXPECT_EQ(after.next_decision(at_ist(10, 0)), before.next_decision(at_ist(10, 0)));
}

TEST(IdSource, MakesTheSameIdsInTheSameRun) {
  IdSource one("replay-1");
  IdSource two("replay-1");
  IdSource other("replay-2");
  const std::string id = one.next_decision(at_ist(10, 0));
  EXPECT_EQ(id, two.next_decision(at_ist(10, 0)));
  EXPECT_NE(id, other.next_decision(at_ist(10, 0)));
}

}  // namespace
}  // namespace tapedeck::strategy
