// The bytes of a spool. A spool is a folder of segments, `00000001.spool` and so on, and a claim.
// Numbers are little-endian.
//
//   segment   "TDSPOOL1", the publisher's name (16 bytes), then records
//   record    u32 magic, u32 CRC-32 of what follows, u32 flags, u32 bytes of lines, u32 events,
//             u32 0, u64 number, u64 end_seq, then the lines
//   claim     u32 magic, u32 CRC-32 of what follows, u64 segment, u64 begin, u64 end
//
// The claim says which bytes are being sent; everything before it has been accepted. Records that
// are not `alone` may be sent together, and the claim is what makes the next process send the same
// ones together, under the same key. A record that was torn ends its segment.
// Pure; any thread; the reader is for bytes that may be damaged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "remote/batch.hpp"

namespace tapedeck::remote {

inline constexpr std::size_t kPublisherBytes = 16;
inline constexpr std::size_t kSegmentHeaderBytes = 8 + kPublisherBytes;
inline constexpr std::size_t kRecordHeaderBytes = 40;
inline constexpr std::size_t kClaimBytes = 32;
/// Of one record's lines: a batch and an event more.
inline constexpr std::size_t kMostRecordBytes = std::size_t{32} << 20;

/// @param publisher kPublisherBytes letters and digits.
std::string segment_header(std::string_view publisher);
/// The publisher of a segment; nothing when the bytes begin no segment.
std::optional<std::string> read_segment_header(std::string_view bytes);

struct RecordView {
  bool alone = false;  ///< its outcome is unknown: never sent together with others
  std::uint64_t number = 0;
  std::uint64_t end_seq = 0;
  std::uint32_t events = 0;
  std::string_view lines;

  std::size_t size() const noexcept { return kRecordHeaderBytes + lines.size(); }
};

void append_record(std::string& out, const Batch& batch, bool alone);
/// The record at the beginning of `bytes`; nothing when there is none, or only a part of one.
std::optional<RecordView> read_record(std::string_view bytes);
/// How long the record that begins with these bytes says it is; nothing when none begins here.
std::optional<std::size_t> record_size(std::string_view bytes);

struct Claim {
  std::uint64_t segment = 0;
  std::uint64_t begin = 0;  ///< offsets in the segment
  std::uint64_t end = 0;
};
std::string write_claim(const Claim& claim);
std::optional<Claim> read_claim(std::string_view bytes);

}  // namespace tapedeck::remote
