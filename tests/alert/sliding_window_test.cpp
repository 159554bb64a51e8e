#include "alert/sliding_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace tapedeck::alert {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(RecentTimes, KnowTheOldestOfTheNewestWhateverTheOrder) {
  RecentTimes times(3);
  times.add(10);
  times.add(30);
  EXPECT_EQ(times.nth_newest(), kNever);
  times.add(20);
  EXPECT_EQ(times.nth_newest(), 10);
  times.add(5);  // older than all three
  EXPECT_EQ(times.nth_newest(), 10);
  times.add(40);
  EXPECT_EQ(times.nth_newest(), 20);
  EXPECT_EQ(times.newest(), 40);
  EXPECT_EQ(times.count_after(20), 2U);
  EXPECT_EQ(times.count_after(19), 3U);
}

TEST(RecentTimes, StayRightOverManyEvents) {
  RecentTimes times(100);
  for (std::int64_t at = 1; at <= 10'000; ++at) {
    times.add(at);
    ASSERT_EQ(times.nth_newest(), at < 100 ? kNever : at - 99);
  }
}

TEST(SlidingAggregate, AgreesWithTheValuesOfTheWindowUpToOneStep) {
  std::mt19937 random(1);  // NOLINT: the same every time
  std::deque<std::pair<std::int64_t, double>> values;
  SlidingAggregate sum(Aggregate::sum, 60s), least(Aggregate::min, 60s), most(Aggregate::max, 60s);
  std::int64_t at = 1000 * kSecond;
  for (int i = 0; i < 5000; ++i) {
    at += static_cast<std::int64_t>(random() % 400) * 1'000'000;
    const double value = static_cast<double>(random() % 1000);
    for (SlidingAggregate* window : {&sum, &least, &most}) window->add(at, value);
    values.emplace_back(at, value);
    const auto figures = [&](std::int64_t after) {
      double total = 0, low = 1e9, high = -1;
      for (const auto& [when, what] : values) {
        if (when <= after) continue;
        total += what;
        low = std::min(low, what);
        high = std::max(high, what);
      }
      return std::array{total, low, high};
    };
    const auto inner = figures(at - 60 * kSecond), outer = figures(at - 61 * kSecond);
    ASSERT_GE(*sum.value_at(at), inner[0]);
    ASSERT_LE(*sum.value_at(at), outer[0]);
    ASSERT_LE(*least.value_at(at), inner[1]);
    ASSERT_GE(*least.value_at(at), outer[1]);
    ASSERT_GE(*most.value_at(at), inner[2]);
    ASSERT_LE(*most.value_at(at), outer[2]);
  }
}

TEST(SlidingAggregate, CountsRatesAndQuantiles) {
  SlidingAggregate rate(Aggregate::rate, 10s), p90(Aggregate::p90, 10s);
  EXPECT_EQ(rate.value_at(kSecond), 0);
  EXPECT_FALSE(p90.value_at(kSecond));
  for (int i = 1; i <= 100; ++i) {
    rate.add(kSecond, i);
    p90.add(kSecond, i);
  }
  EXPECT_EQ(rate.value_at(2 * kSecond), 10);
  EXPECT_NEAR(*p90.value_at(2 * kSecond), 90, 1);
  EXPECT_EQ(rate.value_at(12 * kSecond), 0);
  EXPECT_FALSE(p90.value_at(12 * kSecond));
  EXPECT_EQ(rate.next_change(12 * kSecond), kNever);
}

TEST(SlidingAggregate, TakesLateValuesAndLeavesOutThoseOfBefore) {
  SlidingAggregate count(Aggregate::count, 60s);
  count.add(100 * kSecond, 0);
  count.add(50 * kSecond, 0);
  EXPECT_EQ(count.value_at(100 * kSecond), 2);
  count.add(30 * kSecond, 0);
  EXPECT_EQ(count.value_at(100 * kSecond), 2);
  EXPECT_EQ(count.value_at(120 * kSecond), 1);
}

}  // namespace
}  // namespace tapedeck::alert
