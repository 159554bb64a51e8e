#include "market/sim_feed.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "market/engine_support.hpp"

namespace tapedeck::market {
namespace {

const TradingCalendar kCalendar;

SimOptions one_session(std::uint64_t seed = 1) {
  return {seed, make_date(2025, 11, 18), 1};
}

TEST(SimFeed, PlaysTheSameTicksForTheSameSeed) {
  SimFeed one(one_session(), kCalendar);
  SimFeed two(one_session(), kCalendar);
  SimFeed other(one_session(2), kCalendar);
  FeedRecord a;
  FeedRecord b;
  FeedRecord c;
  bool differs = false;
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_EQ(one.next(a), FeedState::record);
    ASSERT_EQ(two.next(b), FeedState::record);
    other.next(c);
    ASSERT_EQ(a.at(), b.at());
    ASSERT_EQ(a.tick.symbol, b.tick.symbol);
    ASSERT_EQ(a.tick.price, b.tick.price);
    ASSERT_EQ(a.tick.quantity, b.tick.quantity);
    differs = differs || a.tick.price != c.tick.price;
  }
  EXPECT_TRUE(differs);
}

TEST(SimFeed, TradesLikeAnExchange) {
  SimFeed feed(one_session(), kCalendar);
  std::map<std::string, int> continuous;
  Timestamp last{};
  FeedRecord record;
  while (feed.next(record) == FeedState::record) {
    const Tick& tick = record.tick;
    ASSERT_GE(tick.at, last);
    last = tick.at;
    const InstrumentInfo* info = feed.instruments().find({}, tick.symbol);
    ASSERT_NE(info, nullptr);
    const double ticks = tick.price / info->tick_size;
    ASSERT_NEAR(ticks, std::round(ticks), 1e-6);
    ASSERT_EQ(tick.quantity % info->lot_size, 0);
    const Phase phase = kCalendar.phase_at(info->group, tick.at);
    ASSERT_NE(phase, Phase::closed);
    if (phase == Phase::continuous) ++continuous[std::string(tick.symbol)];
  }
  EXPECT_EQ(continuous.size(), 9U);
  for (const auto& [symbol, count] : continuous) {
    EXPECT_GT(count, 20'000) << symbol;
    EXPECT_LT(count, 90'000) << symbol;
  }
}

TEST(SimFeed, OrdersTheIndexInItsFuture) {
  SimFeed feed(one_session(), kCalendar);
  const InstrumentInfo* index = feed.instruments().find({}, "NIFTY");
  ASSERT_NE(index, nullptr);
  EXPECT_FALSE(index->tradable);
  const InstrumentInfo* future = feed.instruments().find({}, index->order_symbol);
  ASSERT_NE(future, nullptr);
  EXPECT_EQ(future->symbol, "NIFTY25NOVFUT");
  EXPECT_EQ(future->expiry, "2025-11-25");
  EXPECT_EQ(future->lot_size, 75);
}

TEST(SimFeed, RollsTheFutureAfterItsExpiry) {
  SimFeed feed({1, make_date(2025, 11, 25), 2}, kCalendar);
  EXPECT_NE(feed.instruments().find({}, "NIFTY25NOVFUT"), nullptr);
  FeedRecord record;
  while (feed.next(record) == FeedState::record) {
  }
  EXPECT_EQ(feed.instruments().find({}, "NIFTY25NOVFUT"), nullptr);
  EXPECT_NE(feed.instruments().find({}, "NIFTY25DECFUT"), nullptr);
}

TEST(SimFeed, LeavesOutWeekends) {
  SimFeed feed({1, make_date(2025, 11, 15), 1}, kCalendar);
  FeedRecord record;
  ASSERT_EQ(feed.next(record), FeedState::record);
  EXPECT_EQ(format_date(ist_date(record.at())), "2025-11-17");
}

TEST(SimFeed, HasAHistoryThatEndsBeforeItsFirstSession) {
  SimFeed feed(one_session(), kCalendar);
  const std::array timeframes{*Timeframe::parse("1m"), *Timeframe::parse("5m")};
  const auto history = feed.history(timeframes);
  std::map<std::pair<std::string, int>, int> counts;
  Timestamp last{};
  for (const Candle& candle : history) {
    EXPECT_GE(candle.end, last);
    last = candle.end;
    ++counts[{candle.symbol, candle.timeframe.minutes()}];
  }
  EXPECT_LT(last, ist_moment(make_date(2025, 11, 18), std::chrono::hours{9}));
  EXPECT_GE((counts[{"NIFTY", 1}]), 50);
  EXPECT_GE((counts[{"NIFTY", 5}]), 50);
}

}  // namespace
}  // namespace tapedeck::market
