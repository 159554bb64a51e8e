// Events from outside, through BusAccess.
#include <gtest/gtest.h>

#include <thread>

#include "event/event_decoder.hpp"
#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::numbered;
using testing::payloads;

Result<SeqRange> append(TelemetryBus& bus, const std::string& text) {
  EventDecoder decoder;
  const auto events = decoder.decode_copy(text, BatchFormat::json);
  if (!events) return events.error();
  return BusAccess::append(bus, *events);
}

TEST(Append, GivesABatchConsecutiveNumbersAfterWhatWasPublishedBefore) {
  TelemetryBus bus({.collector = CollectorPolicy::economy, .epoch = "e"});
  for (int n = 0; n < 10; ++n) bus.publish(numbered(n));
  const auto range =
      append(bus, R"([{"type":"a","payload":{}},{"type":"b","payload":{"x":1.50}}])");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->first, 11U);
  EXPECT_EQ(range->last, 12U);
  const auto events = bus.get_recent_events({}, 1);
  EXPECT_EQ(events[0].payload, R"({"x":1.50})");
  EXPECT_NE(events[0].json.find(R"("id":"e-12")"), std::string::npos);
}

TEST(Append, IsInTheLogWhenItReturns) {
  TelemetryBus bus;
  ASSERT_TRUE(append(bus, R"({"type":"a","payload":{}})").ok());
  EXPECT_EQ(BusAccess::log(bus).last_seq(), 1U);
}

TEST(Append, KeepsTimestampAndSourceAndTakesTheTimeOfReceiptWithout) {
  TelemetryBus bus({.epoch = "e"});
  ASSERT_TRUE(append(bus, R"({"type":"a","timestamp":"2025-11-18T13:25:41+05:30","payload":{},)"
                          R"("source":{"host":"a1","x":[1]}})")
                  .ok());
  EXPECT_EQ(bus.get_recent_events().at(0).json,
            R"({"type":"a","timestamp":"2025-11-18T07:55:41.000000Z","payload":{},"id":"e-1",)"
            R"("source":{"host":"a1","x":[1]}})");
  const Timestamp before = now() - std::chrono::seconds(1);
  ASSERT_TRUE(append(bus, R"({"type":"a","payload":{}})").ok());
  EXPECT_GT(bus.get_recent_events().back().timestamp, before);
}

TEST(Append, TooManyTypesRejectTheWholeBatch) {
  TelemetryBus bus;
  for (std::size_t n = 0; n < EventLog::kMaxTypes; ++n) {
    bus.publish(GenericEvent{"type" + std::to_string(n), {}});
  }
  bus.flush();
  const std::uint64_t before = bus.get_stats().published_total;
  const auto range = append(bus, R"([{"type":"type0","payload":{}},{"type":"new","payload":{}}])");
  ASSERT_FALSE(range.ok());
  EXPECT_EQ(range.error().code, "too_many_types");
  EXPECT_EQ(range.error().field, "/1/type");
  EXPECT_EQ(bus.get_stats().published_total, before);
}

TEST(Append, MixesWithPublishersAndKeepsBatchesTogether) {
  TelemetryBus bus({.buffer_size = 100'000});
  std::thread publisher([&] {
    for (int n = 0; n < 20'000; ++n) bus.publish(numbered(n));
  });
  for (int n = 0; n < 200; ++n) {
    const auto range = append(
        bus, R"([{"type":"x","payload":{}},{"type":"y","payload":{}},{"type":"z","payload":{}}])");
    ASSERT_TRUE(range.ok());
    ASSERT_EQ(range->last, range->first + 2);
  }
  publisher.join();
  const auto events = bus.get_recent_events({}, 100'000);
  ASSERT_EQ(events.size(), 20'600U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i].seq, i + 1);
    if (events[i].type != "x") continue;
    ASSERT_EQ(events[i + 1].type, "y");
    ASSERT_EQ(events[i + 2].type, "z");
  }
}

TEST(CommitListener, IsCalledAfterCommitsUntilRemoved) {
  TelemetryBus bus;
  std::atomic<int> calls{0};
  const auto first = BusAccess::add_commit_listener(bus, [&] { ++calls; });
  const auto second = BusAccess::add_commit_listener(bus, [] {});
  bus.publish(numbered(1));
  bus.flush();
  EXPECT_GE(calls, 1);
  BusAccess::remove_commit_listener(bus, first);
  const int before = calls;
  bus.publish(numbered(2));
  bus.flush();
  EXPECT_EQ(calls, before);
  BusAccess::remove_commit_listener(bus, second);
}

}  // namespace
}  // namespace tapedeck
