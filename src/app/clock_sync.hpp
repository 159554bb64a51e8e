// How far the machine's clock is off, as the kernel knows it from whoever disciplines it (chrony,
// systemd-timesyncd, ntpd). Reads only, needs no privilege; a sandbox may forbid it
// (ProtectClock= of systemd). Any thread; one system call.
#pragma once

#include <sys/timex.h>

#include <optional>

namespace tapedeck::app {

struct ClockSync {
  std::optional<bool> synchronized;    ///< nothing: the kernel did not say
  std::optional<double> offset_ms;     ///< what is still to be corrected; of a synchronized clock
  std::optional<double> max_error_ms;  ///< the bound the kernel keeps; of a synchronized clock
};

/// @param state what adjtimex(2) returned; -1: it failed
ClockSync clock_sync_of(int state, const timex& answer) noexcept;
ClockSync read_clock_sync() noexcept;

}  // namespace tapedeck::app
