#include "alert/alert_clock.hpp"

#include <algorithm>
#include <cstdlib>

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
  std::int64_t age = now_.wall - event_ns;
  if (market_) age = std::min(age, std::max<std::int64_t>(now_.market - event_ns, 0));
  if (now_.at - set_at_ < kStepMemoryNs) {
    age = std::min(age, std::max<std::int64_t>(steady_ns_ + former_offset_ - event_ns, 0));
  }
  return std::max<std::int64_t>(age, 0);
}

}  // namespace tapedeck::alert
