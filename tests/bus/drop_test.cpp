#include <gtest/gtest.h>

#include <thread>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::HeldCollector;
using testing::number_in;
using testing::numbered;
using testing::wait_until;

constexpr std::size_t kSmallest = std::size_t{128} << 10;

/// How many were dropped according to the events that say so.
std::int64_t told_drops(TelemetryBus& bus) {
  std::int64_t told = 0;
  for (const Event& event : bus.get_recent_events("events_dropped", 1000)) {
    told += number_in(event.payload, "count");
  }
  return told;
}

TEST(Drops, AFullQueueDropsCountsAndTellsReaders) {
  TelemetryBus bus({.buffer_size = 100'000,
                    .queue_initial_bytes = kSmallest,
                    .queue_limit_bytes = kSmallest,
                    .epoch = "d"});
  std::int64_t accepted = 0, dropped = 0;
  {
    HeldCollector held(bus);
    for (std::int64_t n = 0; n < 10'000; ++n) ++(bus.publish(numbered(n)) ? accepted : dropped);
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(dropped, 1000);
  EXPECT_EQ(bus.get_stats().dropped_total, static_cast<std::uint64_t>(dropped));
  EXPECT_EQ(bus.get_recent_events("t", 100'000).size(), static_cast<std::size_t>(accepted));
  EXPECT_TRUE(wait_until([&] { return told_drops(bus) == dropped; }));
  EXPECT_GT(number_in(bus.get_recent_events("events_dropped").at(0).payload, "thread"), 0);
}

TEST(Drops, AfterDropsTheQueueGoesOn) {
  TelemetryBus bus({.queue_initial_bytes = kSmallest, .queue_limit_bytes = kSmallest});
  for (int round = 0; round < 3; ++round) {
    {
      HeldCollector held(bus);
      while (bus.publish(numbered(0))) {
      }
    }
    bus.flush();
    EXPECT_TRUE(bus.publish(numbered(7)));
    EXPECT_EQ(bus.get_recent_events("t", 1).at(0).payload, R"({"n":7})");
  }
  EXPECT_EQ(bus.get_stats().dropped_total, 3U);
}

TEST(Drops, AQueueGrowsToItsLimitBeforeItDrops) {
  const std::string filler(1000, 'x');
  const auto accepted_with = [&](std::size_t limit) {
    TelemetryBus bus(
        {.buffer_size = 100'000, .queue_initial_bytes = kSmallest, .queue_limit_bytes = limit});
    HeldCollector held(bus);
    std::size_t accepted = 0;
    while (bus.publish(GenericEvent{"t", {{"filler", filler}}})) ++accepted;
    held.let_go();
    bus.flush();
    EXPECT_EQ(bus.get_stats().event_counts["t"], accepted);
    return accepted;
  };
  const std::size_t small = accepted_with(kSmallest);
  EXPECT_GT(small, kSmallest / 1100 - 2);
  EXPECT_EQ(accepted_with(kSmallest * 2), small);  // the next ring would be over the limit
  EXPECT_GT(accepted_with(kSmallest * 4), 2 * small);
  EXPECT_GT(accepted_with(kSmallest * 64), 32 * small);
}

TEST(Drops, EverythingInAGrownQueueArrivesInOrder) {
  TelemetryBus bus({.buffer_size = 200'000});
  constexpr std::int64_t kEvents = 50'000;
  {
    HeldCollector held(bus);
    for (std::int64_t n = 0; n < kEvents; ++n) ASSERT_TRUE(bus.publish(numbered(n)));
  }
  const auto events = bus.get_recent_events("t", 200'000);
  ASSERT_EQ(events.size(), static_cast<std::size_t>(kEvents));
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(number_in(events[i].payload, "n"), static_cast<std::int64_t>(i));
  }
}

TEST(Drops, OfAThreadThatHasEndedAreStillCountedAndTold) {
  TelemetryBus bus({.queue_initial_bytes = kSmallest, .queue_limit_bytes = kSmallest});
  std::int64_t dropped = 0;
  {
    HeldCollector held(bus);
    std::thread([&] {
      for (int n = 0; n < 10'000; ++n) dropped += bus.publish(numbered(n)) ? 0 : 1;
    }).join();
  }
  EXPECT_GT(dropped, 0);
  EXPECT_TRUE(wait_until([&] { return told_drops(bus) == dropped; }));
  EXPECT_EQ(bus.get_stats().dropped_total, static_cast<std::uint64_t>(dropped));
}

TEST(Rejections, ABadTypeIsRefusedAtOnceAndCounted) {
  TelemetryBus bus;
  for (const char* type : {"", "a b", "a\n", "\xC3\xA9", "a/b", "a\"b"}) {
    EXPECT_FALSE(bus.publish(GenericEvent{type, {}})) << type;
  }
  EXPECT_FALSE(bus.publish(GenericEvent{std::string(65, 'x'), {}}));
  EXPECT_TRUE(bus.publish(GenericEvent{std::string(64, 'x'), {}}));
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.rejected_total, 7U);
  EXPECT_EQ(stats.published_total, 1U);
  EXPECT_EQ(stats.dropped_total, 0U);
}

TEST(Rejections, APayloadOf64KiBIsFineAndOneByteMoreIsCounted) {
  TelemetryBus bus;
  const std::size_t overhead = std::string(R"({"s":""})").size();
  const std::string fits(kMaxPayloadBytes - overhead, 'x');
  EXPECT_TRUE(bus.publish(GenericEvent{"t", {{"s", fits}}}));
  bus.publish(GenericEvent{"t", {{"s", fits + "x"}}});
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.total_events, 1U);
  EXPECT_EQ(stats.rejected_total, 1U);
  EXPECT_EQ(bus.get_recent_events().at(0).payload.size(), kMaxPayloadBytes);
}

TEST(Rejections, APayloadThatGrowsBeyond64KiBAsJsonIsCounted) {
  TelemetryBus bus;
  EXPECT_TRUE(bus.publish(GenericEvent{"t", {{"s", std::string(60'000, '"')}}}));
  EXPECT_TRUE(bus.publish(numbered(1)));
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.rejected_total, 1U);
  EXPECT_EQ(stats.published_total, 1U);
}

TEST(Rejections, AnAbsurdlyLargeEventIsRefusedAtOnce) {
  TelemetryBus bus;
  EXPECT_FALSE(bus.publish(GenericEvent{"t", {{"s", std::string(10'000'000, 'x')}}}));
  EXPECT_FALSE(bus.publish(SignalEvent{.symbol = std::string(70 * 1024, 'x')}));
  EXPECT_EQ(bus.get_stats().rejected_total, 2U);
  EXPECT_EQ(bus.get_stats().published_total, 0U);
}

TEST(Rejections, TypesBeyondTheLimitAreCounted) {
  TelemetryBus bus({.buffer_size = 10'000});
  const std::size_t free = EventLog::kMaxTypes - detail::kKnownEventCount;
  for (std::size_t n = 0; n < free + 10; ++n) {
    bus.publish(GenericEvent{"type" + std::to_string(n), {}});
  }
  EXPECT_TRUE(bus.publish(GenericEvent{"type0", {}}));
  EXPECT_TRUE(bus.publish(SignalEvent{.symbol = "S"}));
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.rejected_total, 10U);
  EXPECT_EQ(stats.published_total, free + 2);
  EXPECT_EQ(stats.event_types.size(), free + 1);
  EXPECT_EQ(stats.event_counts.at("type0"), 2U);
}

}  // namespace
}  // namespace tapedeck
