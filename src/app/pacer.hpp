// Lets market time pass at a multiple of the wall clock, or as fast as it goes.
//
// anchor() and wait_for() belong to one thread; stop() may be called from any and ends a wait at
// once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tapedeck/time.hpp"

namespace tapedeck::app {

class Pacer {
 public:
  /// @param speed market seconds per second; 0: no waiting
  explicit Pacer(double speed) noexcept : speed_(speed) {}

  /// From here on `market` is now.
  void anchor(Timestamp market) {
    market_ = market;
    wall_ = std::chrono::steady_clock::now();
  }
  /// @return false when the run is to stop
  bool wait_for(Timestamp market) {
    if (stopping_.load(std::memory_order_relaxed)) return false;
    if (speed_ <= 0) return true;
    const auto ahead = std::chrono::duration<double, std::nano>(
        static_cast<double>((market - market_).count()) / speed_);
    const auto until = wall_ + std::chrono::duration_cast<std::chrono::nanoseconds>(ahead);
    // Sleeping for less costs more than it is worth when thousands of steps a second are due.
    if (until - std::chrono::steady_clock::now() < kShortestSleep) return true;
    std::unique_lock lock(mutex_);
    return !changed_.wait_until(lock, until, [this] { return stopping_.load(); });
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr std::chrono::nanoseconds kShortestSleep = std::chrono::milliseconds{1};

  const double speed_;
  Timestamp market_{};
  std::chrono::steady_clock::time_point wall_{};
  std::mutex mutex_;  // only for changed_
  std::condition_variable changed_;
  std::atomic<bool> stopping_{false};
};

}  // namespace tapedeck::app
