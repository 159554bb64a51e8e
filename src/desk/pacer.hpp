// Lets market time pass at a multiple of the wall clock, or as fast as it goes.
//
// anchor(), wait_for() and market_now() belong to one thread; stop() and interrupt() may be called
// from any and end a wait at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tapedeck/time.hpp"

namespace tapedeck::desk {

class Pacer {
 public:
  enum class Wait { reached, interrupted, stopped };

  /// @param speed market seconds per second; 0: no waiting
  explicit Pacer(double speed) noexcept : speed_(speed) {}

  /// From here on `market` is now.
  void anchor(Timestamp market) {
    market_ = market;
    wall_ = std::chrono::steady_clock::now();
  }
  /// What the market's clock shows; only ahead of the anchor, and only with a speed.
  Timestamp market_now() const {
    const std::chrono::duration<double, std::nano> passed =
        std::chrono::steady_clock::now() - wall_;
    return market_ + std::chrono::duration_cast<std::chrono::nanoseconds>(passed * speed_);
  }
  Wait wait_for(Timestamp market) {
    if (stopping_.load(std::memory_order_relaxed)) return Wait::stopped;
    if (interrupted_.load(std::memory_order_relaxed)) return take_interrupt();
    if (speed_ <= 0) return Wait::reached;
    const auto ahead = std::chrono::duration<double, std::nano>(
        static_cast<double>((market - market_).count()) / speed_);
    const auto until = wall_ + std::chrono::duration_cast<std::chrono::nanoseconds>(ahead);
    // Sleeping for less costs more than it is worth when thousands of steps a second are due.
    if (until - std::chrono::steady_clock::now() < kShortestSleep) return Wait::reached;
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return stopping_ || interrupted_; });
    if (stopping_) return Wait::stopped;
    return interrupted_ ? take_interrupt() : Wait::reached;
  }
  void interrupt() {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }

 private:
  static constexpr std::chrono::nanoseconds kShortestSleep = std::chrono::milliseconds{1};

  Wait take_interrupt() noexcept {
    interrupted_ = false;
    return Wait::interrupted;
  }

  const double speed_;
  Timestamp market_{};
  std::chrono::steady_clock::time_point wall_{};
  std::mutex mutex_;  // only for changed_
  std::condition_variable changed_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> interrupted_{false};
};

}  // namespace tapedeck::desk
