#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/bus.hpp"

namespace tapedeck {
namespace {

using testing::number_in;
using testing::numbered;
using testing::wait_until;

/// What a callback got, for the test's thread to look at.
class Received {
 public:
  void add(const Event& event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::vector<Event> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::size_t count() const { return events().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

TEST(Subscriber, GetsEachEventFromNowOnOnceAndInOrder) {
  TelemetryBus bus;
  bus.publish(numbered(-1));
  Received received;
  bus.subscribe({}, [&](const Event& event) { received.add(event); });
  for (int n = 0; n < 5000; ++n) bus.publish(numbered(n));
  ASSERT_TRUE(wait_until([&] { return received.count() >= 5000; }));
  const auto events = received.events();
  ASSERT_EQ(events.size(), 5000U);
  for (std::size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i].seq, i + 2);
    ASSERT_EQ(number_in(events[i].payload, "n"), static_cast<std::int64_t>(i));
  }
}

TEST(Subscriber, GetsOnlyWhatItsFilterWants) {
  TelemetryBus bus;
  Received received;
  bus.subscribe({.symbol = {"NIFTY", "SBIN"}}, [&](const Event& event) { received.add(event); });
  for (const char* symbol : {"NIFTY", "INFY", "SBIN", "NIFTY2"}) {
    bus.publish(SignalEvent{.symbol = symbol});
  }
  bus.publish(SignalEvent{.symbol = "NIFTY", .signal = "last"});
  ASSERT_TRUE(wait_until([&] { return received.count() == 3; }));
  EXPECT_EQ(received.events()[0].seq, 1U);
  EXPECT_EQ(received.events()[1].seq, 3U);
  EXPECT_EQ(received.events()[2].seq, 5U);
}

TEST(Subscriber, ThatIsSlowDelaysNobody) {
  TelemetryBus bus;
  std::atomic<bool> let_go{false}, stuck{false};
  Received received;
  bus.subscribe({}, [&](const Event&) {
    stuck = true;
    wait_until([&] { return let_go.load(); });
  });
  bus.subscribe({}, [&](const Event& event) { received.add(event); });
  bus.publish(numbered(0));
  ASSERT_TRUE(wait_until([&] { return stuck.load(); }));
  for (int n = 1; n < 1000; ++n) ASSERT_TRUE(bus.publish(numbered(n)));
  EXPECT_EQ(bus.get_stats().total_events, 1000U);
  EXPECT_TRUE(wait_until([&] { return received.count() == 1000; }));
  let_go = true;
}

TEST(Subscriber, ThatThrowsGetsTheNextEventToo) {
  TelemetryBus bus;
  std::atomic<int> calls{0};
  bus.subscribe({}, [&](const Event&) {
    ++calls;
    throw std::runtime_error("not my day");
  });
  for (int n = 0; n < 10; ++n) bus.publish(numbered(n));
  EXPECT_TRUE(wait_until([&] { return calls == 10; }));
  EXPECT_TRUE(wait_until([&] { return bus.get_stats().callback_errors_total == 10; }));
  EXPECT_TRUE(bus.publish(numbered(10)));
}

TEST(Subscriber, MayPublishFromItsCallback) {
  TelemetryBus bus;
  Received received;
  bus.subscribe({.event_type = {"question"}}, [&](const Event& event) {
    bus.publish(GenericEvent{"answer", {{"to", event.seq}}});
  });
  bus.subscribe({.event_type = {"answer"}}, [&](const Event& event) { received.add(event); });
  for (int n = 0; n < 100; ++n) bus.publish(GenericEvent{"question", {}});
  EXPECT_TRUE(wait_until([&] { return received.count() == 100; }));
}

TEST(Subscriber, MayReadAndSubscribeFromItsCallback) {
  TelemetryBus bus;
  std::atomic<std::uint64_t> total{0};
  std::atomic<int> late_calls{0};
  bus.subscribe({.event_type = {"first"}}, [&](const Event&) {
    bus.subscribe({}, [&](const Event&) { ++late_calls; });
    total = bus.get_stats().total_events;
  });
  bus.publish(GenericEvent{"first", {}});
  ASSERT_TRUE(wait_until([&] { return total == 1; }));
  bus.publish(numbered(1));
  EXPECT_TRUE(wait_until([&] { return late_calls == 1; }));
}

TEST(Subscriber, IsNotCalledAfterUnsubscribeReturned) {
  TelemetryBus bus;
  for (int round = 0; round < 50; ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    const auto id = bus.subscribe({}, [&calls = *alive](const Event&) { ++calls; });
    bus.publish(numbered(round));
    ASSERT_TRUE(wait_until([&] { return round % 2 == 1 || *alive > 0; }));
    ASSERT_TRUE(bus.unsubscribe(id));
    ASSERT_FALSE(bus.unsubscribe(id));
    alive.reset();  // a late call would be a use after free
    bus.publish(numbered(round));
  }
  EXPECT_EQ(bus.get_stats().subscribers, 0U);
  EXPECT_FALSE(bus.unsubscribe(4711));
}

TEST(Subscriber, MayUnsubscribeItselfAndIsNotCalledAgain) {
  TelemetryBus bus;
  std::atomic<std::uint64_t> id{0};
  std::atomic<int> calls{0};
  std::atomic<bool> unsubscribed{false};
  id = bus.subscribe({}, [&](const Event&) {
    ++calls;
    wait_until([&] { return id != 0; });
    unsubscribed = bus.unsubscribe(id);
  });
  for (int n = 0; n < 100; ++n) bus.publish(numbered(n));
  ASSERT_TRUE(wait_until([&] { return unsubscribed.load(); }));
  EXPECT_EQ(bus.get_stats().subscribers, 0U);
  bus.publish(numbered(100));
  bus.flush();
  EXPECT_EQ(calls, 1);
}

TEST(Subscriber, ThatUnsubscribedItselfMayStillBeRunningWhenTheBusEnds) {
  std::atomic<int> step{0};
  auto bus = std::make_unique<TelemetryBus>();
  std::atomic<std::uint64_t> id{0};
  id = bus->subscribe({}, [&, the_bus = bus.get()](const Event&) {
    wait_until([&] { return id != 0; });
    the_bus->unsubscribe(id);
    step = 1;
    for (int n = 0; n < 1000; ++n) std::this_thread::yield();
    step = 2;
    throw std::runtime_error("and in a bad mood");
  });
  bus->publish(numbered(1));
  ASSERT_TRUE(wait_until([&] { return step >= 1; }));
  bus.reset();
  EXPECT_EQ(step, 2);
}

TEST(Subscriber, ThatFallsBehindTheLogMissesWhatWasEvictedAndGoesOn) {
  TelemetryBus bus({.log_bytes = std::size_t{4} << 20});
  std::atomic<bool> let_go{false}, stuck{false};
  Received received;
  bus.subscribe({}, [&](const Event& event) {
    stuck = true;
    wait_until([&] { return let_go.load(); });
    received.add({event.seq, {}, {}, {}, {}});
  });
  bus.publish(numbered(1));
  ASSERT_TRUE(wait_until([&] { return stuck.load(); }));
  const std::string filler(1000, 'x');
  for (int n = 0; n < 20'000; ++n) {
    if (n % 1000 == 0) bus.flush();  // a full queue's drops would be told after the newest
    ASSERT_TRUE(bus.publish(GenericEvent{"t", {{"filler", filler}}}));
  }
  bus.flush();
  const std::uint64_t oldest = BusAccess::log(bus).first_seq();
  const std::uint64_t newest = BusAccess::log(bus).last_seq();
  ASSERT_GT(oldest, 10'000U);
  let_go = true;
  ASSERT_TRUE(
      wait_until([&] { return received.count() > 0 && received.events().back().seq == newest; }));
  const auto events = received.events();
  EXPECT_LT(events.size(), newest);
  std::size_t jumps = 0;
  for (std::size_t i = 1; i < events.size(); ++i) {
    ASSERT_GT(events[i].seq, events[i - 1].seq);
    if (events[i].seq != events[i - 1].seq + 1) ++jumps;
  }
  EXPECT_EQ(jumps, 1U);
}

TEST(Subscriber, ManySubscribeAndUnsubscribeAtOnce) {
  TelemetryBus bus;
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    for (std::int64_t n = 0; !stop; ++n) {
      bus.publish(numbered(n));
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 30; ++round) {
        std::atomic<int> calls{0};
        const auto id = bus.subscribe({}, [&](const Event&) { ++calls; });
        wait_until([&] { return calls > 0; });
        bus.unsubscribe(id);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  stop = true;
  publisher.join();
  EXPECT_EQ(bus.get_stats().subscribers, 0U);
}

TEST(Subscriber, TheEndOfTheBusEndsSubscribers) {
  std::atomic<int> calls{0};
  {
    TelemetryBus bus;
    for (int i = 0; i < 5; ++i) bus.subscribe({}, [&](const Event&) { ++calls; });
    bus.publish(numbered(1));
    ASSERT_TRUE(wait_until([&] { return calls == 5; }));
  }
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace tapedeck
