#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::numbered;
using testing::payloads;

TEST(Reads, AnEventComesBackWhole) {
  TelemetryBus bus({.epoch = "e1"});
  const Timestamp at = *parse_rfc3339("2025-11-18T07:55:41.123456Z");
  ASSERT_TRUE(bus.publish(
      SignalEvent{.symbol = "NIFTY", .strategy_name = "momentum", .signal = "BUY"}, at));
  const auto events = bus.get_recent_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].seq, 1U);
  EXPECT_EQ(events[0].type, "signal_event");
  EXPECT_EQ(events[0].timestamp, at);
  EXPECT_EQ(events[0].payload, R"({"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY"})");
  EXPECT_EQ(events[0].json,
            R"({"type":"signal_event","timestamp":"2025-11-18T07:55:41.123456Z","payload":)"
            R"({"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY"},"id":"e1-1"})");
}

TEST(Reads, WithoutATimeTheMomentOfTheCallIsTaken) {
  TelemetryBus bus;
  const Timestamp before = now();
  bus.publish(numbered(1));
  const Timestamp after = now();
  const Timestamp told = bus.get_recent_events().at(0).timestamp;
  using namespace std::chrono_literals;
  EXPECT_GE(told, before - 1s);  // the system clock may be set meanwhile
  EXPECT_LE(told, after + 1s);
}

TEST(Reads, AnEmptyBusHasNothing) {
  TelemetryBus bus;
  EXPECT_THAT(bus.get_recent_events(), IsEmpty());
  EXPECT_THAT(bus.snapshot(from_ns(0)), IsEmpty());
  EXPECT_THAT(bus.get_event_types(), IsEmpty());
  const BusStats stats = bus.get_stats();
  EXPECT_EQ(stats.total_events, 0U);
  EXPECT_EQ(stats.published_total, 0U);
  EXPECT_EQ(stats.first_seq, 0U);
  EXPECT_EQ(stats.last_seq, 0U);
}

TEST(Reads, TheNewestComeLastAndTheLimitKeepsTheNewest) {
  TelemetryBus bus;
  for (int n = 1; n <= 10; ++n) bus.publish(numbered(n));
  EXPECT_THAT(payloads(bus.get_recent_events({}, 3)),
              ElementsAre(R"({"n":8})", R"({"n":9})", R"({"n":10})"));
  EXPECT_EQ(bus.get_recent_events({}, 1000).size(), 10U);
  EXPECT_THROW(bus.get_recent_events({}, 0), std::invalid_argument);
}

TEST(Reads, OneTypeIsFoundAmongOthers) {
  TelemetryBus bus;
  for (int n = 1; n <= 300; ++n) {
    bus.publish(numbered(n));
    if (n % 100 == 0) bus.publish(GenericEvent{"rare", {{"n", n}}});
  }
  EXPECT_THAT(payloads(bus.get_recent_events("rare", 2)),
              ElementsAre(R"({"n":200})", R"({"n":300})"));
  EXPECT_EQ(bus.get_recent_events("rare").size(), 3U);
  EXPECT_THAT(bus.get_recent_events("never"), IsEmpty());
  EXPECT_THAT(bus.get_recent_events("rar"), IsEmpty());
  EXPECT_THAT(bus.get_event_types(), ElementsAre("rare", "t"));
}

TEST(Reads, ReachOverSegmentBorders) {
  TelemetryBus bus({.buffer_size = 30'000});
  for (int n = 1; n <= 30'000; ++n) bus.publish(numbered(n));  // a segment takes 8192
  const auto events = bus.get_recent_events({}, 30'000);
  ASSERT_EQ(events.size(), 30'000U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i].seq, i + 1);
    ASSERT_EQ(events[i].payload, testing::payload_of_numbered(static_cast<std::int64_t>(i + 1)));
  }
  EXPECT_EQ(bus.snapshot(Timestamp::min()).size(), 30'000U);
}

TEST(Reads, ASnapshotGoesByEventTime) {
  TelemetryBus bus;
  bus.publish(numbered(1), from_ns(1000));
  bus.publish(numbered(2), from_ns(3000));
  bus.publish(numbered(3), from_ns(2000));
  EXPECT_THAT(payloads(bus.snapshot(from_ns(2000))), ElementsAre(R"({"n":2})", R"({"n":3})"));
  EXPECT_THAT(payloads(bus.snapshot(from_ns(3001))), IsEmpty());
}

TEST(Reads, APayloadIsCopiedWhenPublished) {
  TelemetryBus bus;
  std::string symbol = "NIFTY";
  Map map{{"a", 1}};
  bus.publish(SignalEvent{.symbol = symbol, .extra = map});
  symbol = "WRONG";
  map.set("b", 2);
  EXPECT_EQ(bus.get_recent_events().at(0).payload,
            R"({"symbol":"NIFTY","strategy_name":"","signal":"","a":1})");
}

TEST(Reads, FlushWaitsForTheCallersEvents) {
  TelemetryBus bus({.collector = CollectorPolicy::economy});
  for (int n = 1; n <= 1000; ++n) bus.publish(numbered(n));
  bus.flush();
  EXPECT_EQ(BusAccess::log(bus).last_seq(), 1000U);
}

}  // namespace
}  // namespace tapedeck
