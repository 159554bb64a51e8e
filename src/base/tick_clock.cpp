#include "base/tick_clock.hpp"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace tapedeck {
namespace {

constexpr std::uint64_t kFirstMeasurement_ns = 1'000'000;
constexpr std::uint64_t kRecalibration_ns = 100'000'000;

std::int64_t clock_ns(clockid_t id) noexcept {
  timespec t{};
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

bool cycle_counter_is_invariant() noexcept {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(0x80000007U, &eax, &ebx, &ecx, &edx) != 0 && (edx & (1U << 8)) != 0;
#else
  return false;
#endif
}

std::uint64_t monotonic_now_ns() noexcept {
  return static_cast<std::uint64_t>(clock_ns(CLOCK_MONOTONIC));
}

std::int64_t utc_now_ns() noexcept {
  return clock_ns(CLOCK_REALTIME);
}

TickClock::TickClock(bool use_tsc, UtcClock utc_clock)
    : use_tsc_(use_tsc), utc_clock_(utc_clock), first_(read()) {
  base_ticks_ = first_.ticks;
  base_utc_ns_ = first_.utc_ns;
  last_calibration_ns_ = first_.monotonic_ns;
  if (!use_tsc_) return;
  Reading later = read();
  while (later.monotonic_ns - first_.monotonic_ns < kFirstMeasurement_ns) later = read();
  ns_per_tick_ = static_cast<double>(later.monotonic_ns - first_.monotonic_ns) /
                 static_cast<double>(later.ticks - first_.ticks);
}

std::uint64_t TickClock::ticks() const noexcept {
#if defined(__x86_64__)
  if (use_tsc_) return __rdtsc();
#endif
  return monotonic_now_ns();
}

std::uint64_t TickClock::ordered_ticks() const noexcept {
#if defined(__x86_64__)
  if (use_tsc_) {
    _mm_lfence();
    const std::uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
  }
#endif
  return monotonic_now_ns();
}

TickClock::Reading TickClock::read() const noexcept {
  Reading best{};
  std::uint64_t best_width = ~std::uint64_t{0};
  // Being preempted between the readings would skew them: take the tightest of a few.
  for (int attempt = 0; attempt < 4; ++attempt) {
    const std::uint64_t before = ticks();
    const std::int64_t utc = utc_clock_();
    const std::uint64_t monotonic = monotonic_now_ns();
    const std::uint64_t after = ticks();
    if (after - before < best_width) {
      best_width = after - before;
      best = {before + (after - before) / 2, utc, monotonic};
    }
  }
  return best;
}

void TickClock::recalibrate_if_due() noexcept {
  if (monotonic_now_ns() - last_calibration_ns_ < kRecalibration_ns) return;
  const Reading reading = read();
  if (use_tsc_ && reading.ticks > first_.ticks) {
    ns_per_tick_ = static_cast<double>(reading.monotonic_ns - first_.monotonic_ns) /
                   static_cast<double>(reading.ticks - first_.ticks);
  }
  base_ticks_ = reading.ticks;
  base_utc_ns_ = reading.utc_ns;
  last_calibration_ns_ = reading.monotonic_ns;
}

}  // namespace tapedeck
