// FrameEncoder: the one JSON encoder for events. Turns a record from a publishing thread's queue,
// or an event decoded from outside, into a frame and its index.
//
// Lives on the collector role (one thread at a time). Cost: about 50 ns for a six-field event; no
// allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/event_decoder.hpp"
#include "event/frame.hpp"
#include "event/json_writer.hpp"
#include "tapedeck/bus.hpp"
#include "tapedeck/detail/record.hpp"

namespace tapedeck {

/// A source as it is written into events.
struct EncodedSource {
  std::string json;  // {"host":"a1",...}; empty: no source
  KeySpans keys{};   // offsets in json
};
EncodedSource encode_source(const Source& source);

class FrameEncoder {
 public:
  /// @param epoch at most kMaxEpoch bytes (std::length_error).
  explicit FrameEncoder(std::string_view epoch);
  static constexpr std::size_t kMaxEpoch = 32;

  /// Room that any frame of such a record needs at most.
  static std::size_t frame_bound(const detail::RecordHeader& header, const EncodedSource& source) {
    return kFixedBytes + json::kMaxStringGrowth * header.size + source.json.size();
  }
  static std::size_t frame_bound(const DecodedEvent& event) {
    return kFixedBytes + event.payload.size() + event.source.size();
  }

  /// Writes the frame at `out` and fills `index`, but for its offset and type number.
  /// @return the frame's end.
  char* encode(char* out, const std::byte* record, const EncodedSource& source, std::uint64_t seq,
               std::int64_t timestamp_ns, FrameIndex& index);
  char* encode(char* out, const DecodedEvent& event, std::uint64_t seq, std::int64_t timestamp_ns,
               FrameIndex& index);

 private:
  // id line, envelope, two ids, names of all fields of the longest known event.
  static constexpr std::size_t kFixedBytes = 4096;

  char* write_id_line(char* out, std::uint64_t seq, FrameIndex& index);
  char* finish(char* out, char* frame, char* payload, std::string_view source_json,
               const KeySpans& source_keys, FrameIndex& index);

  void set_id(std::uint64_t seq);

  // The id of the frame being written. Copied whole, however short it is: a copy of a fixed size is
  // a few instructions, and frames have room behind them.
  static constexpr std::size_t kIdRoom = 64;
  char id_[kIdRoom]{};
  std::size_t id_length_ = 0;
  const std::size_t prefix_length_;
  std::uint64_t id_seq_ = 0;
  json::TimestampWriter timestamps_;
};

}  // namespace tapedeck
