// A block: some hundred events with consecutive numbers, the unit in which the store compresses,
// writes and reads. Two parts: `columns` (number, time, series, length of each event: a few bytes
// each, read to decide whether the block is worth opening) and `data` (the frames, as they lie in
// the log, zstd). docs/architecture.md specifies both.
//
// A BlockBuilder belongs to one thread; the rest are plain data and pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/frame.hpp"

namespace tapedeck::store {

/// The number of an event's type and keys in its file (see SeriesTable). 0: none, look at the
/// frame.
using SeriesId = std::uint32_t;

/// What a store knows of a block without reading it.
struct BlockInfo {
  std::uint64_t first_seq = 0;
  std::uint64_t end_seq = 0;  ///< numbers from first to end are this block's, stored or aged away
  std::uint32_t epoch = 0;
  std::uint32_t events = 0;
  std::int64_t min_ns = 0;  ///< of the events' times
  std::int64_t max_ns = 0;
  std::int64_t received_ns = 0;  ///< when its last event was written
  std::uint64_t raw_bytes = 0;   ///< of its frames
  std::uint64_t json_bytes = 0;  ///< of its events' JSON
};

struct EncodedBlock {
  BlockInfo info;
  std::string columns;
  std::string data;
};

/// One event of a block.
struct EventColumns {
  std::uint64_t seq;
  std::int64_t timestamp_ns;
  SeriesId series;
  std::uint32_t offset;  ///< of its frame in the decompressed data
  std::uint32_t length;
};

class BlockBuilder {
 public:
  /// A block is full with so many events or bytes of frames; one event always fits.
  static constexpr std::size_t kMaxEvents = 256;
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

  BlockBuilder();
  ~BlockBuilder();

  bool empty() const noexcept { return events_.empty(); }
  bool has_room_for(std::size_t frame_bytes) const noexcept {
    return events_.empty() ||
           (events_.size() < kMaxEvents && raw_.size() + frame_bytes <= kMaxBytes);
  }
  void add(std::string_view frame, const FrameIndex& index, std::uint64_t seq, SeriesId series);
  std::uint64_t end_seq() const noexcept { return events_.back().seq + 1; }
  std::size_t size() const noexcept { return events_.size(); }

  /// The numbers a block stands for where some of its events have aged away.
  struct Cover {
    std::uint64_t first_seq = 0;  ///< not after its first event
    std::uint64_t end_seq = 0;    ///< behind its last
  };
  /// The block so far. @param epoch, received_ns as in BlockInfo @param cover none: its events'
  EncodedBlock encode(std::uint32_t epoch, std::int64_t received_ns,
                      std::optional<Cover> cover = std::nullopt);
  void clear();

 private:
  struct Compressor;
  std::vector<EventColumns> events_;
  std::string raw_;
  std::uint64_t json_bytes_ = 0;
  std::unique_ptr<Compressor> compressor_;
};

/// @return nothing when the bytes are damaged
std::optional<std::vector<EventColumns>> decode_columns(std::string_view columns,
                                                        std::uint64_t first_seq);
/// The frames. @return nothing when the bytes are damaged or the columns do not belong to them
std::shared_ptr<const std::string> decode_data(std::string_view data,
                                               const std::vector<EventColumns>& columns);

}  // namespace tapedeck::store
