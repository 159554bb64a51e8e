#include "market/market_data_fixture.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using MarketDataEngineTest = MarketDataFixture;

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
    Candle one = flat_candle(at_ist(9, minute), minute);
    one.high = minute + 0.5;
    engine().advance_to(one.end);
    EXPECT_TRUE(engine().on_candle(one));
  }
  ASSERT_THAT(closed_, SizeIs(6));
  EXPECT_EQ(closed_[5].timeframe.name(), "5m");
  EXPECT_EQ(closed_[5].open, 15);
  EXPECT_EQ(closed_[5].high, 19.5);
  EXPECT_EQ(closed_[5].close, 19);
  EXPECT_EQ(closed_[5].volume, 50);
  EXPECT_EQ(closed_[5].exchange, "NSE");
}

TEST_F(MarketDataEngineTest, SaysHowManyCandlesAGapMissed) {
  engine().start(at_ist(9, 15));
  candle(at_ist(9, 15), 10, 10, "5m");
  candle(at_ist(9, 30), 10, 10, "5m");
  ASSERT_THAT(bus_.payloads("feed_gap"), SizeIs(1));
  EXPECT_THAT(bus_.payloads("feed_gap")[0], HasSubstr(R"("missed":2,"timeframe":"5m")"));
}

TEST_F(MarketDataEngineTest, TakesTheSameSymbolOfTwoExchangesForTwoInstruments) {
  engine().start(at_ist(9, 14));
  Tick tick{.at = at_ist(9, 15, 1), .symbol = "INFY", .price = 1500, .quantity = 5};
  for (const auto& [exchange, price] : {std::pair{"NSE", 1500.0}, {"BSE", 1501.0}, {"", 1502.0}}) {
    tick.exchange = exchange;
    tick.price = price;
    EXPECT_TRUE(give(tick)) << exchange;
  }
  engine().advance_to(at_ist(9, 16));
  ASSERT_THAT(closed_, SizeIs(2));
  EXPECT_EQ(closed_[0].exchange, "NSE");
  EXPECT_EQ(closed_[0].close, 1502) << "no exchange: the table says NSE";
  EXPECT_EQ(closed_[0].volume, 10);
  EXPECT_EQ(closed_[1].exchange, "BSE");
  EXPECT_EQ(closed_[1].close, 1501);
  const auto events = bus_.payloads("candle_event");
  EXPECT_THAT(events[0], HasSubstr(R"("exchange":"NSE")"));
  EXPECT_THAT(events[1], HasSubstr(R"("exchange":"BSE")"));
  const auto sessions = bus_.payloads("session_event");
  EXPECT_THAT(sessions, testing::Contains(HasSubstr(R"("exchange":"BSE","segment":"equity")")));
}

TEST_F(MarketDataEngineTest, TellsAFailedLookUpOncePerExchangeAndNoMoreThanItsLimit) {
  options_.max_lookup_failures = 2;
  engine().start(at_ist(9, 15));
  engine().watch("MCX", "GOLD");
  engine().watch("MCX", "GOLD");
  engine().watch({}, "GOLD");
  engine().watch({}, "SILVER");
  EXPECT_THAT(bus_.payloads("mde_lookup_failure"),
              ElementsAre(R"({"symbol":"GOLD","exchange_tried":"MCX"})",
                          R"({"symbol":"GOLD","exchange_tried":"NSE,NFO,BSE,BFO"})"));
  EXPECT_EQ(engine().counts().lookup_failures, 2U);
}

TEST_F(MarketDataEngineTest, BuildsTheDailyCandleFromTheOpenToTheClose) {
  options_.timeframes = {timeframe("60m"), timeframe("1d")};
  engine().start(at_ist(9, 0));
  tick(at_ist(9, 15, 1), 100, 5);
  tick(at_ist(11, 0), 110, 5);
  tick(at_ist(15, 29, 59), 90, 5);
  engine().advance_to(at_ist(15, 30));
  const auto days = closed_of("1d");
  ASSERT_THAT(days, SizeIs(1));
  EXPECT_EQ(days[0].start, at_ist(9, 15));
  EXPECT_EQ(days[0].end, at_ist(15, 30));
  EXPECT_EQ(days[0].open, 100);
  EXPECT_EQ(days[0].high, 110);
  EXPECT_EQ(days[0].low, 90);
  EXPECT_EQ(days[0].close, 90);
  EXPECT_EQ(days[0].volume, 15);
  EXPECT_EQ(closed_of("60m").back().end - closed_of("60m").back().start, 15min);
}

TEST_F(MarketDataEngineTest, ADayOfTwoPartsHasOneDailyCandle) {
  options_.timeframes = {timeframe("1m"), timeframe("1d")};
  const IstDate drill = make_date(2024, 3, 2);
  const auto at = [&](int hour, int minute) {
    return ist_moment(drill, std::chrono::hours{hour} + std::chrono::minutes{minute});
  };
  engine().start(at(9, 0));
  tick(at(9, 15), 100, 1);
  EXPECT_FALSE(tick(at(10, 30), 500, 1)) << "between the parts";
  tick(at(11, 30), 102, 2);
  tick(at(12, 29), 101, 3);
  engine().advance_to(at(12, 31));
  const auto days = closed_of("1d");
  ASSERT_THAT(days, SizeIs(1));
  EXPECT_EQ(days[0].start, at(9, 15));
  EXPECT_EQ(days[0].end, at(12, 30));
  EXPECT_EQ(days[0].high, 102);
  EXPECT_EQ(days[0].close, 101);
  EXPECT_EQ(days[0].volume, 6);
}

TEST_F(MarketDataEngineTest, ALongCandleClosesThoughItsSourceChangesBetweenTheParts) {
  options_.timeframes = {timeframe("1m"), timeframe("1d")};
  const Timestamp drill = ist_moment(make_date(2024, 3, 2), 0ns);
  engine().start(drill + 9h);
  candle(drill + 9h + 15min, 100, 7);
  tick(drill + 11h + 30min, 101, 2);
  engine().advance_to(drill + 12h + 31min);
  ASSERT_THAT(closed_of("1d"), SizeIs(1));
  EXPECT_EQ(closed_of("1d")[0].volume, 9);
}

TEST_F(MarketDataEngineTest, LongerCandlesAreExactlyWhatTheirTicksMake) {
  options_.timeframes.clear();
  for (const char* name : {"3m", "5m", "15m", "30m"}) {  // 5m is not made of 3m, the others are
    options_.timeframes.push_back(timeframe(name));
  }
  engine().start(at_ist(9, 15));
  std::map<std::pair<std::string, Timestamp>, Candle> expected;
  const PhaseSpan session{Phase::continuous, at_ist(9, 15), at_ist(15, 30)};
  std::uint64_t random = 7;
  for (Timestamp at = session.start; at < session.end; at += 700ms) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const double price = 1000.0 + static_cast<double>(random >> 40 & 0xFF) * 0.05;
    const auto quantity = static_cast<std::int64_t>(random >> 50 & 0xFF);
    tick(at, price, quantity);
    for (const Timeframe each : options_.timeframes) {
      const Timestamp start = session.start + (at - session.start) / each.length() * each.length();
      Candle fresh;
      fresh.open = fresh.high = fresh.low = price;
      auto& made = expected.try_emplace({std::string(each.name()), start}, fresh).first->second;
      made.high = std::max(made.high, price);
      made.low = std::min(made.low, price);
      made.close = price;
      made.volume += quantity;
    }
  }
  engine().advance_to(at_ist(15, 31));
  ASSERT_EQ(closed_.size(), expected.size());
  for (const Candle& made : closed_) {
    const Candle& want = expected.at({std::string(made.timeframe.name()), made.start});
    ASSERT_EQ(made.open, want.open) << made.timeframe.name();
    ASSERT_EQ(made.high, want.high);
    ASSERT_EQ(made.low, want.low);
    ASSERT_EQ(made.close, want.close);
    ASSERT_EQ(made.volume, want.volume);
  }
}

TEST_F(MarketDataEngineTest, ClosesTheCandlesOfManySymbolsAtTheirMoment) {
  std::vector<std::string> symbols;
  for (int i = 0; i < 300; ++i) symbols.push_back("S" + std::to_string(i));
  for (const std::string& symbol : symbols) {
    instruments_.add(infer_instrument(symbol, make_date(2025, 11, 18)));
  }
  engine().start(at_ist(9, 14));
  for (const std::string& symbol : symbols) tick(at_ist(9, 15, 1), 100, 1, symbol.c_str());
  EXPECT_EQ(engine().next_due(), at_ist(9, 15, 3)) << "health; then the candles";
  engine().advance_to(at_ist(9, 16));
  ASSERT_THAT(closed_, SizeIs(300));
  for (const Candle& one : closed_) EXPECT_EQ(one.end, at_ist(9, 16));
  engine().advance_to(at_ist(9, 20));
  EXPECT_THAT(closed_, SizeIs(600)) << "5m, and no empty 1m candles";
}

TEST_F(MarketDataEngineTest, ATickAloneMovesTheCandlesOn) {
  engine().start(at_ist(9, 15));
  engine().on_tick({.at = at_ist(9, 15, 1), .symbol = "INFY", .price = 100, .quantity = 1});
  engine().on_tick({.at = at_ist(9, 16, 1), .symbol = "INFY", .price = 105, .quantity = 1});
  ASSERT_THAT(closed_, SizeIs(1));
  EXPECT_EQ(closed_[0].high, 100) << "the second tick belongs to the next candle";
}

TEST_F(MarketDataEngineTest, TellsASymbolThatNeverCameAsStale) {
  engine().start(at_ist(9, 15));
  engine().watch({}, "INFY");
  for (int minute = 15; minute < 59; ++minute) tick(at_ist(9, minute), 100, 1, "TCS");
  for (int minute = 0; minute < 30; ++minute) tick(at_ist(10, minute), 100, 1, "TCS");
  const auto stale = bus_.payloads("mde_stale_symbols");
  ASSERT_THAT(stale, SizeIs(1));
  EXPECT_THAT(stale[0], HasSubstr(R"("symbol":"INFY","exchange":"NSE")"));
  EXPECT_THAT(stale[0], HasSubstr(R"("last_update":null)"));
}

TEST_F(MarketDataEngineTest, AContractThatHasExpiredIsNotStale) {
  options_.health_every = 1min;
  engine().start(at_ist(9, 15));
  tick(at_ist(9, 16), 26000, 75, "NIFTY25NOVFUT");
  instruments_.remove("NFO", "NIFTY25NOVFUT");
  engine().advance_to(at_ist(14, 0));
  EXPECT_THAT(bus_.events("mde_stale_symbols"), IsEmpty());
}

TEST_F(MarketDataEngineTest, NothingGoesStaleOverANightAWeekendOrAHoliday) {
  options_.health_every = 1min;
  options_.stale_after = 61min;
  const Timestamp friday = ist_moment(make_date(2025, 10, 17), 15h + 29min);
  engine().start(friday);
  tick(friday + 1s, 100);
  // The weekend; then the muhurat hour of Tuesday (13:45 to 14:45) and the holiday after it.
  engine().advance_to(ist_moment(make_date(2025, 10, 20), 9h + 15min));
  EXPECT_THAT(bus_.events("mde_stale_symbols"), IsEmpty());
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
  engine().skip_to(ist_moment(make_date(2025, 10, 20), 15h + 29min));
  tick(ist_moment(make_date(2025, 10, 20), 15h + 29min), 100);
  engine().advance_to(ist_moment(make_date(2025, 10, 23), 9h + 15min));
  EXPECT_THAT(bus_.events("mde_stale_symbols"), IsEmpty()) << "the muhurat hour and a minute";
  engine().advance_to(ist_moment(make_date(2025, 10, 23), 9h + 17min));
  EXPECT_THAT(bus_.events("mde_stale_symbols"), SizeIs(1));
}

TEST_F(MarketDataEngineTest, TheClosingAuctionOfAugust2026IsNeitherAGapNorStaleNorInCandles) {
  InstrumentInfo share = infer_instrument("SBIN", make_date(2026, 8, 3));
  share.group = SessionGroup::equity_fno;
  instruments_.add(share);
  const auto at = [](int hour, int minute, int second = 0) {
    return ist_moment(
        make_date(2026, 8, 3),
        std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second});
  };
  engine().start(at(15, 14));
  tick(at(15, 14, 1), 800, 1, "SBIN");
  tick(at(15, 14, 59), 801, 1, "SBIN");
  EXPECT_FALSE(tick(at(15, 29), 790, 1000, "SBIN")) << "the auction's price";
  engine().advance_to(at(16, 1));
  EXPECT_THAT(bus_.events("feed_gap"), IsEmpty());
  EXPECT_THAT(bus_.events("mde_stale_symbols"), IsEmpty());
  ASSERT_FALSE(closed_.empty());
  for (const Candle& one : closed_) {
    EXPECT_EQ(one.end, at(15, 15));
    EXPECT_GE(one.low, 800);
  }
  EXPECT_THAT(bus_.payloads("session_event"),
              testing::Contains(HasSubstr(R"("phase":"closing_auction","group":"cash_fno")")));
}

TEST_F(MarketDataEngineTest, ReadsTheAttributesOfAnInstrumentAgainEachSession) {
  engine().start(at_ist(15, 29));
  tick(at_ist(15, 29), 26000, 75, "NIFTY25NOVFUT");
  InstrumentInfo changed = *instruments_.find("NFO", "NIFTY25NOVFUT");
  changed.lot_size = 65;
  instruments_.add(changed);
  const Timestamp next = at_ist(9, 15) + 24h;
  engine().skip_to(next);
  tick(next, 26000, 65, "NIFTY25NOVFUT");
  engine().advance_to(next + 1min);
  const auto candles = bus_.payloads("candle_event");
  EXPECT_THAT(candles.front(), HasSubstr(R"("lot_size":75)"));
  EXPECT_THAT(candles.back(), HasSubstr(R"("lot_size":65)"));
}

TEST_F(MarketDataEngineTest, GivesTheSameEventsForTheSameInput) {
  const auto run = [&] {
    test::TestBus bus;
    MarketDataEngine twin(bus.publisher(), calendar_, instruments_, options_, {});
    twin.start(at_ist(9, 15));
    for (int i = 0; i < 5000; ++i) {
      const Timestamp at = at_ist(9, 15) + i * 333ms;
      twin.advance_to(at);
      twin.on_tick({.at = at,
                    .symbol = i % 3 == 0 ? "TCS" : "INFY",
                    .price = 100.0 + i % 7,
                    .quantity = i % 5});
    }
    std::string all;
    for (const Event& event : bus.events()) all += event.json + "\n";
    return all;
  };
  const std::string first = run();
  EXPECT_GT(first.size(), 10'000U);
  EXPECT_EQ(first, run());
}

TEST_F(MarketDataEngineTest, RefusesOptionsThatMakeNoSense) {
  const auto refusal = [&](const std::function<void(MarketDataOptions&)>& spoil) {
    MarketDataOptions options;
    options.timeframes = {timeframe("1m")};
    spoil(options);
    try {
      MarketDataEngine(bus_.publisher(), calendar_, instruments_, options, {});
    } catch (const std::invalid_argument& refused) {
      return std::string(refused.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal([](auto&) {}), "accepted");
  EXPECT_THAT(refusal([](auto& o) { o.timeframes.clear(); }), HasSubstr("at least one timeframe"));
  EXPECT_THAT(refusal([](auto& o) { o.timeframes.push_back(timeframe("1m")); }),
              HasSubstr("ascending"));
  EXPECT_THAT(refusal([](auto& o) { o.health_every = 0ns; }), HasSubstr("health_every"));
  EXPECT_THAT(refusal([](auto& o) { o.jump_confirmations = 101; }), HasSubstr("1 to 100"));
  EXPECT_THAT(refusal([](auto& o) { o.max_jump_pct = -1; }), HasSubstr("max_jump_pct"));
  EXPECT_THAT(refusal([](auto& o) { o.cached_candles = 0; }), HasSubstr("cached_candles"));
  EXPECT_THAT(refusal([](auto& o) { o.health_symbols = 201; }), HasSubstr("at most 200"));
}

}  // namespace
}  // namespace tapedeck::market
