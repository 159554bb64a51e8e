// The cadence and the state of an engine's health: due every so often of engine time, and at once
// when the state changes. An error stays: the stop after it is not told as `stopped`.
// Single-threaded, a few words.
#pragma once

#include <chrono>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

enum class EngineState { idle, starting, active, degraded, error, stopped };

inline std::string_view to_string(EngineState state) noexcept {
  switch (state) {
    case EngineState::starting:
      return "starting";
    case EngineState::active:
      return "active";
    case EngineState::degraded:
      return "degraded";
    case EngineState::error:
      return "error";
    case EngineState::idle:
    case EngineState::stopped:
      break;
  }
  return "stopped";
}

class Heartbeat {
 public:
  explicit Heartbeat(std::chrono::nanoseconds every) noexcept : every_(every) {}

  EngineState state() const noexcept { return state_; }
  std::chrono::nanoseconds every() const noexcept { return every_; }
  /// When health is due next; Timestamp::max() while nothing is to be published.
  Timestamp next_due() const noexcept { return running_ ? next_ : Timestamp::max(); }

  void start(Timestamp now) noexcept {
    running_ = true;
    state_ = EngineState::starting;
    next_ = now + every_;
  }
  /// Call after publishing what was due.
  void beat() noexcept { next_ += every_; }
  /// Nothing is due between the last beat and `t`; the next is one period after `t`.
  void skip_to(Timestamp t) noexcept {
    if (next_ <= t) next_ = t + every_;
  }
  void mute() noexcept { running_ = false; }
  /// @return whether this is a change that has to be published
  bool change(EngineState to) noexcept {
    if (state_ == to || state_ == EngineState::error || state_ == EngineState::stopped)
      return false;
    if (state_ == EngineState::idle) return false;
    state_ = to;
    if (to == EngineState::error || to == EngineState::stopped) running_ = false;
    return true;
  }

 private:
  std::chrono::nanoseconds every_;
  EngineState state_ = EngineState::idle;
  bool running_ = false;
  Timestamp next_{};
};

}  // namespace tapedeck::market
