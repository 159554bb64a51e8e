// The one loop that reads the log from its newest events backwards. Lock-free; any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"

namespace tapedeck {

/// An event under a pin.
struct ScannedEvent {
  std::uint64_t seq;
  const FrameIndex* index;
  const char* frame;
  std::string_view json() const { return {frame + index->json_offset(), index->json_length()}; }
};

/// Visits matching events from end - 1 down to first until visit returns false.
/// @return where it stopped: everything from there to `end` has been visited
/// @param kept gets the pins of the segments looked at, for visitors that keep what they saw.
template <typename Visit>
std::uint64_t scan_backwards(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                             std::uint64_t end, std::vector<SegmentPin>* kept, Visit&& visit) {
  end = std::min(end, log.last_seq() + 1);
  while (end > first) {
    auto pin = log.pin(end - 1);
    if (!pin) return end;  // evicted since
    const std::uint64_t from = std::max(first, pin->first_seq());
    bool go_on = true;
    for (; go_on && end > from; --end) {
      const FrameIndex& index = pin->index(end - 1);
      const char* frame = pin->frame(index);
      if (filter.matches(frame, index)) go_on = visit(ScannedEvent{end - 1, &index, frame});
    }
    if (kept != nullptr) kept->push_back(std::move(*pin));
    if (!go_on) return end;
  }
  return end;
}

}  // namespace tapedeck
