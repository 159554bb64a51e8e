// FileScan: one filter, made ready for one file: which series pass, which blocks may hold what is
// wanted. Reads block after block, opens those with an event whose series and time match, and asks
// the filter about those events only.
//
// Belongs to one thread, lives as long as one read. Cost: see EventFile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "bus/history.hpp"
#include "store/event_file.hpp"

namespace tapedeck::store {

/// What a read has found and spent so far; spans files.
class SliceBuilder {
 public:
  /// Passing a block by costs about as much as looking at so many events.
  static constexpr std::size_t kCostOfBlock = 16;

  explicit SliceBuilder(const ReadLimits& limits) : limits_(limits) {}

  bool full() const noexcept {
    return slice.events >= limits_.events || slice.bytes >= limits_.bytes ||
           slice.looked_at >= limits_.looked_at;
  }
  std::size_t events_left() const noexcept { return limits_.events - slice.events; }
  void add(StoredFrames&& frames);

  HistorySlice slice;

 private:
  const ReadLimits limits_;
};

class FileScan {
 public:
  /// @throws SqliteError, HistoryError
  FileScan(const EventFile& file, const CompiledFilter& filter);

  /// Appends matching events with from <= seq < end, oldest first. slice.next is where it stopped.
  void forward(std::uint64_t from, std::uint64_t end, SliceBuilder& out);
  /// Appends matching events with first <= seq < end, newest first. slice.next is where it stopped.
  void backward(std::uint64_t first, std::uint64_t end, SliceBuilder& out);
  /// Appends the newest matching event of each identity with seq < end that is not in `seen`.
  void latest(const LatestKeys& keys, std::uint64_t end, std::unordered_set<std::string>& seen,
              SliceBuilder& out);

 private:
  /// Of events of one identity, the newest so far.
  struct Winner {
    std::uint64_t seq = 0;
    bool done = false;
  };

  bool may_match(const BlockInfo& info) const noexcept {
    return info.events > 0 && info.max_ns >= filter_.since_ns() &&
           info.min_ns <= filter_.until_ns();
  }
  bool may_match(const EventColumns& event) const noexcept {
    return event.timestamp_ns >= filter_.since_ns() && event.timestamp_ns <= filter_.until_ns() &&
           (event.series >= passes_.size() || passes_[event.series] != 0);
  }
  void choose_candidates();
  /// Looks at one block. @param newest_first the order @return where it stopped
  std::uint64_t scan_block(BlockOrdinal ordinal, std::uint64_t first, std::uint64_t end,
                           bool newest_first, SliceBuilder& out);
  void add_event(StoredFrames& found, const EventColumns& event);

  void latest_by_series(const LatestKeys& keys, std::uint64_t end,
                        std::unordered_set<std::string>& seen, SliceBuilder& out);
  void latest_by_events(const LatestKeys& keys, std::uint64_t end,
                        std::unordered_set<std::string>& seen, SliceBuilder& out);
  std::vector<std::uint64_t> newest_of_groups(const std::vector<std::uint32_t>& group_of,
                                              std::size_t groups, std::uint64_t end);
  void take_blocks(BlockOrdinal first, BlockOrdinal end_block, std::uint64_t end,
                   const std::vector<std::uint32_t>& group_of, std::vector<Winner>& winners);
  void fetch(const std::vector<std::uint64_t>& seqs, SliceBuilder& out);

  const EventFile& file_;
  const CompiledFilter& filter_;
  std::vector<std::uint8_t> passes_;  // by series
  bool none_passes_ = false;
  std::optional<std::vector<BlockOrdinal>> candidates_;  // none: every block
  EventFile::Lease lease_;
};

}  // namespace tapedeck::store
