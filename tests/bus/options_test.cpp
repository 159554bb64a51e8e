#include <gtest/gtest.h>

#include <stdexcept>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::numbered;
using testing::wait_until;

TEST(BusOptions, OutOfRangeIsRefusedAtConstruction) {
  EXPECT_THROW(TelemetryBus({.buffer_size = 0}), std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.queue_initial_bytes = 100'000}), std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.queue_initial_bytes = std::size_t{64} << 10}), std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.queue_initial_bytes = std::size_t{1} << 20,
                             .queue_limit_bytes = std::size_t{1} << 19}),
               std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.epoch = "Upper"}), std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.epoch = "a-b"}), std::invalid_argument);
  EXPECT_THROW(TelemetryBus({.epoch = std::string(33, 'a')}), std::invalid_argument);
}

TEST(BusOptions, TheEpochNamesTheHistoryInEveryId) {
  TelemetryBus bus({.epoch = "9f3c21"});
  bus.publish(numbered(1));
  EXPECT_EQ(bus.get_stats().epoch, "9f3c21");
  EXPECT_NE(bus.get_recent_events().at(0).json.find(R"("id":"9f3c21-1")"), std::string::npos);
}

TEST(BusOptions, WithoutAnEpochEachBusHasItsOwn) {
  TelemetryBus one, other;
  EXPECT_FALSE(one.get_stats().epoch.empty());
  EXPECT_NE(one.get_stats().epoch, other.get_stats().epoch);
}

class EveryPolicy : public ::testing::TestWithParam<CollectorPolicy> {};
INSTANTIATE_TEST_SUITE_P(, EveryPolicy,
                         ::testing::Values(CollectorPolicy::balanced, CollectorPolicy::low_latency,
                                           CollectorPolicy::economy));

TEST_P(EveryPolicy, TheCollectorFindsEventsWithoutBeingAsked) {
  TelemetryBus bus({.collector = GetParam()});
  EventLog& log = BusAccess::log(bus);
  for (std::uint64_t n = 1; n <= 20; ++n) {
    bus.publish(numbered(static_cast<std::int64_t>(n)));
    ASSERT_TRUE(wait_until([&] { return log.last_seq() == n; }));
  }
}

TEST_P(EveryPolicy, ReadsSeeOwnWritesAtOnce) {
  TelemetryBus bus({.collector = GetParam()});
  for (std::int64_t n = 1; n <= 200; ++n) {
    bus.publish(numbered(n));
    ASSERT_EQ(bus.get_recent_events({}, 1).at(0).payload, testing::payload_of_numbered(n));
  }
}

TEST_P(EveryPolicy, EventsStillQueuedAtTheEndDisturbNobody) {
  for (int round = 0; round < 5; ++round) {
    TelemetryBus bus({.collector = GetParam()});
    for (std::int64_t n = 0; n < 1000; ++n) bus.publish(numbered(n));
  }
}

TEST(Bus, TheProcessHasOneAndItIsAnOrdinaryOne) {
  TelemetryBus& bus = get_telemetry_bus();
  EXPECT_EQ(&bus, &get_telemetry_bus());
  bus.publish(numbered(1));
  EXPECT_EQ(bus.get_stats().buffer_size, 5000U);
  EXPECT_GE(bus.get_stats().total_events, 1U);
}

}  // namespace
}  // namespace tapedeck
