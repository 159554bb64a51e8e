#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::number_in;
using testing::numbered;
using testing::wait_until;

TEST(Threads, EventsOfAThreadThatHasEndedArrive) {
  TelemetryBus bus({.collector = CollectorPolicy::economy});
  std::thread([&] {
    for (int n = 0; n < 1000; ++n) bus.publish(numbered(n));
  }).join();
  EXPECT_EQ(bus.get_stats().total_events, 1000U);
}

TEST(Threads, AThousandMayComeAndGo) {
  TelemetryBus bus;
  for (int batch = 0; batch < 100; ++batch) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 10; ++i) {
      threads.emplace_back([&, n = batch * 10 + i] { bus.publish(numbered(n)); });
    }
    for (auto& thread : threads) thread.join();
  }
  const auto events = bus.get_recent_events({}, 1000);
  ASSERT_EQ(events.size(), 1000U);
  std::vector<bool> seen(1000);
  for (const Event& event : events) {
    seen[static_cast<std::size_t>(number_in(event.payload, "n"))] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 1000);
}

TEST(Threads, TwoBusesInOneProcessAreApart) {
  TelemetryBus one({.epoch = "one"}), other({.epoch = "other"});
  for (int n = 0; n < 100; ++n) {
    one.publish(GenericEvent{"a", {{"n", n}}});
    other.publish(GenericEvent{"b", {{"n", n}}});
    other.publish(GenericEvent{"b", {{"n", n}}});
  }
  EXPECT_EQ(one.get_stats().event_counts, (std::map<std::string, std::uint64_t>{{"a", 100}}));
  EXPECT_EQ(other.get_stats().event_counts, (std::map<std::string, std::uint64_t>{{"b", 200}}));
}

TEST(Threads, AThreadOutlivesTheBusItPublishedTo) {
  auto bus = std::make_unique<TelemetryBus>();
  std::atomic<int> step{0};
  std::thread thread([&] {
    bus->publish(numbered(1));
    step = 1;
    while (step != 2) std::this_thread::yield();
    TelemetryBus another;
    for (int n = 0; n < 100; ++n) another.publish(numbered(n));
    EXPECT_EQ(another.get_stats().total_events, 100U);
  });
  ASSERT_TRUE(wait_until([&] { return step == 1; }));
  bus.reset();
  step = 2;
  thread.join();
}

TEST(Threads, BusesMadeOneAfterTheOtherOnOneThreadDoNotMixUp) {
  for (int round = 0; round < 50; ++round) {
    TelemetryBus bus;
    bus.publish(numbered(round));
    const auto events = bus.get_recent_events();
    ASSERT_EQ(events.size(), 1U);
    ASSERT_EQ(number_in(events[0].payload, "n"), round);
  }
}

TEST(Threads, PublishingReadingAndClearingAllAtOnceIsSound) {
  TelemetryBus bus({.buffer_size = 500, .log_bytes = std::size_t{4} << 20});
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> published{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      const std::string filler(200, 'x');
      for (int n = 0; n < 20'000; ++n) {
        if (bus.publish(GenericEvent{"t", {{"n", n}, {"filler", filler}}})) ++published;
      }
    });
  }
  std::vector<std::thread> readers;
  readers.emplace_back([&] {
    while (!stop) {
      const auto events = bus.get_recent_events({}, 200);
      for (std::size_t i = 1; i < events.size(); ++i) {
        ASSERT_EQ(events[i].seq, events[i - 1].seq + 1);
      }
    }
  });
  readers.emplace_back([&] {
    while (!stop) {
      for (const Event& event : bus.snapshot(from_ns(1))) ASSERT_EQ(event.json.front(), '{');
    }
  });
  readers.emplace_back([&] {
    while (!stop) {
      const BusStats stats = bus.get_stats();
      std::uint64_t sum = 0;
      for (const auto& [type, count] : stats.event_counts) sum += count;
      ASSERT_EQ(stats.total_events, sum);
      ASSERT_LE(stats.total_events, 500U);
      bus.clear_buffer();
    }
  });
  for (auto& thread : threads) thread.join();
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(bus.get_stats().published_total - bus.get_recent_events("events_dropped").size(),
            published.load());
}

}  // namespace
}  // namespace tapedeck
