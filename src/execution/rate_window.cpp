#include "execution/rate_window.hpp"

namespace tapedeck::execution {
namespace {

constexpr std::chrono::seconds kSecond{1};
constexpr std::chrono::minutes kMinute{1};

}  // namespace

std::vector<RateLimits> default_rate_limits() noexcept {
  return {RateLimits{}};
}

RateLimits RateWindow::in_force(market::IstDate date) const noexcept {
  RateLimits found{.effective_from = {},
                   .per_second = 0,
                   .per_minute = 0,
                   .per_day = 0,
                   .modifications_per_order = 0};
  for (const RateLimits& row : limits_) {
    if (row.effective_from <= date && row.effective_from >= found.effective_from) found = row;
  }
  return found;
}

Timestamp RateWindow::free_in(std::chrono::nanoseconds window, std::int64_t limit,
                              std::int64_t count, Timestamp now) const {
  if (limit <= 0) return now;
  if (count > limit) return Timestamp::max();
  const auto room = static_cast<std::size_t>(limit - count);
  if (sent_.size() <= room) return now;
  // All but the newest `room` must have left the window.
  return sent_[sent_.size() - room - 1] + window;
}

Timestamp RateWindow::free_at(std::int64_t count, Timestamp now) const {
  const market::IstDate date = market::ist_date(now);
  const RateLimits limits = in_force(date);
  if (limits.per_day > 0 && sent_on(date) + count > limits.per_day) return Timestamp::max();
  return std::max(free_in(kSecond, limits.per_second, count, now),
                  free_in(kMinute, limits.per_minute, count, now));
}

void RateWindow::note(std::int64_t count, Timestamp now) {
  const market::IstDate date = market::ist_date(now);
  if (date != date_) {
    date_ = date;
    today_ = 0;
  }
  today_ += count;
  while (!sent_.empty() && sent_.front() + kMinute <= now) sent_.pop_front();
  for (std::int64_t i = 0; i < count; ++i) sent_.push_back(now);
}

}  // namespace tapedeck::execution
