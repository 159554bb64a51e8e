// What the kernel says of this process, for /metrics. Any thread; some 30 us, and 0.2 us more for
// each open file where the kernel does not count them itself (before Linux 6.2).
#pragma once

#include <cstdint>
#include <optional>

namespace tapedeck {

struct ProcessFigures {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  double start_time_seconds = 0;  ///< since 1970, UTC
};

/// @return nothing where there is no /proc.
std::optional<ProcessFigures> read_process_figures();

}  // namespace tapedeck
