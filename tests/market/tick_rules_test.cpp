// What the engine does with ticks that are wrong: every rule, its edge and its count.
#include <cmath>
#include <limits>

#include "market/market_data_fixture.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TickRules : public MarketDataFixture {
 protected:
  TickRules() {
    options_.timeframes = {timeframe("1m")};
    engine().start(at_ist(9, 14));
  }
  MarketDataCounts counts() { return engine().counts(); }
  Candle minute() {
    engine().advance_to(at_ist(9, 16));
    return closed_.empty() ? Candle{} : closed_.back();
  }
};

TEST_F(TickRules, PricesThatAreNoneCountAsZeroTicks) {
  tick(at_ist(9, 15, 1), 100);
  for (const double price : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(tick(at_ist(9, 15, 2), price));
  }
  EXPECT_EQ(counts().zero_ticks, 4U);
  EXPECT_EQ(counts().bad_ticks, 4U);
  EXPECT_EQ(minute().low, 100);
}

TEST_F(TickRules, WhatIsBeyondALimitIsAbsurd) {
  options_.max_price = 1000;
  options_.max_quantity = 50;
  options_.max_jump_pct = 0;
  restart();
  engine().start(at_ist(9, 14));
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 1000, 50)) << "at the limits";
  EXPECT_FALSE(tick(at_ist(9, 15, 2), 1000.05, 1));
  EXPECT_FALSE(tick(at_ist(9, 15, 2), 1000, 51));
  EXPECT_FALSE(tick(at_ist(9, 15, 2), 1000, -1));
  for (const Timestamp at : {Timestamp::min(), Timestamp{}, Timestamp::max()}) {
    EXPECT_FALSE(engine().on_tick({.at = at, .symbol = "INFY", .price = 1000}));
  }
  EXPECT_EQ(counts().absurd_ticks, 6U);
  EXPECT_EQ(counts().bad_ticks, 6U);
  EXPECT_EQ(minute().volume, 50);
}

TEST_F(TickRules, ALonePriceFarFromTheLastIsLeftOut) {
  tick(at_ist(9, 15, 1), 100);
  EXPECT_FALSE(tick(at_ist(9, 15, 2), 125.05));
  EXPECT_FALSE(tick(at_ist(9, 15, 3), 79.95)) << "down by the same factor";
  EXPECT_TRUE(tick(at_ist(9, 15, 4), 125.0)) << "at the limit";
  EXPECT_TRUE(tick(at_ist(9, 15, 5), 100.0)) << "and back";
  EXPECT_EQ(counts().absurd_ticks, 2U);
  EXPECT_EQ(counts().confirmed_jumps, 0U);
  EXPECT_EQ(minute().high, 125);
  EXPECT_EQ(minute().low, 100);
}

TEST_F(TickRules, AJumpThatThreeTicksAgreeOnIsRealAndLosesNothing) {
  tick(at_ist(9, 15, 1), 1000, 10);
  EXPECT_FALSE(tick(at_ist(9, 15, 2), 200, 1)) << "a split of one into five";
  EXPECT_FALSE(tick(at_ist(9, 15, 3), 201, 2));
  EXPECT_TRUE(tick(at_ist(9, 15, 4), 202, 4));
  EXPECT_TRUE(tick(at_ist(9, 15, 5), 203, 8));
  EXPECT_EQ(counts().confirmed_jumps, 1U);
  EXPECT_EQ(counts().absurd_ticks, 2U);
  EXPECT_EQ(minute().volume, 25) << "the held ticks count too";
  EXPECT_EQ(minute().low, 200);
  EXPECT_EQ(minute().close, 203);
}

TEST_F(TickRules, FarPricesThatDisagreeConfirmNothing) {
  tick(at_ist(9, 15, 1), 1000);
  for (const double price : {200.0, 5000.0, 200.0, 5000.0, 200.0}) {
    EXPECT_FALSE(tick(at_ist(9, 15, 2), price));
  }
  EXPECT_EQ(counts().absurd_ticks, 5U);
  EXPECT_EQ(minute().low, 1000);
}

TEST_F(TickRules, HeldTicksOfAClosedCandleAreLate) {
  tick(at_ist(9, 15, 1), 1000, 10);
  tick(at_ist(9, 15, 58), 200, 1);
  tick(at_ist(9, 15, 59), 200, 2);
  EXPECT_TRUE(tick(at_ist(9, 16, 1), 200, 4));
  EXPECT_EQ(counts().late_ticks, 2U);
  engine().advance_to(at_ist(9, 17));
  ASSERT_THAT(closed_, SizeIs(2));
  EXPECT_EQ(closed_[0].low, 1000);
  EXPECT_EQ(closed_[1].volume, 4);
}

TEST_F(TickRules, OptionsMayMoveMuchFurther) {
  const char* option = "NIFTY25NOV26000CE";
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 5, 75, option));
  EXPECT_TRUE(tick(at_ist(9, 15, 2), 50, 75, option));
  EXPECT_FALSE(tick(at_ist(9, 15, 3), 500.05, 75, option));
  EXPECT_EQ(counts().absurd_ticks, 1U);
}

TEST_F(TickRules, TheFirstTickOfASymbolHasNothingToBeComparedWith) {
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 1e6));
}

TEST_F(TickRules, PreOpenSpikesAreNoReference) {
  EXPECT_FALSE(tick(at_ist(9, 7), 500));
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 100));
  EXPECT_EQ(counts().out_of_session_ticks, 1U);
  EXPECT_EQ(counts().absurd_ticks, 0U);
}

TEST_F(TickRules, ACrossedQuoteIsCountedAndItsTradeUsed) {
  Tick quoted{.at = at_ist(9, 15, 1), .symbol = "INFY", .price = 100, .quantity = 1};
  const auto with = [&](double bid, double ask) {
    quoted.bid = bid;
    quoted.ask = ask;
    quoted.at += 1s;
    EXPECT_TRUE(give(quoted));
    return quoted.has_quote();
  };
  EXPECT_TRUE(with(99.95, 100.05));
  EXPECT_TRUE(with(100, 100)) << "locked is not crossed";
  EXPECT_FALSE(with(100.05, 100));
  EXPECT_FALSE(with(0, 100)) << "one side";
  EXPECT_FALSE(with(100, 0)) << "the other side";
  EXPECT_FALSE(with(100, std::nan("")));
  EXPECT_EQ(counts().crossed_ticks, 1U);
  EXPECT_EQ(minute().volume, 6);
}

TEST_F(TickRules, EqualTradesOfOneMomentAllCount) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(tick(at_ist(9, 15, 1), 100, 5));
  EXPECT_EQ(counts().repeated_ticks, 0U);
  EXPECT_EQ(minute().volume, 15);
}

TEST_F(TickRules, ARepeatWithoutVolumeIsDropped) {
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 100, 0));
  EXPECT_FALSE(tick(at_ist(9, 15, 1), 100, 0));
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 100.05, 0));
  EXPECT_TRUE(tick(at_ist(9, 15, 2), 100.05, 0));
  EXPECT_EQ(counts().repeated_ticks, 1U);
}

TEST_F(TickRules, TheRepeatRuleCanBeSet) {
  for (const auto& [rule, dropped] :
       {std::pair{RepeatRule::keep_all, 0U}, std::pair{RepeatRule::drop_all, 2U}}) {
    options_.repeats = rule;
    restart();
    engine().start(at_ist(9, 14));
    for (const std::int64_t quantity : {5, 5, 0, 0}) tick(at_ist(9, 15, 1), 100, quantity);
    EXPECT_EQ(counts().repeated_ticks, dropped);
  }
}

TEST_F(TickRules, AnOlderTickOfTheOpenCandleIsOutOfOrderNotLate) {
  tick(at_ist(9, 15, 30), 100, 1);
  EXPECT_FALSE(tick(at_ist(9, 15, 20), 101, 2));
  EXPECT_EQ(counts().out_of_order_ticks, 1U);
  EXPECT_EQ(counts().late_ticks, 0U);
  EXPECT_EQ(minute().volume, 3);
  EXPECT_EQ(closed_.back().close, 100);
}

TEST_F(TickRules, ATickOfASessionThatIsOverIsLateAndMakesNoGap) {
  tick(at_ist(15, 29, 50), 100);
  engine().advance_to(at_ist(15, 31));
  EXPECT_FALSE(engine().on_tick({.at = at_ist(15, 29, 55), .symbol = "INFY", .price = 100}));
  engine().advance_to(at_ist(16, 1));
  EXPECT_EQ(counts().late_ticks, 1U);
  EXPECT_EQ(bus_.events("feed_gap").size(), 1U) << "the silence before 15:29:50 only";
}

TEST_F(TickRules, VolumeOfTheDayBecomesWhatEachTickTraded) {
  const auto with = [&](int second, std::int64_t day_volume) {
    give({.at = at_ist(9, 15, second), .symbol = "INFY", .price = 100, .day_volume = day_volume});
    return engine().last_quantity();
  };
  EXPECT_EQ(with(1, 5000), 0) << "the base";
  EXPECT_EQ(with(2, 5100), 100);
  EXPECT_EQ(with(3, 5050), 0) << "a fall";
  EXPECT_EQ(with(4, 5090), 0) << "not yet past the highest";
  EXPECT_EQ(with(5, 5130), 30);
  EXPECT_EQ(counts().volume_falls, 1U);
  EXPECT_EQ(minute().volume, 130);
}

TEST_F(TickRules, TheVolumeOfThePreOpenIsTheBaseOfTheDay) {
  Tick sample{.at = at_ist(9, 7), .symbol = "INFY", .price = 100, .day_volume = 700};
  give(sample);
  sample.at = at_ist(9, 15, 1);
  sample.day_volume = 1000;
  give(sample);
  EXPECT_EQ(minute().volume, 300);
}

TEST_F(TickRules, AnAbsurdVolumeOfTheDayIsForgotten) {
  Tick sample{.at = at_ist(9, 15, 1), .symbol = "INFY", .price = 100};
  for (const std::int64_t volume :
       {std::int64_t{1000}, std::int64_t{-5}, std::numeric_limits<std::int64_t>::max(),
        std::int64_t{200'000'000'000}, std::int64_t{1010}}) {
    sample.day_volume = volume;
    sample.at += 1s;
    give(sample);
  }
  EXPECT_EQ(counts().absurd_ticks, 3U);
  EXPECT_EQ(minute().volume, 10);
}

TEST_F(TickRules, TicksOfASymbolFedWithCandlesAreMixed) {
  candle(at_ist(9, 15), 100);
  EXPECT_FALSE(tick(at_ist(9, 16, 1), 100));
  EXPECT_EQ(counts().mixed_ticks, 1U);
  EXPECT_TRUE(tick(at_ist(9, 16, 2), 100, 1, "TCS"));
  EXPECT_FALSE(candle(at_ist(9, 16), 100, 1, "1m", "TCS"));
  EXPECT_EQ(counts().bad_ticks, 2U);
}

TEST_F(TickRules, CandlesThatCannotBeAreLeftOut) {
  const auto spoiled = [&](const std::function<void(Candle&)>& spoil) {
    Candle one = flat_candle(at_ist(9, 15), 100);
    spoil(one);
    return engine().on_candle(one);
  };
  EXPECT_FALSE(spoiled([](Candle& c) { c.low = 0; }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.high = std::nan(""); }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.high = 99; }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.volume = -1; }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.end = c.start; }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.end = c.start + 2min; }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.start = Timestamp::min(); }));
  EXPECT_FALSE(spoiled([](Candle& c) { c.basis = PriceBasis::adjusted; }));
  EXPECT_TRUE(spoiled([](Candle&) {}));
  EXPECT_EQ(counts().bad_ticks, 8U);
  EXPECT_FALSE(candle(at_ist(9, 15), 100)) << "the same candle again";
  EXPECT_EQ(counts().late_ticks, 1U);
}

TEST_F(TickRules, UnknownSymbolsAndBadRowsOfTheFeedAreCounted) {
  tick(at_ist(9, 15, 1), 100, 1, "NOSUCH");
  FeedStats stats;
  stats.bad_rows = 7;
  stats.volume_falls = 3;
  engine().set_feed_stats(stats);
  EXPECT_EQ(counts().unknown_ticks, 1U);
  EXPECT_EQ(counts().bad_ticks, 7U);
  EXPECT_EQ(counts().volume_falls, 3U);
}

TEST_F(TickRules, EveryCountIsAHealthMetric) {
  engine().advance_to(at_ist(9, 15));
  for (const char* metric :
       {"zero_ticks", "absurd_ticks", "confirmed_jumps", "mixed_ticks", "repeated_ticks",
        "out_of_order_ticks", "crossed_ticks", "unknown_ticks", "out_of_session_ticks",
        "late_ticks", "bad_ticks", "volume_falls", "frozen_symbols", "gaps"}) {
    EXPECT_THAT(last_health(), HasSubstr(std::string("\"") + metric + "\":0"));
  }
}

TEST_F(TickRules, CandlesThatStandStillForTenMinutesAreToldAsFrozen) {
  for (int minute = 15; minute < 24; ++minute) candle(at_ist(9, minute), 100, 0);
  EXPECT_EQ(counts().frozen_symbols, 0U) << "nine minutes";
  candle(at_ist(9, 24), 100, 0);
  EXPECT_EQ(counts().frozen_symbols, 1U);
  candle(at_ist(9, 25), 100, 0);
  candle(at_ist(9, 26), 100, 5);
  EXPECT_EQ(counts().frozen_symbols, 0U);
  const auto told = bus_.payloads("mde_status");
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_THAT(told[0], HasSubstr(R"("status":"frozen")"));
  EXPECT_THAT(told[0], HasSubstr(R"("since":"2025-11-18T03:45:00.000000Z")"));
  EXPECT_THAT(told[1], HasSubstr(R"("status":"moving")"));
}

TEST_F(TickRules, ARunOfFrozenCandlesEndsWithAPauseOrAPrice) {
  for (int minute = 15; minute < 24; ++minute) candle(at_ist(9, minute), 100, 0);
  for (int minute = 24; minute < 30; ++minute) candle(at_ist(9, minute), 101, 0);
  for (int minute = 31; minute < 38; ++minute) candle(at_ist(9, minute), 101, 0);
  EXPECT_THAT(bus_.payloads("mde_status"), IsEmpty());
}

TEST_F(TickRules, TicksThatNeverMoveAreFrozenToo) {
  for (int second = 0; second <= 600; second += 10) {
    tick(at_ist(9, 15) + std::chrono::seconds{second}, 100, 0);
  }
  EXPECT_EQ(counts().frozen_symbols, 1U);
}

TEST_F(TickRules, DataOfADayWithoutASessionIsToldOnceADay) {
  const IstDate sunday = make_date(2025, 11, 23);
  for (const IstDate date : {sunday, sunday, sunday - std::chrono::days{1}}) {
    engine().on_tick({.at = ist_moment(date, 10h), .symbol = "INFY", .price = 100});
  }
  engine().on_tick({.at = at_ist(8, 0), .symbol = "INFY", .price = 100});
  EXPECT_EQ(counts().out_of_session_ticks, 4U);
  EXPECT_THAT(bus_.payloads("mde_status"),
              ElementsAre(HasSubstr(R"("date":"2025-11-23")"), HasSubstr("2025-11-22")));
}

}  // namespace
}  // namespace tapedeck::market
