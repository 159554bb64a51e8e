// Counts what was sent to a broker over the last second, the last minute and the day, against dated
// limits. One thread; bounded by the limit of a minute.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "tapedeck/execution/execution_options.hpp"

namespace tapedeck::execution {

class RateWindow {
 public:
  explicit RateWindow(std::vector<RateLimits> limits) : limits_(std::move(limits)) {}

  /// The limits in force on a date; without a row: no limits.
  RateLimits in_force(market::IstDate date) const noexcept;
  /// When `count` more may go out: `now` or earlier means at once, Timestamp::max() not today.
  Timestamp free_at(std::int64_t count, Timestamp now) const;
  void note(std::int64_t count, Timestamp now);
  /// What went out on a date; of another date than the last one that anything went out on: 0.
  std::int64_t sent_on(market::IstDate date) const noexcept { return date == date_ ? today_ : 0; }

 private:
  Timestamp free_in(std::chrono::nanoseconds window, std::int64_t limit, std::int64_t count,
                    Timestamp now) const;

  std::vector<RateLimits> limits_;
  std::deque<Timestamp> sent_;  // of the last minute
  market::IstDate date_{};
  std::int64_t today_ = 0;
};

}  // namespace tapedeck::execution
