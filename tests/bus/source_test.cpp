#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::numbered;

TEST(Source, RegisteringTheSameTwiceGivesTheSameId) {
  TelemetryBus bus;
  const SourceId one = bus.register_source({.host = "a1", .engine_id = "e1"});
  const SourceId other = bus.register_source({.host = "a1", .engine_id = "e2"});
  EXPECT_NE(one, SourceId::none);
  EXPECT_NE(one, other);
  EXPECT_EQ(bus.register_source({.host = "a1", .engine_id = "e1"}), one);
  EXPECT_EQ(bus.register_source({}), SourceId::none);
}

TEST(Source, IsWrittenIntoTheEventsThatNameIt) {
  TelemetryBus bus({.epoch = "e"});
  const SourceId source = bus.register_source(
      {.host = "a1", .engine_id = "e1", .run_id = "r", .account = "acc", .mode = "paper"});
  bus.publish(numbered(1), from_ns(1), source);
  bus.publish(numbered(2), from_ns(1));
  const auto events = bus.get_recent_events();
  EXPECT_EQ(
      events.at(0).json,
      R"({"type":"t","timestamp":"1970-01-01T00:00:00.000000Z","payload":{"n":1},"id":"e-1",)"
      R"("source":{"host":"a1","engine_id":"e1","run_id":"r","account":"acc","mode":"paper"}})");
  EXPECT_EQ(events.at(1).json.find("source"), std::string::npos);
}

TEST(Source, MayBeRegisteredWhileOthersPublish) {
  TelemetryBus bus({.buffer_size = 100'000});
  std::vector<std::thread> threads;
  for (int me = 0; me < 4; ++me) {
    threads.emplace_back([&, me] {
      for (int n = 0; n < 200; ++n) {
        const std::string engine = std::to_string(me) + "." + std::to_string(n);
        const SourceId source = bus.register_source({.engine_id = engine});
        bus.publish(GenericEvent{"t", {{"engine", engine}}}, kNow, source);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto events = bus.get_recent_events({}, 1000);
  ASSERT_EQ(events.size(), 800U);
  for (const Event& event : events) {
    const std::string engine = event.payload.substr(11, event.payload.size() - 13);
    ASSERT_NE(event.json.find(R"("source":{"engine_id":")" + engine + "\"}"), std::string::npos)
        << event.json;
  }
}

TEST(Source, OfAnotherBusIsNoSource) {
  TelemetryBus one, other;
  SourceId last = SourceId::none;
  for (int n = 0; n < 100; ++n) last = one.register_source({.host = std::to_string(n)});
  other.publish(numbered(1), kNow, last);
  const auto events = other.get_recent_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].json.find("source"), std::string::npos);
}

TEST(Source, AFieldLongerThan256BytesIsRefused) {
  TelemetryBus bus;
  EXPECT_NO_THROW(bus.register_source({.host = std::string(256, 'h')}));
  EXPECT_THROW(bus.register_source({.host = std::string(257, 'h')}), std::length_error);
}

}  // namespace
}  // namespace tapedeck
