// Engines of a run that are started, stopped and replaced one by one while the others go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"
#include "support/wait.hpp"

namespace tapedeck::desk {
namespace {

using tapedeck::testing::wait_until;
using test::TestBus;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

EngineRunOptions paced_session(std::vector<Part> parts) {
  EngineRunOptions options;
  options.feed = "sim?sessions=1";
  options.speed = 1;
  options.sim_date = "2025-11-18";
  options.host = "test-host";
  options.symbols = {"NIFTY", "INFY", "TCS", "RELIANCE"};
  options.parts = std::move(parts);
  return options;
}

std::vector<std::string> of_engine(TestBus& bus, const std::string& type, const std::string& name) {
  std::vector<std::string> all;
  for (const std::string& payload : bus.payloads(type)) {
    if (payload.find('"' + name + '"') != std::string::npos) all.push_back(payload);
  }
  return all;
}

std::vector<std::string> health_of(TestBus& bus, const std::string& engine) {
  return of_engine(bus, "engine_health", engine);
}

/// Waits until engine time has passed `moment`.
void wait_for_time(EngineRunner& runner, Timestamp moment) {
  ASSERT_TRUE(wait_until([&] {
    Timestamp at{};
    runner.call([&](EngineSet&, Timestamp now) { at = now; });
    return at >= moment || runner.finished();
  }));
}

TEST(EngineParts, AnEngineThatWasNotStartedPublishesNothing) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data});
  options.speed = 0;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_THAT(bus.events("candle_event"), Not(IsEmpty()));
  EXPECT_THAT(bus.payloads("engine_health"), Each(HasSubstr("MarketDataEngine")));
  EXPECT_THAT(bus.events("signal_event"), IsEmpty());
  EXPECT_THAT(bus.events("universe_scan"), IsEmpty());
}

TEST(EngineParts, EachEngineAloneTellsItsHealth) {
  const std::map<Part, std::string> names{{Part::market_data, "MarketDataEngine"},
                                          {Part::strategy, "StrategyEngineV2"},
                                          {Part::execution, "ExecutionEngine"},
                                          {Part::universe, "UniverseBuilder"}};
  for (const auto& [part, name] : names) {
    TestBus bus;
    EngineRunOptions options = paced_session({part});
    options.speed = 0;
    EngineRunner runner(bus.bus(), options);
    runner.start();
    runner.wait();
    EXPECT_EQ(runner.error(), "") << name;
    EXPECT_THAT(bus.payloads("engine_health"), Each(HasSubstr(name)));
    EXPECT_GT(health_of(bus, name).size(), 300U) << name;
  }
}

TEST(EngineParts, AStrategyEngineThatComesLateIsWarmAndDecides) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::execution});
  options.speed = 10'000;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(10, 0));
  EXPECT_THAT(bus.events("decision_trace"), IsEmpty());
  EXPECT_TRUE(runner.start_engine(Part::strategy));
  EXPECT_TRUE(runner.is_up(Part::strategy));
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_THAT(bus.payloads("decision_trace"), Not(IsEmpty()));
  EXPECT_THAT(bus.payloads("decision_trace"), Each(Not(HasSubstr("warming up"))));
}

TEST(EngineParts, AMarketDataEngineThatComesLateWarmsTheStrategiesThatWait) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::strategy});
  options.speed = 10'000;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(10, 0));
  EXPECT_THAT(bus.events("candle_event"), IsEmpty());
  EXPECT_TRUE(runner.start_engine(Part::market_data));
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_THAT(bus.payloads("decision_trace"), Not(IsEmpty()));
  EXPECT_THAT(bus.payloads("decision_trace"), Each(Not(HasSubstr("warming up"))));
}

TEST(EngineParts, OneEngineStopsAndTheOthersGoOn) {
  TestBus bus;
  EngineRunOptions options =
      paced_session({Part::market_data, Part::strategy, Part::execution, Part::universe});
  options.speed = 10'000;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(10, 0));
  runner.stop_engine(Part::strategy);
  EXPECT_FALSE(runner.is_up(Part::strategy));
  EXPECT_TRUE(runner.is_up(Part::market_data));
  EXPECT_THAT(health_of(bus, "StrategyEngineV2").back(), HasSubstr(R"("status":"stopped")"));
  const auto traces = bus.events("decision_trace").size();
  runner.stop_engine(Part::strategy);  // twice is once
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_EQ(bus.events("decision_trace").size(), traces);
  EXPECT_THAT(health_of(bus, "StrategyEngineV2").back(), HasSubstr(R"("status":"stopped")"));
  EXPECT_THAT(health_of(bus, "MarketDataEngine").back(), HasSubstr(R"("status":"stopped")"));
  EXPECT_GT(bus.events("candle_event").back().timestamp, test::at_ist(15, 0));
}

TEST(EngineParts, AStoppedEngineCanBeStartedAgainInTheSameRun) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::strategy});
  options.speed = 10'000;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(10, 0));
  runner.stop_engine(Part::strategy);
  EXPECT_TRUE(runner.start_engine(
      Part::strategy, [](auto& changed) { changed.strategy.strategies = {"mean_reversion"}; }));
  EXPECT_THROW(runner.start_engine(Part::strategy), std::logic_error);
  runner.stop_engine(Part::market_data);
  EXPECT_TRUE(runner.start_engine(Part::market_data));
  std::size_t kept = 0;
  runner.call([&](EngineSet& engines, Timestamp) {
    kept =
        engines.market_data()->get_window({}, "INFY", *market::Timeframe::parse("1m"), 30).size();
  });
  EXPECT_EQ(kept, 30U) << "the candles of the engine before are handed on";
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_THAT(of_engine(bus, "decision_trace", "mean_reversion"), Not(IsEmpty()));
  EXPECT_THAT(bus.payloads("decision_trace"), Each(Not(HasSubstr("warming up"))));
}

TEST(EngineParts, TheRunEndsWithItsLastEngine) {
  TestBus bus;
  EngineRunner runner(bus.bus(), paced_session({Part::strategy, Part::universe}));
  runner.start();
  runner.stop_engine(Part::strategy);
  EXPECT_FALSE(runner.finished());
  runner.stop_engine(Part::universe);
  EXPECT_TRUE(runner.finished());
  EXPECT_FALSE(runner.start_engine(Part::strategy)) << "a new run is needed";
  runner.call([](EngineSet& engines, Timestamp) { EXPECT_NE(engines.universe(), nullptr); });
}

TEST(EngineParts, AnEngineStoppedBeforeTheRunBeginsDoesNotStartWithIt) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::strategy});
  options.speed = 0;
  EngineRunner runner(bus.bus(), options);
  runner.stop_engine(Part::strategy);
  EXPECT_FALSE(runner.wait_for(std::chrono::milliseconds{1})) << "it has not begun";
  runner.start();
  EXPECT_TRUE(runner.wait_for(std::chrono::minutes{1}));
  EXPECT_THAT(health_of(bus, "StrategyEngineV2"), IsEmpty());
  EXPECT_THAT(bus.events("candle_event"), Not(IsEmpty()));
}

TEST(EngineParts, OptionsThatCannotBeChangeNothing) {
  TestBus bus;
  EngineRunner runner(bus.bus(), paced_session({Part::market_data}));
  runner.start();
  EXPECT_THROW(runner.start_engine(Part::strategy,
                                   [](auto& options) { options.strategy.strategies = {"x"}; }),
               std::invalid_argument);
  EXPECT_FALSE(runner.is_up(Part::strategy));
  EXPECT_TRUE(runner.start_engine(Part::strategy));
}

/// What is held when a moment comes; 0 without an execution engine.
std::int64_t held(EngineRunner& runner) {
  std::int64_t size = 0;
  runner.call([&](EngineSet& engines, Timestamp) {
    for (const auto& position : engines.execution()->positions()) size += std::abs(position.size);
  });
  return size;
}

strategy::OrderIntent ten_infy(Timestamp now) {
  strategy::OrderIntent intent;
  intent.strategy = "manual";
  intent.signal_symbol = intent.order_symbol = "INFY";
  intent.qty = 10;
  intent.decided_at = now;
  return intent;
}

TEST(EngineParts, AnExecutionEngineIsNotReplacedWhileItsPositionsWouldBeForgotten) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::execution});
  options.speed = 100;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(9, 16));
  runner.call(
      [](EngineSet& engines, Timestamp now) { engines.execution()->submit(ten_infy(now), now); });
  ASSERT_TRUE(wait_until([&] { return held(runner) == 10; }));
  runner.stop_engine(Part::execution);
  try {
    runner.start_engine(Part::execution);
    FAIL() << "the position was forgotten";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("holds 10 of INFY"));
  }
  EXPECT_EQ(held(runner), 10) << "a stopped engine can still be read";
}

TEST(EngineParts, WhatAnExecutionEngineHeldIsThereAgainWithAStateFile) {
  const test::TemporaryFile state("engines.state", "");
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::execution});
  options.speed = 100;
  std::filesystem::remove(state.path());
  options.state_file = state.path();
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(9, 16));
  runner.call(
      [](EngineSet& engines, Timestamp now) { engines.execution()->submit(ten_infy(now), now); });
  ASSERT_TRUE(wait_until([&] { return held(runner) == 10; }));
  runner.stop_engine(Part::execution);
  EXPECT_TRUE(runner.start_engine(Part::execution));
  EXPECT_EQ(held(runner), 10);
}

TEST(EngineParts, TelemetryOfOneEngineStopsAndTheEngineGoesOn) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data, Part::universe});
  options.speed = 10'000;
  EngineRunner runner(bus.bus(), options);
  runner.start();
  wait_for_time(runner, test::at_ist(10, 0));
  runner.stop_telemetry(Part::market_data);
  const auto before = health_of(bus, "MarketDataEngine").size();
  EXPECT_TRUE(runner.is_up(Part::market_data));
  runner.wait();
  EXPECT_EQ(health_of(bus, "MarketDataEngine").size(), before + 1) << "only that it stopped";
  EXPECT_GT(bus.events("candle_event").back().timestamp, test::at_ist(15, 0));
}

TEST(EngineParts, TelemetryStoppedBeforeTheStartStaysStopped) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::market_data});
  options.speed = 0;
  EngineRunner runner(bus.bus(), options);
  runner.stop_telemetry(Part::market_data);
  runner.start();
  runner.wait();
  EXPECT_THAT(health_of(bus, "MarketDataEngine"), SizeIs(3)) << "starting, active, stopped";
}

TEST(EngineParts, ACallIsAnsweredBeforeDuringAndAfterTheRun) {
  TestBus bus;
  EngineRunOptions options = paced_session({Part::execution});
  options.execution.capital = 123;
  EngineRunner runner(bus.bus(), options);
  const auto capital = [&] {
    double available = 0;
    runner.call([&](EngineSet& engines, Timestamp) {
      available = engines.execution()->pnl({}).margin_available;
    });
    return available;
  };
  EXPECT_EQ(capital(), 123);
  runner.start();
  EXPECT_EQ(capital(), 123);
  EXPECT_THROW(runner.call([](EngineSet&, Timestamp) { throw std::runtime_error("no"); }),
               std::runtime_error);
  runner.stop();
  EXPECT_EQ(capital(), 123);
}

TEST(EngineParts, CallsFromManyThreadsAreAllAnsweredWhileTheRunEnds) {
  TestBus bus;
  EngineRunner runner(bus.bus(), paced_session({Part::market_data, Part::execution}));
  runner.start();
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) {
        runner.call([&](EngineSet& engines, Timestamp) {
          if (engines.execution() != nullptr) ++answered;
        });
      }
    });
  }
  ASSERT_TRUE(wait_until([&] { return answered > 100; }));
  runner.stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 800);
}

/// A strategy that uses the run it is in.
class Meddler final : public strategy::Strategy {
 public:
  Meddler(EngineRunner*& runner, std::atomic<int>& asked) : runner_(runner), asked_(asked) {}
  strategy::Decision evaluate(const strategy::Situation& situation) override {
    if (situation.past) return {};
    runner_->call([&](EngineSet& engines, Timestamp now) {
      EXPECT_GE(now, situation.candle.end);
      EXPECT_THAT(engines.execution()->positions(), IsEmpty());
    });
    EXPECT_THROW(runner_->start_engine(Part::universe), std::logic_error);
    if (++asked_ == 3) runner_->stop_engine(Part::strategy);
    return {};
  }

 private:
  EngineRunner*& runner_;
  std::atomic<int>& asked_;
};

TEST(EngineParts, AStrategyMayReadTheEnginesAndStopItsOwnWithoutWaitingForItself) {
  TestBus bus;
  EngineRunner* shared = nullptr;
  std::atomic<int> asked{0};
  EngineRunOptions options = paced_session({Part::market_data, Part::strategy, Part::execution});
  options.speed = 0;
  options.symbols = {"INFY"};
  options.strategy.strategies = {"meddler"};
  options.strategy.extra_strategies = {{"meddler", "1", {}, [&](strategy::StrategySetup&) {
                                          return std::make_unique<Meddler>(shared, asked);
                                        }}};
  EngineRunner runner(bus.bus(), options);
  runner.start_engine(Part::universe);
  shared = &runner;
  runner.start();
  runner.wait();
  EXPECT_EQ(runner.error(), "");
  EXPECT_EQ(asked, 3) << "the engine stopped with the step in which it was told to";
}

}  // namespace
}  // namespace tapedeck::desk
