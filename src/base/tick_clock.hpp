// Turns the processor's cycle counter into wall-clock time. Publishers stamp records with the bare
// counter (10 ns) instead of reading the system clock (22 ns and more); the collector converts.
//
// Stated error: under 10 us in the first second after construction, under 2 us afterwards, plus the
// system clock's own steps, which appear at the next recalibration (every 100 ms). Lives on one
// thread at a time (the collector role). Conversion costs a multiplication.
#pragma once

#include <cstdint>

namespace tapedeck {

/// Whether the cycle counter runs at one rate on all cores and through sleep states (CPUID
/// 8000_0007h EDX bit 8).
bool cycle_counter_is_invariant() noexcept;
/// Nanoseconds of CLOCK_MONOTONIC.
std::uint64_t monotonic_now_ns() noexcept;

/// Nanoseconds of CLOCK_REALTIME.
std::int64_t utc_now_ns() noexcept;

class TickClock {
 public:
  using UtcClock = std::int64_t (*)() noexcept;
  /// @param use_tsc ticks are the cycle counter; else nanoseconds of CLOCK_MONOTONIC.
  /// @param utc_clock what wall time is read from; a test that steps the clock gives its own.
  explicit TickClock(bool use_tsc, UtcClock utc_clock = &utc_now_ns);

  std::uint64_t ticks() const noexcept;
  /// The same, but no load before it is done later and none after it earlier.
  std::uint64_t ordered_ticks() const noexcept;
  /// UTC nanoseconds of a tick count.
  std::int64_t to_utc_ns(std::uint64_t ticks) const noexcept {
    const auto delta = static_cast<std::int64_t>(ticks - base_ticks_);
    return base_utc_ns_ + static_cast<std::int64_t>(static_cast<double>(delta) * ns_per_tick_);
  }
  /// Compares with the system clock again if the last time is 100 ms or more ago.
  void recalibrate_if_due() noexcept;

 private:
  struct Reading {
    std::uint64_t ticks;
    std::int64_t utc_ns;
    std::uint64_t monotonic_ns;
  };
  Reading read() const noexcept;

  const bool use_tsc_;
  const UtcClock utc_clock_;
  Reading first_;
  std::uint64_t base_ticks_ = 0;
  std::int64_t base_utc_ns_ = 0;
  std::uint64_t last_calibration_ns_ = 0;
  double ns_per_tick_ = 1.0;
};

}  // namespace tapedeck
