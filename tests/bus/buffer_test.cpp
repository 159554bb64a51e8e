#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "bus/access.hpp"
#include "support/bus.hpp"

namespace tapedeck {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::numbered;
using testing::payloads;

void expect_consistent(const BusStats& stats) {
  std::uint64_t sum = 0;
  for (const auto& [type, count] : stats.event_counts) {
    EXPECT_GT(count, 0U);
    EXPECT_NE(std::find(stats.event_types.begin(), stats.event_types.end(), type),
              stats.event_types.end());
    sum += count;
  }
  EXPECT_EQ(stats.total_events, sum);
  EXPECT_TRUE(std::is_sorted(stats.event_types.begin(), stats.event_types.end()));
  EXPECT_EQ(stats.published_total, stats.last_seq);
  EXPECT_LE(stats.total_events, stats.buffer_size);
  EXPECT_EQ(stats.first_seq, stats.total_events == 0 ? 0 : stats.last_seq + 1 - stats.total_events);
  EXPECT_LE(stats.evicted_total + stats.total_events, stats.published_total);
}

TEST(Buffer, OfOneKeepsTheNewest) {
  TelemetryBus bus({.buffer_size = 1});
  for (int n = 1; n <= 3; ++n) {
    bus.publish(numbered(n));
    EXPECT_EQ(bus.get_recent_events().size(), 1U);
  }
  EXPECT_THAT(payloads(bus.get_recent_events()), ElementsAre(R"({"n":3})"));
  EXPECT_EQ(bus.get_stats().evicted_total, 2U);
  expect_consistent(bus.get_stats());
}

TEST(Buffer, HoldsExactlyItsSizeAndEvictsTheOldestAfterThat) {
  TelemetryBus bus({.buffer_size = 5});
  for (int n = 1; n <= 5; ++n) bus.publish(numbered(n));
  EXPECT_EQ(bus.get_stats().total_events, 5U);
  EXPECT_EQ(bus.get_stats().evicted_total, 0U);
  EXPECT_EQ(bus.get_recent_events().front().payload, R"({"n":1})");
  bus.publish(numbered(6));
  EXPECT_EQ(bus.get_stats().total_events, 5U);
  EXPECT_EQ(bus.get_stats().evicted_total, 1U);
  EXPECT_EQ(bus.get_stats().first_seq, 2U);
  EXPECT_EQ(bus.get_recent_events().front().payload, R"({"n":2})");
  expect_consistent(bus.get_stats());
}

TEST(Buffer, MadeSmallerForgetsTheOldestAtOnce) {
  TelemetryBus bus({.buffer_size = 5});
  for (int n = 1; n <= 5; ++n) bus.publish(numbered(n));
  BusAccess::set_buffer_size(bus, 2);
  EXPECT_EQ(bus.get_stats().buffer_size, 2U);
  EXPECT_EQ(bus.get_stats().evicted_total, 3U);
  EXPECT_THAT(payloads(bus.get_recent_events()), ElementsAre(R"({"n":4})", R"({"n":5})"));
  expect_consistent(bus.get_stats());
}

TEST(Buffer, MadeLargerKeepsMoreFromThenOn) {
  TelemetryBus bus({.buffer_size = 2});
  for (int n = 1; n <= 3; ++n) bus.publish(numbered(n));
  BusAccess::set_buffer_size(bus, 4);
  for (int n = 4; n <= 6; ++n) bus.publish(numbered(n));
  EXPECT_THAT(payloads(bus.get_recent_events()),
              ElementsAre(R"({"n":3})", R"({"n":4})", R"({"n":5})", R"({"n":6})"));
  EXPECT_EQ(bus.get_stats().evicted_total, 2U);
  EXPECT_THROW(BusAccess::set_buffer_size(bus, 0), std::invalid_argument);
  expect_consistent(bus.get_stats());
}

TEST(Buffer, CountsOfATypeFallWhenItsEventsAreEvicted) {
  TelemetryBus bus({.buffer_size = 3});
  bus.publish(GenericEvent{"a", {}});
  bus.publish(GenericEvent{"b", {}});
  for (int n = 0; n < 2; ++n) bus.publish(GenericEvent{"c", {}});
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.event_counts, (std::map<std::string, std::uint64_t>{{"b", 1}, {"c", 2}}));
  EXPECT_THAT(stats.event_types, ElementsAre("a", "b", "c"));
  expect_consistent(stats);
}

TEST(Buffer, MemoryBoundsTheEventsWhenTheSizeDoesNot) {
  TelemetryBus bus({.buffer_size = 1'000'000, .log_bytes = std::size_t{4} << 20});
  const std::string filler(1000, 'x');
  for (int n = 0; n < 20'000; ++n) {
    // Never a full queue: what it drops would be told in an event of the bus's own, some time
    // later.
    if (n % 1000 == 0) bus.flush();
    ASSERT_TRUE(bus.publish(GenericEvent{"t", {{"n", n}, {"filler", filler}}}));
  }
  const BusStats stats = bus.get_stats();
  expect_consistent(stats);
  EXPECT_LT(stats.total_events, (std::size_t{4} << 20) / 1000);
  EXPECT_GT(stats.total_events, (std::size_t{2} << 20) / 1200);
  EXPECT_EQ(stats.evicted_total + stats.total_events, stats.published_total);
  const auto events = bus.get_recent_events({}, 1'000'000);
  ASSERT_EQ(events.size(), stats.total_events);
  EXPECT_EQ(events.front().seq, stats.first_seq);
  EXPECT_EQ(events.back().seq, stats.last_seq);
}

TEST(Buffer, StaysConsistentThroughEverySizeAndManyTurnsOfTheRing) {
  for (const std::size_t size : {1U, 2U, 1000U, 8191U, 8192U, 8193U, 40'000U}) {
    TelemetryBus bus({.buffer_size = size, .log_bytes = std::size_t{4} << 20});
    for (int n = 0; n < 60'000; ++n) {
      bus.publish(GenericEvent{n % 3 == 0 ? "a" : "b", {{"n", n}}});
      if (n % 7000 == 0) expect_consistent(bus.get_stats());
    }
    const BusStats stats = bus.get_stats();
    expect_consistent(stats);
    EXPECT_EQ(stats.evicted_total + stats.total_events, stats.published_total);
    EXPECT_EQ(bus.get_recent_events({}, 100'000).size(), stats.total_events);
  }
}

TEST(Buffer, ClearHidesWhatWasPublishedAndKeepsTheNumbers) {
  TelemetryBus bus;
  for (int n = 1; n <= 3; ++n) bus.publish(numbered(n));
  bus.clear_buffer();
  EXPECT_THAT(bus.get_recent_events(), IsEmpty());
  EXPECT_THAT(bus.snapshot(Timestamp::min()), IsEmpty());
  BusStats stats = bus.get_stats();
  expect_consistent(stats);
  EXPECT_EQ(stats.total_events, 0U);
  EXPECT_EQ(stats.published_total, 3U);
  EXPECT_EQ(stats.evicted_total, 0U);
  EXPECT_THAT(stats.event_counts, IsEmpty());
  EXPECT_THAT(stats.event_types, ElementsAre("t"));

  bus.publish(numbered(4));
  EXPECT_THAT(payloads(bus.get_recent_events()), ElementsAre(R"({"n":4})"));
  EXPECT_EQ(bus.get_recent_events().at(0).seq, 4U);
  expect_consistent(bus.get_stats());
}

TEST(Buffer, ClearingAtEverySegmentBorderIsSound) {
  TelemetryBus bus({.buffer_size = 1'000'000, .log_bytes = std::size_t{4} << 20});
  for (int n = 1; n <= 8192 * 12; ++n) {
    bus.publish(numbered(n));
    if (n % 4096 == 0) {
      expect_consistent(bus.get_stats());
      if (n % 8192 == 0) bus.clear_buffer();
    }
  }
  expect_consistent(bus.get_stats());
  EXPECT_EQ(bus.get_stats().total_events, 0U);
}

TEST(Buffer, ClearingTwiceAndClearingNothingAreFine) {
  TelemetryBus bus;
  bus.clear_buffer();
  bus.publish(numbered(1));
  bus.clear_buffer();
  bus.clear_buffer();
  expect_consistent(bus.get_stats());
  EXPECT_EQ(bus.get_stats().published_total, 1U);
}

TEST(Stats, TellTheRateOfTheLastSecondsAndTheUptime) {
  TelemetryBus bus;
  for (int n = 0; n < 1000; ++n) bus.publish(numbered(n));
  EXPECT_TRUE(testing::wait_until([&] {
    bus.publish(numbered(0));
    return bus.get_stats().events_per_second > 0;
  }));
  EXPECT_GT(bus.get_stats().uptime_seconds, 0);
}

}  // namespace
}  // namespace tapedeck
