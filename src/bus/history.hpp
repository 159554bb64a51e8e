// History: what was published and is no longer, or not only, in the log: the store seen from above.
// Readers go from it into the log without a hole, because both speak of the same frames by the same
// sequence numbers, which also grow from one epoch to the next.
//
// Thread contract: every member from any thread at any time. Reads may take milliseconds and touch
// the disk: not for I/O threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "event/frame.hpp"

namespace tapedeck {

/// Thrown by reads when the disk or a file fails; a sentence a person can act on.
class HistoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Events that were kept together, in the order of the read, those that match.
struct StoredFrames {
  std::shared_ptr<const std::string> bytes;  ///< whole frames; index[i].offset is where one begins
  std::vector<FrameIndex> index;
  std::vector<std::uint64_t> seqs;

  std::size_t size() const noexcept { return seqs.size(); }
  const char* frame(std::size_t i) const noexcept { return bytes->data() + index[i].offset; }
};

/// How far one read may go; it stops soon after the first limit it reaches.
struct ReadLimits {
  std::size_t events = 1000;          ///< found
  std::size_t bytes = 1U << 20;       ///< of their frames
  std::size_t looked_at = 1'000'000;  ///< events whose bytes had to be looked at
};

struct HistorySlice {
  std::vector<StoredFrames> blocks;  ///< in the order of the read
  std::size_t events = 0;
  std::size_t bytes = 0;
  std::size_t looked_at = 0;  ///< see ReadLimits
  /// Where to go on. Forward: everything before it has been looked at; backward: everything from it
  /// on. Reads that ended at their bound give the bound.
  std::uint64_t next = 0;
  /// Forward only, in a slice without events: so many numbers before `next` are not stored.
  std::uint64_t missing = 0;
};

/// What makes two events the same for "the newest of each".
struct LatestKeys {
  std::vector<Key> keys;  ///< Key::strategy stands for strategy_name too
  bool by_type = false;

  /// Appends what identifies the event, to be compared as bytes.
  void append_identity(std::string& out, const char* frame, const FrameIndex& index) const;
};

class History {
 public:
  virtual ~History() = default;

  /// The oldest stored event; end_seq() when there is none.
  virtual std::uint64_t first_seq() const = 0;
  /// One past the newest stored event.
  virtual std::uint64_t end_seq() const = 0;

  /// The epoch that numbered an event; nothing for numbers that no epoch gave.
  virtual std::optional<std::string> epoch_of(std::uint64_t seq) const = 0;
  /// The numbers of an epoch: its first, and one past its last that can be continued from.
  struct EpochRange {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
  };
  virtual std::optional<EpochRange> range_of(std::string_view epoch) const = 0;

  /// Matching events with from <= seq < end, oldest first. @throws HistoryError
  virtual HistorySlice read_forward(const CompiledFilter& filter, std::uint64_t from,
                                    std::uint64_t end, const ReadLimits& limits) const = 0;
  /// Matching events with first <= seq < end, newest first. @throws HistoryError
  virtual HistorySlice read_backward(const CompiledFilter& filter, std::uint64_t first,
                                     std::uint64_t end, const ReadLimits& limits) const = 0;
  /// The newest matching event of each identity with seq < end, newest first, but for those in
  /// `seen`, which it adds to. @throws HistoryError
  virtual HistorySlice read_latest(const CompiledFilter& filter, const LatestKeys& keys,
                                   std::uint64_t end, std::unordered_set<std::string>& seen,
                                   const ReadLimits& limits) const = 0;
};

}  // namespace tapedeck
