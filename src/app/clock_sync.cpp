#include "app/clock_sync.hpp"

namespace tapedeck::app {

ClockSync clock_sync_of(int state, const timex& answer) noexcept {
  ClockSync sync;
  if (state < 0) return sync;
  sync.synchronized = state != TIME_ERROR && (answer.status & STA_UNSYNC) == 0;
  if (!*sync.synchronized) return sync;
  const double per_ms = (answer.status & STA_NANO) != 0 ? 1e6 : 1e3;
  sync.offset_ms = static_cast<double>(answer.offset) / per_ms;
  sync.max_error_ms = static_cast<double>(answer.maxerror) / 1e3;  // always microseconds
  return sync;
}

ClockSync read_clock_sync() noexcept {
  timex answer{};  // modes 0: nothing is set
  const int state = adjtimex(&answer);
  return clock_sync_of(state, answer);
}

}  // namespace tapedeck::app
