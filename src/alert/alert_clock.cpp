#include "alert/alert_clock.hpp"

#include <algorithm>
#include <cstdlib>

#include "alert/sliding_window.hpp"

namespace tapedeck::alert {

AlertClock::AlertClock(Time wall, Time market, std::function<std::int64_t()> steady)
    : wall_(std::move(wall)),
      market_(std::move(market)),
      steady_(std::move(steady)),
      steady_ns_(steady_()),
      offset_(to_ns(wall_()) - steady_ns_),
      former_offset_(offset_) {
  // Far from zero, so that moments of before it began are no negative numbers.
  now_.at = std::int64_t{1} << 60;
  look();
}

Moment AlertClock::look() {
  const std::int64_t steady = steady_();
  now_.at += std::clamp<std::int64_t>(steady - steady_ns_, 0, kLongestLeapNs);
  steady_ns_ = steady;
  now_.wall = to_ns(wall_());
  const std::int64_t offset = now_.wall - steady;
  if (std::abs(offset - offset_) > kStepNs) {
    former_offset_ = offset_;
    set_at_ = now_.at;
  }
  offset_ = offset;
  now_.market = market_ ? to_ns(market_()) : now_.wall;
  return now_;
}

std::int64_t AlertClock::age_of(std::int64_t event_ns) const noexcept {
  // By the clock that it can have been stamped with and that makes it youngest.
  std::int64_t age = kNever;
  const auto consider = [&](std::int64_t clock) {
    if (clock >= event_ns) age = std::min(age, clock - event_ns);
  };
  consider(now_.wall);
  if (market_) consider(now_.market);
  if (now_.at - set_at_ < kStepMemoryNs) consider(steady_ns_ + former_offset_);
  return age == kNever ? 0 : age;
}

}  // namespace tapedeck::alert
