// AlertClock: the clock that rules are judged by, and how old an event is. It follows the monotonic
// clock, so that a wall clock that is set neither fires nor delays anything, and leaves out times
// when the process did not run: silence that nobody could have broken is none.
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "alert/active_hours.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::alert {

class AlertClock {
 public:
  using Time = std::function<Timestamp()>;
  /// Between two looks no more time than this passes.
  static constexpr std::int64_t kLongestLeapNs = 2'000'000'000;
  /// The wall clock was set if it moved on by so much more or less than the monotonic one.
  static constexpr std::int64_t kStepNs = 500'000'000;
  /// For so long after that events may carry times of before.
  static constexpr std::int64_t kStepMemoryNs = 60'000'000'000;

  /// @param wall UTC @param market of a simulation; none: the wall clock
  /// @param steady a clock that nobody sets, ns
  AlertClock(Time wall, Time market, std::function<std::int64_t()> steady);

  Moment look();
  /// How long before the last look() it happened, ns; 0 for times to come.
  std::int64_t age_of(std::int64_t event_ns) const noexcept;

 private:
  const Time wall_;
  const Time market_;
  const std::function<std::int64_t()> steady_;
  Moment now_{};
  std::int64_t steady_ns_;
  std::int64_t offset_;         // wall - steady
  std::int64_t former_offset_;  // before it was set
  std::int64_t set_at_ = INT64_MIN / 2;
};

}  // namespace tapedeck::alert
