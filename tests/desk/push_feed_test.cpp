// The caller's own ticks: live, from any thread, by the wall clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"
#include "support/wait.hpp"

namespace tapedeck::desk {
namespace {

using namespace std::chrono_literals;
using market::PushedTick;
using market::PushFeed;
using tapedeck::testing::wait_until;
using test::TestBus;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

EngineRunOptions pushed(std::vector<Part> parts) {
  EngineRunOptions options;
  options.feed = "push";
  options.host = "test-host";
  options.parts = std::move(parts);
  options.market_data.health_every = 20ms;
  options.strategy.health_every = 20ms;
  options.execution.health_every = 20ms;
  return options;
}

market::MarketDataCounts counts(EngineRunner& runner) {
  market::MarketDataCounts counts;
  runner.call([&](EngineSet& engines, Timestamp) { counts = engines.market_data()->counts(); });
  return counts;
}

TEST(PushFeedRun, TellsHealthByTheWallClockWithoutAnyTick) {
  TestBus bus;
  const Timestamp before = now();
  EngineRunner runner(bus.bus(),
                      pushed({Part::market_data, Part::strategy, Part::execution, Part::universe}));
  runner.start();
  for (const char* engine : {"MarketDataEngine", "StrategyEngineV2", "ExecutionEngine"}) {
    EXPECT_TRUE(wait_until([&] {
      int told = 0;
      for (const std::string& payload : bus.payloads("engine_health")) {
        told += payload.find(engine) != std::string::npos ? 1 : 0;
      }
      return told >= 5;
    })) << engine;
  }
  runner.stop();
  for (const Event& event : bus.events()) {
    EXPECT_GE(event.timestamp, before - 1us);
    EXPECT_LE(event.timestamp, now());
    EXPECT_THAT(event.json, HasSubstr(R"("mode":"paper")"));
  }
}

TEST(PushFeedRun, CountsEveryTickOfTwoThreads) {
  constexpr std::uint64_t kEach = 20'000;
  TestBus bus;
  EngineRunner runner(bus.bus(), pushed({Part::market_data}));
  runner.start();
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> refused{0};
  for (const char* symbol : {"INFY", "TCS"}) {
    threads.emplace_back([&, symbol] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const double price = 1500 + static_cast<double>(i % 7);
        if (!runner.push_feed()->push(PushedTick{.symbol = symbol, .price = price})) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const market::MarketDataCounts seen = counts(runner);
  EXPECT_EQ(seen.ticks + refused, 2 * kEach);
  EXPECT_EQ(seen.dropped_ticks, refused);
  EXPECT_EQ(seen.bad_ticks, 0U);
}

TEST(PushFeedRun, WhatWasPushedIsPartOfTheNextAnswer) {
  TestBus bus;
  EngineRunner runner(bus.bus(), pushed({Part::market_data}));
  runner.start();
  for (std::uint64_t i = 1; i <= 200; ++i) {
    EXPECT_TRUE(runner.push_feed()->push(PushedTick{.symbol = "INFY", .price = 1500}));
    ASSERT_EQ(counts(runner).ticks, i);
  }
}

TEST(PushFeedRun, TicksOutOfHoursAreCountedAndHealthGoesOn) {
  TestBus bus;
  EngineRunner runner(bus.bus(), pushed({Part::market_data}));
  runner.start();
  const Timestamp sunday = market::ist_moment(market::make_date(2025, 11, 16), 11h);
  runner.push_feed()->push(PushedTick{.symbol = "INFY", .at = sunday, .price = 1500});
  EXPECT_EQ(counts(runner).out_of_session_ticks, 1U);
  const auto before = bus.events("engine_health").size();
  EXPECT_TRUE(wait_until([&] { return bus.events("engine_health").size() > before + 2; }));
}

TEST(PushFeedRun, CandlesOfTheCallerReachTheStrategies) {
  TestBus bus;
  EngineRunOptions options = pushed({Part::market_data, Part::strategy});
  EngineRunner runner(bus.bus(), options);
  runner.start();
  market::Candle candle;
  candle.symbol = "INFY";
  candle.open = candle.low = 1500;
  candle.high = candle.close = 1510;
  candle.volume = 100;
  for (int minute = 0; minute < 60; ++minute) {
    candle.start = test::at_ist(10, minute);
    EXPECT_TRUE(runner.push_feed()->push(candle));
  }
  EXPECT_EQ(counts(runner).candles, 60U + 12U) << "5m candles are made of them";
  EXPECT_THAT(bus.events("indicator_event"), SizeIs(72));
}

// --- the feed alone ---

class PushFeedTest : public ::testing::Test {
 protected:
  std::string refusal(PushedTick tick) {
    try {
      feed_.push(std::move(tick));
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "accepted";
  }
  const market::TradingCalendar calendar_{};
  PushFeed feed_{{.queue_limit = 3, .max_symbols = 2}, calendar_};
  market::FeedRecord record_;
};

TEST_F(PushFeedTest, AFullQueueDropsTheNewestAndCountsThem) {
  for (int i = 1; i <= 3; ++i) EXPECT_TRUE(feed_.push(PushedTick{.symbol = "A", .price = 1.0 * i}));
  EXPECT_FALSE(feed_.push(PushedTick{.symbol = "A", .price = 4}));
  EXPECT_FALSE(feed_.push(PushedTick{.symbol = "A", .price = 5}));
  for (const double price : {1.0, 2.0, 3.0}) {
    ASSERT_EQ(feed_.next(record_), market::FeedState::record);
    EXPECT_EQ(record_.tick.price, price);
  }
  EXPECT_EQ(feed_.next(record_), market::FeedState::pending);
  EXPECT_EQ(feed_.stats().dropped, 2U);
  EXPECT_TRUE(feed_.push(PushedTick{.symbol = "A", .price = 6})) << "there is room again";
}

TEST_F(PushFeedTest, WakesTheRunnerOnceUntilItLooks) {
  int woken = 0;
  feed_.set_wake([&] { ++woken; });
  feed_.push(PushedTick{.symbol = "A", .price = 1});
  feed_.push(PushedTick{.symbol = "A", .price = 2});
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(feed_.next(record_), market::FeedState::record);
  feed_.push(PushedTick{.symbol = "A", .price = 3});
  EXPECT_EQ(woken, 2);
}

TEST_F(PushFeedTest, RefusesWhatIsNoTickWithASentence) {
  EXPECT_THAT(refusal({.symbol = "", .price = 1}), HasSubstr("needs a symbol"));
  EXPECT_THAT(refusal({.symbol = "A\nB", .price = 1}), HasSubstr("no name"));
  EXPECT_EQ(refusal({.symbol = std::string(64, 'A'), .price = 1}), "accepted");
  EXPECT_THAT(refusal({.symbol = std::string(65, 'A'), .price = 1}), HasSubstr("at most 64"));
  EXPECT_THAT(refusal({.symbol = "A", .at = now() + 1h, .price = 1}), HasSubstr("in the future"));
  EXPECT_THAT(refusal({.symbol = "A", .at = from_ns(1), .price = 1}), HasSubstr("before 1990"));
}

TEST_F(PushFeedTest, MoreSymbolsThanAllowedAreCountedAsBad) {
  for (const char* symbol : {"A", "B", "C"}) feed_.push(PushedTick{.symbol = symbol, .price = 1});
  EXPECT_EQ(feed_.next(record_), market::FeedState::record);
  EXPECT_EQ(feed_.next(record_), market::FeedState::record);
  EXPECT_EQ(feed_.next(record_), market::FeedState::pending);
  EXPECT_EQ(feed_.stats().bad_rows, 1U);
  EXPECT_EQ(feed_.stats().first_bad_rows.at(0).reason, "more than 2 symbols");
  EXPECT_EQ(feed_.instruments().size(), 2U);
}

TEST_F(PushFeedTest, ACandleEndsWithItsSession) {
  market::Candle candle;
  candle.symbol = "INFY";
  candle.timeframe = *market::Timeframe::parse("60m");
  candle.start = test::at_ist(15, 15);
  feed_.push(candle);
  ASSERT_EQ(feed_.next(record_), market::FeedState::record);
  EXPECT_EQ(record_.candle.end, test::at_ist(15, 30));
}

TEST_F(PushFeedTest, ACandleThatIsNotOverIsCountedAsBad) {
  market::Candle candle;
  candle.symbol = "INFY";
  candle.timeframe = *market::Timeframe::parse("1m");
  candle.start = now();
  feed_.push(candle);
  EXPECT_EQ(feed_.next(record_), market::FeedState::pending);
  EXPECT_EQ(feed_.stats().bad_rows, 1U);
}

TEST(PushFeedRun, DroppedTicksAreInTheMetricsAndTold) {
  TestBus bus;
  EngineRunOptions options = pushed({Part::market_data});
  options.push_queue_limit = 1;
  EngineRunner runner(bus.bus(), options);
  PushFeed& feed = *runner.push_feed();
  EXPECT_TRUE(feed.push(PushedTick{.symbol = "INFY", .price = 1500}));  // nobody takes it yet
  EXPECT_FALSE(feed.push(PushedTick{.symbol = "INFY", .price = 1501}));
  runner.start();
  // On a holiday there is another mde_status, that there is no session.
  EXPECT_TRUE(wait_until([&] {
    const auto told = bus.payloads("mde_status");
    return std::any_of(told.begin(), told.end(), [](const std::string& payload) {
      return payload.find("ticks_dropped") != std::string::npos &&
             payload.find(R"("dropped":1)") != std::string::npos;
    });
  }));
  EXPECT_EQ(counts(runner).dropped_ticks, 1U);
  EXPECT_TRUE(wait_until([&] {
    return bus.payloads("engine_health").back().find(R"("dropped_ticks":1)") != std::string::npos;
  }));
}

TEST(PushFeedRun, RefusesAnotherSpeedThanThatOfTheWallClock) {
  TestBus bus;
  EngineRunOptions options = pushed({Part::market_data});
  options.speed = 0;
  EXPECT_THROW(EngineRunner(bus.bus(), options), std::invalid_argument);
  options.speed = 1;
  options.push_queue_limit = 0;
  EXPECT_THROW(EngineRunner(bus.bus(), options), std::invalid_argument);
}

TEST(PushFeedRun, StopsWithinASecondAlsoWhenNothingComes) {
  TestBus bus;
  EngineRunOptions options = pushed({Part::universe});
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.stop_engine(Part::universe);
  EXPECT_TRUE(runner.finished());
}

}  // namespace
}  // namespace tapedeck::desk
