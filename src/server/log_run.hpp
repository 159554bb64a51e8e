// A run of the log's frames as a stream sends them: those that match, whole or their data lines
// only, as pieces for one write. Points into the pinned segment. Any thread; about 5 ns a frame
// beside the filter.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "server/stream_frames.hpp"

namespace tapedeck {

struct LogRun {
  static constexpr std::size_t kMaxPieces = 64;
  /// Frames one run may look at, so that other streams have their turn.
  static constexpr std::uint64_t kLooks = 4096;

  std::array<iovec, kMaxPieces> pieces;
  std::size_t count = 0;   ///< of pieces
  std::size_t bytes = 0;   ///< in all of them
  std::size_t events = 0;  ///< likewise
  std::uint64_t next = 0;  ///< the first event not looked at
};

/// Where in a frame a dialect begins.
inline std::size_t piece_offset(Dialect dialect, const FrameIndex& index) noexcept {
  return dialect == Dialect::eventsource ? 0 : index.data_offset;
}

/// @param from within the pinned segment.
/// @param end look no further than before it.
/// @param filter nullptr: everything matches.
/// @param bytes stop behind the frame that reaches so many.
LogRun gather_run(const SegmentPin& pin, std::uint64_t from, std::uint64_t end,
                  const CompiledFilter* filter, Dialect dialect, std::size_t bytes);

}  // namespace tapedeck
