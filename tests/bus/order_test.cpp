#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::number_in;
using testing::numbered;
using testing::wait_until;

class Order : public ::testing::TestWithParam<CollectorPolicy> {};
INSTANTIATE_TEST_SUITE_P(, Order,
                         ::testing::Values(CollectorPolicy::balanced,
                                           CollectorPolicy::low_latency));

TEST_P(Order, ThreadsThatTakeTurnsAreMergedInTheOrderOfTheirTurns) {
  constexpr std::int64_t kThreads = 3, kEvents = 1500;
  TelemetryBus bus({.buffer_size = kEvents, .collector = GetParam()});
  std::atomic<std::int64_t> turn{0};
  std::vector<std::thread> threads;
  for (std::int64_t me = 0; me < kThreads; ++me) {
    threads.emplace_back([&, me] {
      for (std::int64_t n = me; n < kEvents; n += kThreads) {
        while (turn.load() != n) std::this_thread::yield();
        bus.publish(numbered(n));
        turn.store(n + 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto events = bus.get_recent_events({}, kEvents);
  ASSERT_EQ(events.size(), static_cast<std::size_t>(kEvents));
  for (std::int64_t n = 0; n < kEvents; ++n) {
    ASSERT_EQ(number_in(events[static_cast<std::size_t>(n)].payload, "n"), n);
  }
  EXPECT_EQ(bus.get_stats().clock_inversions_total, 0U);
}

TEST_P(Order, AGrowingQueueDoesNotFallBehindTheOthers) {
  constexpr std::int64_t kRounds = 40, kBurst = 500;
  const std::string filler(400, 'x');
  TelemetryBus bus({.buffer_size = 100'000, .collector = GetParam()});
  std::atomic<std::int64_t> turn{0};
  const auto publish_turns = [&](std::int64_t me) {
    for (std::int64_t round = me; round < kRounds; round += 2) {
      while (turn.load() != round) std::this_thread::yield();
      for (std::int64_t n = round * kBurst; n < (round + 1) * kBurst; ++n) {
        bus.publish(GenericEvent{"t", {{"n", n}, {"filler", filler}}});
      }
      turn.store(round + 1);
    }
  };
  std::thread other(publish_turns, 1);
  publish_turns(0);
  other.join();
  const auto events = bus.get_recent_events({}, 100'000);
  ASSERT_EQ(events.size(), static_cast<std::size_t>(kRounds * kBurst));
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(number_in(events[i].payload, "n"), static_cast<std::int64_t>(i));
  }
}

TEST_P(Order, EachThreadsOwnOrderIsKeptAmidAllOthers) {
  constexpr int kThreads = 4;
  constexpr std::int64_t kEvents = 5000;
  TelemetryBus bus({.buffer_size = kThreads * kEvents, .collector = GetParam()});
  std::vector<std::thread> threads;
  for (int me = 0; me < kThreads; ++me) {
    threads.emplace_back([&, me] {
      for (std::int64_t n = 0; n < kEvents; ++n) {
        while (!bus.publish(GenericEvent{"t" + std::to_string(me), {{"n", n}}})) {
          std::this_thread::yield();
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int me = 0; me < kThreads; ++me) {
    const auto events = bus.get_recent_events("t" + std::to_string(me), kEvents);
    ASSERT_EQ(events.size(), static_cast<std::size_t>(kEvents));
    for (std::size_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(number_in(events[i].payload, "n"), static_cast<std::int64_t>(i));
    }
  }
}

TEST_P(Order, EventTimeIsDataAndDoesNotChangeTheOrder) {
  TelemetryBus bus({.collector = GetParam()});
  for (std::int64_t n = 0; n < 100; ++n) {
    bus.publish(numbered(n), from_ns(2'000'000'000'000'000'000 - n * 1'000'000'000));
  }
  const auto events = bus.get_recent_events();
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(number_in(events[i].payload, "n"), static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(bus.get_stats().clock_inversions_total, 0U);
}

TEST_P(Order, WhatAnotherThreadWasToldOfIsInItsReads) {
  TelemetryBus bus({.collector = GetParam()});
  std::atomic<std::int64_t> told{0}, seen{0};
  std::thread publisher([&] {
    for (std::int64_t n = 1; n <= 500; ++n) {
      bus.publish(numbered(n));
      told.store(n);
      while (seen.load() != n) std::this_thread::yield();
    }
  });
  for (std::int64_t n = 1; n <= 500; ++n) {
    ASSERT_TRUE(wait_until([&] { return told.load() == n; }));
    const auto events = bus.get_recent_events({}, 1);
    EXPECT_EQ(events.empty() ? -1 : number_in(events[0].payload, "n"), n);
    seen.store(n);
  }
  publisher.join();
}

}  // namespace
}  // namespace tapedeck
