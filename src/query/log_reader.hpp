// Reads of the log that look backwards: the newest matching events, the newest of each key, where a
// replay of the last N begins. Lock-free; any thread. Cost: some ten ns for each event looked at.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "bus/backward_scan.hpp"
#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "bus/history.hpp"

namespace tapedeck {

/// Events found, in the order of the read, with what keeps their bytes alive.
struct Selection {
  std::vector<ScannedEvent> items;
  std::vector<SegmentPin> pins;
  std::vector<StoredFrames> stored;
  bool more = false;          // others match too
  std::uint64_t next = 0;     // where to go on; see who made it
  std::size_t looked_at = 0;  // of a forward read: events whose bytes were looked at
  std::uint64_t missing = 0;  // of a forward read: numbers before `next` that are gone
};

/// The newest `limit` matching events with first <= seq < end; everything from `next` on has been
/// looked at.
Selection select_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        std::uint64_t end, std::size_t limit);

/// Where to begin so that exactly the newest `count` matching events come.
struct NewestStart {
  std::uint64_t seq = 0;   ///< last_seq() + 1 for none
  std::size_t found = 0;   ///< of `count`
  std::uint64_t next = 0;  ///< everything from it on has been looked at
};
NewestStart start_of_newest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                            std::size_t count);

/// The newest event of each different identity that is not in `seen`, which it adds to.
Selection select_latest(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                        std::uint64_t end, const LatestKeys& keys,
                        std::unordered_set<std::string>& seen, std::size_t limit);

}  // namespace tapedeck
