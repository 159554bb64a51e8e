// EventLog: the last events, encoded, in one order, in memory. A ring of fixed-size segments of
// contiguous frames; the oldest segment is reused when the ring is full.
//
// Thread contract: one writer at a time (the collector role) calls the writer's part; any number of
// readers use the rest without locks and without slowing the writer. A reader pins the segment it
// is looking at; a pinned segment is replaced instead of reused, so a reader that is slow inside
// one look costs one segment of memory, and a reader between looks costs nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/frame.hpp"

namespace tapedeck {

/// A run of frames with consecutive sequence numbers.
struct Segment {
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxFrames = 8192;

  Segment();
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  std::atomic<std::int64_t> pins{0};
  std::atomic<std::uint64_t> base_seq{0};  // of the first frame
  std::atomic<std::uint32_t> count{0};     // frames that readers may look at
  char* const bytes;                       // both left to the kernel until touched
  FrameIndex* const index;

  // the writer's
  std::uint32_t used_bytes = 0;
  std::uint32_t written = 0;
};

/// Keeps a segment from being reused while it is being read.
class SegmentPin {
 public:
  SegmentPin(SegmentPin&& other) noexcept
      : segment_(std::exchange(other.segment_, nullptr)),
        base_(other.base_),
        count_(other.count_) {}
  SegmentPin& operator=(SegmentPin&&) = delete;
  ~SegmentPin() {
    if (segment_) segment_->pins.fetch_sub(1, std::memory_order_release);
  }

  std::uint64_t first_seq() const noexcept { return base_; }
  std::uint64_t end_seq() const noexcept { return base_ + count_; }
  const FrameIndex& index(std::uint64_t seq) const noexcept { return segment_->index[seq - base_]; }
  const char* frame(const FrameIndex& index) const noexcept {
    return segment_->bytes + index.offset;
  }

 private:
  friend class EventLog;
  SegmentPin(Segment* segment, std::uint64_t base, std::uint32_t count) noexcept
      : segment_(segment), base_(base), count_(count) {}

  Segment* segment_;
  std::uint64_t base_;
  std::uint32_t count_;
};

class EventLog {
 public:
  static constexpr std::size_t kMaxTypes = 4096;
  /// Largest frame the writer may ask room for.
  static constexpr std::size_t kMaxFrameBytes = Segment::kBytes;

  struct Limits {
    std::size_t buffer_size = 5000;
    std::size_t log_bytes = std::size_t{64} << 20;    ///< evicted beyond it
    std::size_t held_bytes = std::size_t{256} << 20;  ///< beyond log_bytes, while somebody holds
    std::uint64_t first_seq = 1;
    std::uint64_t floor_seq = 1;  ///< see floor_seq()
  };
  EventLog(std::string epoch, const Limits& limits);

  const std::string& epoch() const noexcept { return epoch_; }

  // --- readers ---

  /// The first number this log gave or will give.
  std::uint64_t begin_seq() const noexcept { return begin_seq_; }
  /// The newest event; begin_seq() - 1: none yet.
  std::uint64_t last_seq() const noexcept { return last_seq_.load(std::memory_order_acquire); }
  /// The oldest event still in memory; last_seq() + 1 when there is none.
  std::uint64_t first_seq() const noexcept { return first_seq_.load(std::memory_order_acquire); }
  /// The oldest event that default reads see: the buffer's, after clear. last_seq() + 1: none.
  std::uint64_t buffer_first_seq() const noexcept {
    return buffer_first_.load(std::memory_order_acquire);
  }
  /// What clear_buffer() left behind: everything before it is hidden from default reads, stored
  /// events of former runs too. 0: nothing has been cleared.
  std::uint64_t floor_seq() const noexcept { return floor_.load(std::memory_order_acquire); }
  /// When an event was published, to tell how long it takes to readers.
  struct Mark {
    std::uint64_t seq = 0;  ///< 0: none yet, or it is just being changed
    std::int64_t published_ns = 0;
  };
  /// The first event of the last commit.
  Mark last_mark() const noexcept;
  /// The segment that holds `seq`; nothing when it has been evicted or has not come yet.
  std::optional<SegmentPin> pin(std::uint64_t seq) const noexcept;

  /// Blocks until last_seq() >= seq or interrupt() was called.
  void wait_for(std::uint64_t seq, const std::atomic<bool>& stop) const noexcept;
  /// Wakes everybody in wait_for.
  void interrupt() noexcept;

  /// For readers that must miss nothing (the store's writer, senders): events from `seq` on stay,
  /// as far as held_bytes allows. kHoldNothing ends it.
  /// @param holder from add_holder(); the store's writer, of which there is one, needs none.
  void hold_from(std::uint64_t seq, std::size_t holder = kStoreHolder) noexcept {
    held_[holder].store(seq, std::memory_order_release);
  }
  static constexpr std::uint64_t kHoldNothing = ~std::uint64_t{0};
  static constexpr std::size_t kStoreHolder = 0;
  static constexpr std::size_t kMaxHolders = 8;
  /// A place to hold from, which holds nothing yet. Any thread; take it back with remove_holder.
  /// @throws std::length_error beyond kMaxHolders.
  std::size_t add_holder();
  void remove_holder(std::size_t holder) noexcept;

  // --- the writer ---

  std::uint64_t next_seq() const noexcept { return next_seq_; }
  /// Where to write the next frame; room for `bound` <= kMaxFrameBytes.
  char* room(std::size_t bound);
  /// Takes the frame written at room() into the log. Its type must have been given a number.
  void append(FrameIndex& index);
  /// Shows readers what was appended.
  void commit() noexcept;
  /// Sets last_mark().
  void set_mark(Mark mark) noexcept;

  /// The number of a type name; nothing when there are kMaxTypes others.
  std::optional<std::uint16_t> type_number(std::string_view name);

  struct TypeCount {
    std::string name;
    std::uint64_t ever = 0;
    std::uint64_t in_buffer = 0;
  };
  const std::vector<TypeCount>& types() const noexcept { return types_; }
  std::uint64_t evicted_total() const noexcept { return evicted_total_; }
  void clear_buffer() noexcept;
  std::size_t buffer_size() const noexcept { return buffer_size_; }
  /// A smaller buffer forgets at once, a larger one fills up from now on.
  void set_buffer_size(std::size_t events) noexcept;

 private:
  static constexpr std::int64_t kReusing = std::int64_t{1} << 62;

  Segment& slot(std::uint64_t number) const noexcept {
    return *slots_[number % slots_.size()].load(std::memory_order_acquire);
  }
  void open_segment();
  Segment* segment_to_write();
  void shrink_buffer_to(std::uint64_t first) noexcept;

  void evict_oldest();
  std::uint64_t held_seq() const noexcept;

  const std::string epoch_;
  const std::uint64_t begin_seq_;
  const std::size_t usual_segments_;
  mutable std::vector<std::atomic<Segment*>> slots_;
  std::vector<std::unique_ptr<Segment>> owned_;  // never freed before the log: pins may be late
  std::vector<Segment*> spare_;                  // evicted, to be reused once unpinned

  std::atomic<std::uint64_t> first_segment_{0};
  std::atomic<std::uint64_t> last_segment_{0};
  std::atomic<std::uint64_t> first_seq_;
  std::atomic<std::uint64_t> last_seq_;
  std::atomic<std::uint64_t> buffer_first_;
  std::atomic<std::uint64_t> floor_;
  std::array<std::atomic<std::uint64_t>, kMaxHolders> held_;
  std::atomic<std::uint32_t> holders_{1U << kStoreHolder};  // a bit for each that is taken
  mutable std::atomic<std::uint32_t> commits_{0};
  // The mark; its version is odd while it is being changed.
  std::atomic<std::uint64_t> mark_version_{0};
  std::atomic<std::uint64_t> mark_seq_{0};
  std::atomic<std::int64_t> mark_ns_{0};

  // the writer's
  std::size_t buffer_size_;
  Segment* head_ = nullptr;
  std::uint64_t next_seq_;
  std::uint64_t buffer_begin_;        // = buffer_first_ once committed
  std::uint64_t buffer_segment_ = 0;  // number of the segment that holds buffer_begin_
  std::uint64_t evicted_total_ = 0;
  std::vector<TypeCount> types_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::uint16_t, Hash, std::equal_to<>> type_numbers_;
};

}  // namespace tapedeck
