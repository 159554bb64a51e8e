#include "remote/spool_format.hpp"

#include <zlib.h>

#include <algorithm>

namespace tapedeck::remote {
namespace {

constexpr std::string_view kSegmentMagic = "TDSPOOL1";
constexpr std::uint32_t kRecordMagic = 0x31525354;  // "TSR1"
constexpr std::uint32_t kClaimMagic = 0x31435354;   // "TSC1"
constexpr std::uint32_t kAlone = 1;
constexpr std::size_t kSummedFrom = 8;  // behind magic and sum

template <typename T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i, value >>= 8)
    out += static_cast<char>(value & 0xff);
}

template <typename T>
T get(std::string_view bytes, std::size_t at) {
  T value = 0;
  for (std::size_t i = sizeof value; i-- > 0;) {
    value = static_cast<T>(value << 8 | static_cast<unsigned char>(bytes[at + i]));
  }
  return value;
}

std::uint32_t sum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// Fills in the sum of what has been appended since `begin`.
void seal(std::string& out, std::size_t begin) {
  std::string sum;
  put(sum, sum_of(std::string_view(out).substr(begin + kSummedFrom)));
  out.replace(begin + 4, 4, sum);
}

}  // namespace

std::string segment_header(std::string_view publisher) {
  return std::string(kSegmentMagic) + std::string(publisher);
}

std::optional<std::string> read_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) return std::nullopt;
  std::string publisher(bytes.substr(kSegmentMagic.size(), kPublisherBytes));
  const bool plain = std::all_of(publisher.begin(), publisher.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
  });
  if (!plain) return std::nullopt;
  return publisher;
}

void append_record(std::string& out, const Batch& batch, bool alone) {
  const std::size_t begin = out.size();
  put(out, kRecordMagic);
  put(out, std::uint32_t{0});
  put(out, alone ? kAlone : std::uint32_t{0});
  put(out, static_cast<std::uint32_t>(batch.body.size()));
  put(out, static_cast<std::uint32_t>(batch.events));
  put(out, std::uint32_t{0});
  put(out, batch.number);
  put(out, batch.end_seq);
  out += batch.body;
  seal(out, begin);
}

std::optional<std::size_t> record_size(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes || get<std::uint32_t>(bytes, 0) != kRecordMagic) {
    return std::nullopt;
  }
  const std::size_t lines = get<std::uint32_t>(bytes, 12);
  if (lines == 0 || lines > kMostRecordBytes) return std::nullopt;
  return kRecordHeaderBytes + lines;
}

std::optional<RecordView> read_record(std::string_view bytes) {
  const auto size = record_size(bytes);
  if (!size || bytes.size() < *size) return std::nullopt;
  bytes = bytes.substr(0, *size);
  if (get<std::uint32_t>(bytes, 4) != sum_of(bytes.substr(kSummedFrom))) return std::nullopt;
  RecordView record;
  record.alone = (get<std::uint32_t>(bytes, 8) & kAlone) != 0;
  record.events = get<std::uint32_t>(bytes, 16);
  record.number = get<std::uint64_t>(bytes, 24);
  record.end_seq = get<std::uint64_t>(bytes, 32);
  record.lines = bytes.substr(kRecordHeaderBytes);
  // A sum can be right by design: what is sent must be lines, as many as are counted.
  const auto lines = std::count(record.lines.begin(), record.lines.end(), '\n');
  if (record.lines.back() != '\n' || lines != static_cast<std::ptrdiff_t>(record.events)) {
    return std::nullopt;
  }
  return record;
}

std::string write_claim(const Claim& claim) {
  std::string out;
  put(out, kClaimMagic);
  put(out, std::uint32_t{0});
  put(out, claim.segment);
  put(out, claim.begin);
  put(out, claim.end);
  seal(out, 0);
  return out;
}

std::optional<Claim> read_claim(std::string_view bytes) {
  if (bytes.size() != kClaimBytes || get<std::uint32_t>(bytes, 0) != kClaimMagic ||
      get<std::uint32_t>(bytes, 4) != sum_of(bytes.substr(kSummedFrom))) {
    return std::nullopt;
  }
  const Claim claim{get<std::uint64_t>(bytes, 8), get<std::uint64_t>(bytes, 16),
                    get<std::uint64_t>(bytes, 24)};
  if (claim.begin < kSegmentHeaderBytes || claim.end < claim.begin) return std::nullopt;
  return claim;
}

}  // namespace tapedeck::remote
