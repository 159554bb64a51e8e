// Reads of the log that look backwards: the newest matching events, the newest of each key, where a
// replay of the last N begins. Lock-free; any thread. Cost: some ten ns for each event looked at.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "bus/backward_scan.hpp"
#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"

namespace tapedeck {

/// Events found, newest first, with the pins that keep their bytes alive.
struct Selection {
  std::vector<ScannedEvent> items;
  std::vector<SegmentPin> pins;
  bool more = false;  // older ones match too
};

/// The newest `limit` matching events with first <= seq < end.
Selection select_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        std::uint64_t end, std::size_t limit);

/// Where to begin so that exactly the newest `count` matching events come; last_seq() + 1 for none.
std::uint64_t start_of_newest(const EventLog& log, const CompiledFilter& filter,
                              std::uint64_t first, std::size_t count);

/// The newest event of each different combination of `keys` (and of type, if by_type).
Selection select_latest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        const std::vector<Key>& keys, bool by_type, std::size_t limit);

}  // namespace tapedeck
