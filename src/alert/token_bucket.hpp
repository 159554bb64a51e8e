// TokenBucket: so many a minute, and a quarter of that at once. One thread; a few ns.
#pragma once

#include <algorithm>
#include <chrono>

namespace tapedeck::alert {

class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param per_minute 0: no limit
  TokenBucket(unsigned per_minute, Clock::time_point now)
      : per_minute_(per_minute), most_(std::max(1.0, per_minute / 4.0)), tokens_(most_), at_(now) {}

  bool has_one(Clock::time_point now) {
    fill(now);
    return per_minute_ == 0 || tokens_ >= 1;
  }
  void take() {
    if (per_minute_ != 0) tokens_ -= 1;
  }
  /// When has_one() will be true.
  Clock::time_point next(Clock::time_point now) {
    if (has_one(now)) return now;
    const std::chrono::duration<double> wait((1 - tokens_) * 60 / per_minute_);
    return now + std::chrono::ceil<std::chrono::milliseconds>(wait);
  }

 private:
  void fill(Clock::time_point now) {
    const std::chrono::duration<double> passed = now - at_;
    tokens_ = std::min(most_, tokens_ + passed.count() * per_minute_ / 60);
    at_ = now;
  }

  unsigned per_minute_;
  double most_;
  double tokens_;
  Clock::time_point at_;
};

}  // namespace tapedeck::alert
