#include "desk/engine_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <stdexcept>

#include "market/engine_support.hpp"

namespace tapedeck::desk {
namespace {

using test::TemporaryFile;
using test::TestBus;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

EngineRunOptions one_simulated_session() {
  EngineRunOptions options;
  options.feed = "sim?sessions=1";
  options.speed = 0;
  options.sim_date = "2025-11-18";
  options.host = "test-host";
  return options;
}

RunSummary run(TestBus& bus, EngineRunOptions options) {
  EngineRunner runner(bus.bus(), std::move(options));
  runner.start();
  runner.wait();
  EXPECT_TRUE(runner.finished());
  EXPECT_EQ(runner.error(), "");
  return runner.summary();
}

std::string refusal(EngineRunOptions options) {
  TestBus bus;
  try {
    const EngineRunner runner(bus.bus(), std::move(options));
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

std::string field(const std::string& payload, const std::string& name) {
  const std::string key = '"' + name + "\":\"";
  const auto at = payload.find(key);
  if (at == std::string::npos) return {};
  const auto from = at + key.size();
  return payload.substr(from, payload.find('"', from) - from);
}

TEST(EngineRunner, OnlyARunWithoutAPaceWaitsForWhoKeepsWhatItPublishes) {
  int asked = 0;
  EngineRunOptions options = one_simulated_session();
  options.keep_pace = [&] { ++asked; };
  {
    TestBus bus;
    run(bus, options);
  }
  EXPECT_GT(asked, 10);
  asked = 0;
  options.speed = 1'000'000;
  TestBus bus;
  run(bus, options);
  EXPECT_EQ(asked, 0);
}

TEST(EngineRunner, TellsAnybodyWhatTheMarketsClockShows) {
  TestBus bus;
  EngineRunner runner(bus.bus(), one_simulated_session());
  EXPECT_EQ(runner.market_time(), Timestamp{}) << "before the first step";
  runner.start();
  Timestamp last{};
  while (!runner.finished()) {
    const Timestamp shown = runner.market_time();
    ASSERT_GE(shown, last) << "it does not go back";
    last = shown;
  }
  EXPECT_EQ(runner.market_time(), runner.summary().to);
  EXPECT_EQ(market::ist_date(runner.market_time()), market::make_date(2025, 11, 18));
}

TEST(EngineRunner, TradesASimulatedSessionFromTickToProfit) {
  TestBus bus;
  const RunSummary summary = run(bus, one_simulated_session());
  EXPECT_GT(summary.ticks, 200'000U);
  EXPECT_GT(summary.signals, 4U);
  EXPECT_EQ(summary.orders, summary.signals);
  EXPECT_EQ(summary.fills + summary.rejects + summary.expired, summary.orders);
  EXPECT_NE(summary.realized_pnl, 0);
  const std::vector<std::string> types = bus.bus().get_event_types();
  for (const char* type :
       {"signal_event", "indicator_event", "order_event", "position_event", "engine_health",
        "decision_trace", "universe_scan", "performance_update", "candle_event", "session_event"}) {
    EXPECT_THAT(types, Contains(type));
  }
  EXPECT_EQ(bus.bus().get_stats().dropped_total, 0U);
}

TEST(EngineRunner, LeavesNoPositionOpenAtTheEndOfASession) {
  TestBus bus;
  run(bus, one_simulated_session());
  std::map<std::string, std::string> last;
  for (const std::string& payload : bus.payloads("position_event")) {
    last[field(payload, "symbol")] = payload;
  }
  EXPECT_THAT(last, Not(IsEmpty()));
  for (const auto& [symbol, payload] : last) {
    EXPECT_THAT(payload, HasSubstr(R"("position_size":0)")) << symbol;
  }
}

TEST(EngineRunner, OneDecisionIsOneChainFromTraceToPosition) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"NIFTY"};
  run(bus, options);
  const auto signals = bus.payloads("signal_event");
  ASSERT_THAT(signals, Not(IsEmpty()));
  const std::string id = field(signals[0], "correlation_id");
  std::vector<std::string> chain;
  for (const Event& event : bus.events()) {
    if (field(event.payload, "correlation_id") != id) continue;
    const std::string status = field(event.payload, "status");
    chain.push_back(status.empty() ? event.type : event.type + " " + status);
  }
  EXPECT_THAT(chain, ElementsAre("decision_trace", "signal_event", "order_event new",
                                 "order_event submitted", "order_event acknowledged",
                                 "order_event open", "order_event filled", "position_event"));
  EXPECT_EQ(field(signals[0], "symbol"), "NIFTY");
  EXPECT_EQ(field(signals[0], "order_symbol"), "NIFTY25NOVFUT");
  EXPECT_EQ(field(signals[0], "order_exchange"), "NFO");
  ASSERT_GE(signals.size(), 2U);
  EXPECT_EQ(field(signals[1], "signal"), "EXIT");
  EXPECT_EQ(field(signals[0], "round_trip_id"), field(signals[1], "round_trip_id"));
}

TEST(EngineRunner, PublishesTheSameEventsForTheSameSeedByteForByte) {
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"NIFTY", "INFY", "TCS"};
  TestBus one;
  run(one, options);
  TestBus two;
  run(two, options);
  const auto first = one.events();
  const auto second = two.events();
  ASSERT_EQ(first.size(), second.size());
  ASSERT_GT(first.size(), 10'000U);
  for (std::size_t i = 0; i < first.size(); ++i) ASSERT_EQ(first[i].json, second[i].json);
}

TEST(EngineRunner, AnotherSeedIsAnotherRun) {
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"INFY"};
  options.seed = 7;
  TestBus bus;
  run(bus, options);
  const auto events = bus.events("candle_event");
  ASSERT_THAT(events, Not(IsEmpty()));
  EXPECT_THAT(events[0].json,
              HasSubstr(R"("source":{"host":"test-host","engine_id":"paper-mde",)"
                        R"("run_id":"sim-20251118-7","account":"paper","mode":"paper"})"));
}

TEST(EngineRunner, TimeIsTheFeedsAndNeverGoesBackWithinAnEngine) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"INFY"};
  run(bus, options);
  std::map<std::string, Timestamp> last;
  for (const Event& event : bus.events()) {
    ASSERT_EQ(market::format_date(market::ist_date(event.timestamp)), "2025-11-18") << event.json;
    Timestamp& before = last[field(event.json, "engine_id")];
    ASSERT_GE(event.timestamp, before) << event.json;
    before = event.timestamp;
  }
  EXPECT_THAT(last, SizeIs(4));
}

TEST(EngineRunner, EveryEngineTellsThatItStartedAndStopped) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"INFY"};
  run(bus, options);
  std::map<std::string, std::vector<std::string>> changes;
  for (const std::string& payload : bus.payloads("engine_health")) {
    auto& seen = changes[field(payload, "engine_name")];
    if (const auto status = field(payload, "status"); seen.empty() || seen.back() != status) {
      seen.push_back(status);
    }
  }
  for (const char* engine :
       {"MarketDataEngine", "StrategyEngineV2", "ExecutionEngine", "UniverseBuilder"}) {
    EXPECT_THAT(changes[engine], ElementsAre("starting", "active", "stopped")) << engine;
  }
}

TEST(EngineRunner, StopsAPacedRunAtOnce) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.speed = 1;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.stop();
  EXPECT_TRUE(runner.finished());
  EXPECT_EQ(runner.error(), "");
}

TEST(EngineRunner, AnErrorOfTheFeedIsToldAndNotHiddenByTheStop) {
  const TemporaryFile file("unused.csv", "");
  const auto path = file.folder() / "ticks.csv.gz";
  gzFile out = gzopen(path.c_str(), "wb");
  gzputs(out, "timestamp,symbol,price\n");
  for (int i = 0; i < 200'000; ++i) {
    gzprintf(out, "2025-11-18 09:15:00.%06d,INFY,%d.05\n", i, 1400 + i * 7919 % 200);
  }
  gzclose(out);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  TestBus bus;
  EngineRunOptions options;
  options.feed = "replay:" + path.string();
  options.speed = 0;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.wait();
  EXPECT_THAT(runner.error(), HasSubstr("ends too early"));
  EXPECT_THAT(bus.payloads("engine_health"), Each(Not(HasSubstr(R"("status":"stopped")"))));
  EXPECT_THAT(bus.payloads("engine_health").back(), HasSubstr(R"("status":"error")"));
}

TEST(EngineRunner, TellsASymbolTheFeedDoesNotHave) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.symbols = {"INFY", "NOSUCH"};
  run(bus, options);
  EXPECT_THAT(bus.payloads("mde_lookup_failure"),
              ElementsAre(R"({"symbol":"NOSUCH","exchange_tried":"NSE,NFO,BSE,BFO"})"));
}

TEST(EngineRunner, RefusesWhatItCannotRunWithASentence) {
  EngineRunOptions options = one_simulated_session();
  const auto with = [&](auto change) {
    EngineRunOptions changed = options;
    change(changed);
    return refusal(changed);
  };
  EXPECT_THAT(with([](auto& o) { o.feed = "kite"; }), HasSubstr("there is no feed 'kite'"));
  EXPECT_THAT(with([](auto& o) { o.feed = "sim?days=3"; }), HasSubstr("use sim or sim?sessions=N"));
  EXPECT_THAT(with([](auto& o) { o.speed = -1; }), HasSubstr("the speed must be 0"));
  EXPECT_THAT(with([](auto& o) { o.timeframes = {"7m"}; }), HasSubstr("'7m' is no timeframe"));
  EXPECT_THAT(with([](auto& o) { o.timeframes.clear(); }), HasSubstr("no timeframe is given"));
  EXPECT_THAT(with([](auto& o) { o.strategy.strategies = {"x"}; }),
              HasSubstr("there is no strategy 'x'"));
  EXPECT_THAT(with([](auto& o) { o.sim_date = "today"; }), HasSubstr("'today' is no date"));
  EXPECT_THAT(with([](auto& o) { o.symbols = {"FOO"}; }), HasSubstr("it has BANKNIFTY25NOVFUT"));
}

TEST(EngineRunner, ReplaysAMonthOfTheRealIndex) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  EngineRunOptions options;
  options.feed =
      "replay:" + (*data / "nse_nifty_1s").string() + "?columns=timestamp,price&symbol=NIFTY";
  options.speed = 0;
  TestBus bus;
  const RunSummary summary = run(bus, options);
  EXPECT_EQ(summary.bad_rows, 0U);
  EXPECT_EQ(summary.late_ticks, 0U);
  EXPECT_EQ(summary.gaps, 1U) << "991 s on 2022-11-28";
  // 21 sessions of 375 minutes, less the candles of the gap; 8 re-stamped days have none.
  EXPECT_LE(summary.candles, 21U * (375 + 75));
  EXPECT_GE(summary.candles, 21U * (375 + 75) - 30);
  EXPECT_GT(summary.out_of_session_ticks, 8U * 23'000);
  EXPECT_GT(summary.fills, 0U);
}

TEST(EngineRunner, ReplaysTheCandlesOfTheOriginalEngineInTheRightTimeZone) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  EngineRunOptions options;
  options.feed = "replay:" + (*data / "candles_kite").string() + "?format=kite-candles";
  options.speed = 0;
  TestBus bus;
  const RunSummary summary = run(bus, options);
  EXPECT_EQ(summary.late_ticks, 0U);
  EXPECT_EQ(summary.out_of_session_ticks, 0U) << "taken as UTC, most would be";
  EXPECT_EQ(summary.bad_rows, 0U);
  EXPECT_GT(summary.candles, 4'000U);
}

TEST(EngineRunner, CountsTheLateTicksOfTheRealFutures) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  EngineRunOptions options;
  options.feed = "replay:" + (*data / "nse_fut_ticks").string() +
                 "?columns=symbol,timestamp,price,cumulative_volume";
  options.speed = 0;
  TestBus bus;
  const RunSummary summary = run(bus, options);
  EXPECT_EQ(summary.records, 2833U);
  EXPECT_EQ(summary.bad_rows, 0U) << "the header is none";
  EXPECT_EQ(summary.volume_falls, 29U);
  EXPECT_GT(summary.late_ticks, 0U);
  EXPECT_EQ(summary.gaps, 2U) << "one outage of 38 minutes, two symbols";
}

}  // namespace
}  // namespace tapedeck::desk
