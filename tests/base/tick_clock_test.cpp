#include "base/tick_clock.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

// What the two clocks may differ by on a machine that preempts the test between two readings.
constexpr std::int64_t kAnyPreemption_ns = 10'000'000'000;

class TickClockTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && !cycle_counter_is_invariant()) GTEST_SKIP() << "no invariant cycle counter";
  }
};
INSTANTIATE_TEST_SUITE_P(BothSources, TickClockTest, ::testing::Bool(), [](const auto& test) {
  return test.param ? "CycleCounter" : "MonotonicClock";
});

TEST_P(TickClockTest, TellsTheSystemClocksTime) {
  const TickClock clock(GetParam());
  const std::int64_t before_ns = to_ns(now());
  const std::int64_t told_ns = clock.to_utc_ns(clock.ticks());
  EXPECT_LT(std::llabs(told_ns - before_ns), kAnyPreemption_ns);
}

std::int64_t stepped_by_ns = 0;
std::int64_t stepping_clock() noexcept {
  return utc_now_ns() + stepped_by_ns;
}

TEST_P(TickClockTest, AStepOfTheSystemClockShowsInTimesButNotInTheOrderOfTicks) {
  constexpr std::int64_t kHour_ns = 3'600'000'000'000;
  stepped_by_ns = 0;
  TickClock clock(GetParam(), &stepping_clock);
  const std::uint64_t before = clock.ticks();
  const std::int64_t before_ns = clock.to_utc_ns(before);
  stepped_by_ns = -kHour_ns;
  // Due 100 ms after construction; asked again and again, as the collector does.
  while (clock.to_utc_ns(clock.ticks()) > before_ns) clock.recalibrate_if_due();
  EXPECT_GE(clock.ticks(), before);
  EXPECT_LT(std::llabs(clock.to_utc_ns(clock.ticks()) - (utc_now_ns() - kHour_ns)),
            kAnyPreemption_ns);
}

TEST_P(TickClockTest, LaterTicksAreNeverEarlierTimes) {
  const TickClock clock(GetParam());
  std::uint64_t last_ticks = clock.ticks();
  std::int64_t last_ns = clock.to_utc_ns(last_ticks);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t ticks = clock.ticks();
    ASSERT_GE(ticks, last_ticks);
    ASSERT_GE(clock.to_utc_ns(ticks), last_ns);
    last_ticks = ticks;
    last_ns = clock.to_utc_ns(ticks);
  }
}

TEST_P(TickClockTest, TicksBeforeTheLastCalibrationConvertToo) {
  TickClock clock(GetParam());
  const std::uint64_t early = clock.ticks();
  const std::int64_t before_ns = clock.to_utc_ns(early);
  const std::uint64_t deadline_ns = monotonic_now_ns() + 120'000'000;
  while (monotonic_now_ns() < deadline_ns) {
  }
  clock.recalibrate_if_due();
  EXPECT_LT(std::llabs(clock.to_utc_ns(early) - before_ns), kAnyPreemption_ns);
}

TEST_P(TickClockTest, IsNotRecalibratedBeforeItIsDue) {
  TickClock clock(GetParam());
  const std::uint64_t ticks = clock.ticks();
  const std::uint64_t made_ns = monotonic_now_ns();
  const std::int64_t before_ns = clock.to_utc_ns(ticks);
  clock.recalibrate_if_due();
  if (monotonic_now_ns() - made_ns > 50'000'000) GTEST_SKIP() << "preempted for too long to tell";
  EXPECT_EQ(clock.to_utc_ns(ticks), before_ns);
}

}  // namespace
}  // namespace tapedeck
