#include "tapedeck/market/market_data_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class MarketDataEngineTest : public testing::Test {
 protected:
  MarketDataEngineTest() {
    instruments_.add(infer_instrument("INFY", make_date(2025, 11, 18)));
    instruments_.add(infer_instrument("TCS", make_date(2025, 11, 18)));
  }

  MarketDataEngine& engine() {
    if (!engine_) {
      MarketDataOptions options;
      options.timeframes = {*Timeframe::parse("1m"), *Timeframe::parse("5m")};
      engine_ = std::make_unique<MarketDataEngine>(
          bus_.publisher(), calendar_, instruments_, options,
          [this](const Candle& candle) { closed_.push_back(candle); });
    }
    return *engine_;
  }
  /// A tick as the runner hands it over: first the clock, then the tick.
  bool tick(Timestamp at, double price, std::int64_t quantity = 1, const char* symbol = "INFY") {
    engine().advance_to(at);
    return engine().on_tick({at, symbol, price, quantity});
  }
  std::string last_health() { return bus_.payloads("engine_health").back(); }

  test::TestBus bus_;
  TradingCalendar calendar_;
  InstrumentTable instruments_;
  std::vector<Candle> closed_;
  std::unique_ptr<MarketDataEngine> engine_;
};

TEST_F(MarketDataEngineTest, BuildsCandlesAlignedToTheSession) {
  engine().start(at_ist(9, 14));
  tick(at_ist(9, 15, 10), 100, 5);
  tick(at_ist(9, 15, 20), 103, 5);
  tick(at_ist(9, 15, 30), 99, 5);
  tick(at_ist(9, 15, 59, 999), 101, 5);
  tick(at_ist(9, 16), 102, 7);
  ASSERT_THAT(closed_, SizeIs(1));
  const Candle& candle = closed_[0];
  EXPECT_EQ(candle.start, at_ist(9, 15));
  EXPECT_EQ(candle.open, 100);
  EXPECT_EQ(candle.high, 103);
  EXPECT_EQ(candle.low, 99);
  EXPECT_EQ(candle.close, 101);
  EXPECT_EQ(candle.volume, 20);
  const auto events = bus_.events("candle_event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].timestamp, at_ist(9, 16));
  EXPECT_THAT(events[0].payload, HasSubstr(R"("symbol":"INFY","timeframe":"1m")"));
}

TEST_F(MarketDataEngineTest, ClosesACandleByTheClockWithoutATick) {
  engine().start(at_ist(9, 14));
  tick(at_ist(9, 15, 10), 100);
  engine().advance_to(at_ist(9, 20));
  ASSERT_THAT(closed_, SizeIs(2));
  EXPECT_EQ(closed_[0].timeframe.name(), "1m");
  EXPECT_EQ(closed_[1].timeframe.name(), "5m");
  EXPECT_EQ(closed_[1].end, at_ist(9, 20));
}

TEST_F(MarketDataEngineTest, KeepsPreOpenPricesOutOfCandles) {
  engine().start(at_ist(9, 0));
  EXPECT_FALSE(tick(at_ist(9, 7), 500));
  EXPECT_TRUE(tick(at_ist(9, 15, 1), 100));
  engine().advance_to(at_ist(9, 16));
  ASSERT_THAT(closed_, SizeIs(1));
  EXPECT_EQ(closed_[0].high, 100);
  EXPECT_EQ(engine().counts().out_of_session_ticks, 1U);
}

TEST_F(MarketDataEngineTest, CountsALateTickAndLeavesItOut) {
  engine().start(at_ist(9, 14));
  tick(at_ist(9, 15, 10), 100);
  tick(at_ist(9, 16, 10), 100);
  EXPECT_FALSE(engine().on_tick({at_ist(9, 15, 59), "INFY", 900, 1}));
  engine().advance_to(at_ist(9, 20));
  EXPECT_EQ(engine().counts().late_ticks, 1U);
  for (const Candle& candle : closed_) EXPECT_EQ(candle.high, 100);
}

TEST_F(MarketDataEngineTest, AnOlderTickOfTheOpenCandleWidensItButIsNotItsClose) {
  engine().start(at_ist(9, 14));
  tick(at_ist(9, 15, 30), 100);
  EXPECT_FALSE(engine().on_tick({at_ist(9, 15, 20), "INFY", 120, 1}));
  engine().advance_to(at_ist(9, 16));
  ASSERT_THAT(closed_, SizeIs(1));
  EXPECT_EQ(closed_[0].high, 120);
  EXPECT_EQ(closed_[0].close, 100);
}

TEST_F(MarketDataEngineTest, TellsAGapWhenTheNextTickComes) {
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 16), 100);
  tick(at_ist(9, 17), 100);
  EXPECT_THAT(bus_.events("feed_gap"), IsEmpty()) << "exactly the threshold is no gap";
  tick(at_ist(9, 20), 100);
  const auto gaps = bus_.payloads("feed_gap");
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_THAT(gaps[0], HasSubstr(R"("from":"2025-11-18T03:47:00.000000Z")"));
  EXPECT_THAT(gaps[0], HasSubstr(R"("to":"2025-11-18T03:50:00.000000Z")"));
}

TEST_F(MarketDataEngineTest, TellsAGapAtTheEndOfTheSession) {
  engine().start(at_ist(15, 0));
  tick(at_ist(15, 1), 100);
  engine().advance_to(at_ist(15, 31));
  const auto gaps = bus_.events("feed_gap");
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].timestamp, at_ist(15, 30));
}

TEST_F(MarketDataEngineTest, TellsAnUnknownSymbolOnce) {
  engine().start(at_ist(9, 15));
  EXPECT_FALSE(engine().watch({}, "NOSUCH"));
  tick(at_ist(9, 15, 1), 10, 1, "NOSUCH");
  tick(at_ist(9, 15, 2), 10, 1, "NOSUCH");
  EXPECT_THAT(bus_.payloads("mde_lookup_failure"),
              ElementsAre(R"({"symbol":"NOSUCH","exchange_tried":"NSE,NFO,BSE,BFO"})"));
}

TEST_F(MarketDataEngineTest, TellsTheSetOfStaleSymbolsOnlyWhenItChanges) {
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 16), 100, 1, "INFY");
  tick(at_ist(9, 16), 100, 1, "TCS");
  for (int minute = 17; minute < 59; ++minute) tick(at_ist(9, minute), 100, 1, "TCS");
  for (int minute = 0; minute < 40; ++minute) tick(at_ist(10, minute), 100, 1, "TCS");
  const auto stale = bus_.events("mde_stale_symbols");
  ASSERT_THAT(stale, SizeIs(1));
  EXPECT_THAT(stale[0].payload, HasSubstr(R"({"count":1,"symbols":[{"symbol":"INFY")"));
  EXPECT_LE(stale[0].timestamp - at_ist(10, 16), 3s);
  tick(at_ist(10, 40), 100, 1, "INFY");
  engine().advance_to(at_ist(10, 41));
  ASSERT_THAT(bus_.events("mde_stale_symbols"), SizeIs(2));
  EXPECT_THAT(bus_.payloads("mde_stale_symbols")[1], HasSubstr(R"({"count":0,"symbols":[])"));
}

TEST_F(MarketDataEngineTest, PublishesHealthEveryThreeSecondsWithAllItsMetrics) {
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 15, 1), 100);
  engine().advance_to(at_ist(9, 15, 9));
  const auto health = bus_.events("engine_health");
  ASSERT_THAT(health, SizeIs(5)) << "starting, active, and three beats";
  EXPECT_THAT(health[0].payload, HasSubstr(R"("status":"starting")"));
  EXPECT_EQ(health[4].timestamp - health[3].timestamp, 3s);
  for (const char* metric :
       {"cached_symbols", "total_candles", "meta_entries", "lookup_failures", "stale_symbols_count",
        "has_kite_client", "ticks_total", "ticks_per_second", "late_ticks", "bad_ticks", "gaps",
        "last_tick_age_ms"}) {
    EXPECT_THAT(health[4].payload, HasSubstr(std::string("\"") + metric + "\":"));
  }
}

TEST_F(MarketDataEngineTest, IsDegradedWhileNothingComesAndRecovers) {
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 15, 1), 100);
  engine().advance_to(at_ist(9, 17));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  tick(at_ist(9, 17, 1), 100);
  engine().advance_to(at_ist(9, 17, 4));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

TEST_F(MarketDataEngineTest, AnErrorIsNotHiddenByTheStopAfterIt) {
  engine().start(at_ist(9, 15));
  engine().fail(at_ist(9, 16), "the feed broke");
  engine().stop(at_ist(9, 16));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"error")"));
  EXPECT_THAT(last_health(), HasSubstr("the feed broke"));
}

TEST_F(MarketDataEngineTest, StopTelemetryEndsHealthAndNothingElse) {
  engine().start(at_ist(9, 15));
  engine().stop_telemetry();
  tick(at_ist(9, 15, 1), 100);
  engine().advance_to(at_ist(9, 16));
  EXPECT_THAT(bus_.events("engine_health"), SizeIs(2));
  EXPECT_THAT(bus_.events("candle_event"), SizeIs(1));
}

TEST_F(MarketDataEngineTest, TellsThePhasesOfTheDay) {
  engine().start(at_ist(8, 0));
  engine().watch({}, "INFY");
  engine().advance_to(at_ist(16, 1));
  std::vector<std::string> phases;
  for (const Event& event : bus_.events("session_event")) {
    const auto at = event.payload.find("\"phase\":\"") + 9;
    phases.push_back(event.payload.substr(at, event.payload.find('"', at) - at));
  }
  EXPECT_THAT(phases, ElementsAre("closed", "pre_open", "closed", "continuous", "closed",
                                  "post_close", "closed"));
}

TEST_F(MarketDataEngineTest, PassesCandlesOfTheFeedOnAndAddsThemUp) {
  engine().start(at_ist(9, 15));
  for (int minute = 15; minute < 20; ++minute) {
    Candle candle;
    candle.symbol = "INFY";
    candle.start = at_ist(9, minute);
    candle.end = at_ist(9, minute + 1);
    candle.open = candle.low = candle.close = minute;
    candle.high = minute + 0.5;
    candle.volume = 10;
    engine().advance_to(candle.end);
    EXPECT_TRUE(engine().on_candle(candle));
  }
  ASSERT_THAT(closed_, SizeIs(6));
  EXPECT_EQ(closed_[5].timeframe.name(), "5m");
  EXPECT_EQ(closed_[5].open, 15);
  EXPECT_EQ(closed_[5].high, 19.5);
  EXPECT_EQ(closed_[5].close, 19);
  EXPECT_EQ(closed_[5].volume, 50);
}

TEST_F(MarketDataEngineTest, SaysHowManyCandlesAGapMissed) {
  engine().start(at_ist(9, 15));
  for (const int minute : {15, 30}) {
    Candle candle;
    candle.symbol = "INFY";
    candle.timeframe = *Timeframe::parse("5m");
    candle.start = at_ist(9, minute);
    candle.end = at_ist(9, minute + 5);
    candle.open = candle.high = candle.low = candle.close = 10;
    engine().on_candle(candle);
  }
  ASSERT_THAT(bus_.payloads("feed_gap"), SizeIs(1));
  EXPECT_THAT(bus_.payloads("feed_gap")[0], HasSubstr(R"("missed":2,"timeframe":"5m")"));
}

}  // namespace
}  // namespace tapedeck::market
