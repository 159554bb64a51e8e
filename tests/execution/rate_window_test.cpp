#include "execution/rate_window.hpp"

#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::execution {
namespace {

using namespace std::chrono_literals;
using test::at_ist;

RateLimits limits(std::int64_t second, std::int64_t minute, std::int64_t day) {
  return {.effective_from = {}, .per_second = second, .per_minute = minute, .per_day = day};
}

TEST(RateWindow, TakesExactlyTheLimitOfASecondAndMoreWhenItHasPassed) {
  RateWindow window({limits(10, 400, 5000)});
  const Timestamp start = at_ist(10, 0);
  window.note(10, start);
  EXPECT_GT(window.free_at(1, start + 999ms), start + 999ms);
  EXPECT_EQ(window.free_at(1, start + 500ms), start + 1s);
  EXPECT_LE(window.free_at(10, start + 1s), start + 1s);
}

TEST(RateWindow, WaitsForTheNewestOfThoseThatMustHaveLeft) {
  RateWindow window({limits(3, 0, 0)});
  const Timestamp start = at_ist(10, 0);
  window.note(1, start);
  window.note(2, start + 400ms);
  EXPECT_EQ(window.free_at(1, start + 500ms), start + 1s);
  EXPECT_EQ(window.free_at(2, start + 500ms), start + 1400ms);
  EXPECT_EQ(window.free_at(4, start + 500ms), Timestamp::max()) << "never fits";
}

TEST(RateWindow, LimitsAMinuteAndADay) {
  RateWindow window({limits(0, 4, 6)});
  const Timestamp start = at_ist(10, 0);
  window.note(4, start);
  EXPECT_EQ(window.free_at(1, start + 30s), start + 60s);
  window.note(2, start + 60s);
  EXPECT_EQ(window.free_at(1, start + 10min), Timestamp::max());
  EXPECT_EQ(window.free_at(1, start + 24h), start + 24h) << "a new day";
}

TEST(RateWindow, UsesTheRowInForceAndNoneBeforeTheFirst) {
  RateLimits later = limits(1, 1, 1);
  later.effective_from = market::make_date(2025, 11, 19);
  RateWindow window({later});
  EXPECT_EQ(window.in_force(market::make_date(2025, 11, 18)).per_second, 0);
  EXPECT_EQ(window.in_force(market::make_date(2025, 11, 19)).per_second, 1);
  window.note(100, at_ist(10, 0));
  EXPECT_LE(window.free_at(100, at_ist(10, 0)), at_ist(10, 0));
}

}  // namespace
}  // namespace tapedeck::execution
