// Mean, last and 99th percentile of a latency in milliseconds of engine time; the percentile is of
// the newest thousand. One thread; adding costs a few instructions.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace tapedeck::execution {

class LatencyStats {
 public:
  void add(std::chrono::nanoseconds latency) noexcept {
    last_ms_ = static_cast<double>(latency.count()) / 1e6;
    sum_ms_ += last_ms_;
    newest_[count_++ % newest_.size()] = last_ms_;
    p99_.reset();
  }
  /// Nothing before the first.
  std::optional<double> last() const { return maybe(last_ms_); }
  std::optional<double> mean() const {
    return maybe(count_ > 0 ? sum_ms_ / static_cast<double>(count_) : 0);
  }
  std::optional<double> p99() const {
    if (count_ == 0 || p99_) return p99_;  // asked for far more often than anything is added
    const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count_, newest_.size()));
    std::vector<double> sorted(newest_.begin(), newest_.begin() + kept);
    const auto at = sorted.begin() + (kept - 1) * 99 / 100;
    std::nth_element(sorted.begin(), at, sorted.end());
    return p99_ = *at;
  }

 private:
  std::optional<double> maybe(double value) const {
    return count_ > 0 ? std::optional(value) : std::nullopt;
  }

  std::uint64_t count_ = 0;
  double sum_ms_ = 0;
  double last_ms_ = 0;
  mutable std::optional<double> p99_;  // as of the newest
  std::array<double, 1000> newest_{};
};

}  // namespace tapedeck::execution
