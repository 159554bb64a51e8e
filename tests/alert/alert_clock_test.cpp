#include "alert/alert_clock.hpp"

#include <gtest/gtest.h>

namespace tapedeck::alert {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

struct Clocks {
  std::int64_t steady = 77 * kSecond;
  std::int64_t wall = 1'763'440'200 * kSecond;
  AlertClock clock{[this] { return from_ns(wall); }, {}, [this] { return steady; }};

  Moment pass(std::int64_t ns) {
    steady += ns;
    wall += ns;
    return clock.look();
  }
};

TEST(AlertClock, FollowsTheClockThatNobodySets) {
  Clocks clocks;
  const Moment before = clocks.pass(kSecond);
  clocks.wall += kHour;
  const Moment after = clocks.pass(kSecond);
  EXPECT_EQ(after.at - before.at, kSecond);
  EXPECT_EQ(after.wall, clocks.wall);
  clocks.wall -= 3 * kHour;
  EXPECT_EQ(clocks.pass(kSecond).at - after.at, kSecond);
}

TEST(AlertClock, LeavesOutTimeInWhichTheProcessDidNotRun) {
  Clocks clocks;
  const Moment before = clocks.pass(kSecond);
  EXPECT_EQ(clocks.pass(10 * kHour).at - before.at, AlertClock::kLongestLeapNs);
}

TEST(AlertClock, EventsAreAsOldAsTheyWereWhenTheClockIsSetAhead) {
  Clocks clocks;
  const std::int64_t event = clocks.pass(kSecond).wall;
  clocks.wall += kHour;
  clocks.pass(kSecond);
  EXPECT_EQ(clocks.clock.age_of(event), kSecond);
  EXPECT_EQ(clocks.clock.age_of(clocks.wall - 5 * kSecond), 5 * kSecond);
  for (int i = 0; i < 61; ++i) clocks.pass(kSecond);
  EXPECT_EQ(clocks.clock.age_of(event), kHour + 62 * kSecond);  // by now it is
}

TEST(AlertClock, EventsAreAsOldAsTheyWereWhenTheClockIsSetBack) {
  Clocks clocks;
  const std::int64_t event = clocks.pass(kSecond).wall;
  clocks.wall -= kHour;
  clocks.pass(kSecond);
  EXPECT_EQ(clocks.clock.age_of(event), kSecond);
  EXPECT_EQ(clocks.clock.age_of(clocks.wall), 0);
}

TEST(AlertClock, EventsOfASimulatedMarketAreAsOldAsItsClockSays) {
  std::int64_t steady = 0, wall = 1'763'440'200 * kSecond;
  const std::int64_t market = wall - 7 * kHour;
  AlertClock clock([&] { return from_ns(wall); }, [&] { return from_ns(market); },
                   [&] { return steady; });
  EXPECT_EQ(clock.look().market, market);
  EXPECT_EQ(clock.age_of(market - 3 * kSecond), 3 * kSecond);
  EXPECT_EQ(clock.age_of(wall - 2 * kSecond), 2 * kSecond);
  EXPECT_EQ(clock.age_of(market - kHour), kHour);
  EXPECT_EQ(clock.age_of(wall + kHour), 0);  // a publisher whose clock is ahead
}

}  // namespace
}  // namespace tapedeck::alert
