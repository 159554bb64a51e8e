// A spool as it may come back from a killed process or a damaged disk: a segment, a claim. The
// first byte says which, and whether the sums are made right, which no mutation would hit by
// chance. Must never crash or read what is not theirs; what passes must be lines that can be sent.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "remote/spool_format.hpp"

namespace {

using namespace tapedeck::remote;

constexpr std::size_t kSumAt = 4, kSummedFrom = 8;

void check(bool holds) {
  if (!holds) std::abort();
}

void put_sum(std::string& bytes, std::size_t begin, std::size_t size) {
  const auto sum = static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + begin + kSummedFrom),
              static_cast<uInt>(size - kSummedFrom)));
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[begin + kSumAt + i] = static_cast<char>(sum >> (8 * i) & 0xff);
  }
}

void read_segment(std::string bytes, bool with_sums) {
  const auto publisher = read_segment_header(bytes);
  if (!publisher) return;
  check(publisher->size() == kPublisherBytes);
  std::size_t at = kSegmentHeaderBytes;
  for (;;) {
    const auto size = record_size(std::string_view(bytes).substr(at));
    if (with_sums && size && *size <= bytes.size() - at) put_sum(bytes, at, *size);
    const auto record = read_record(std::string_view(bytes).substr(at));
    if (!record) return;
    check(size == record->size());
    check(record->size() <= bytes.size() - at);
    check(record->lines.back() == '\n');
    check(std::count(record->lines.begin(), record->lines.end(), '\n') ==
          static_cast<std::ptrdiff_t>(record->events));
    const Batch batch{*publisher, record->number, record->end_seq, record->events,
                      std::string(record->lines)};
    check(batch.key().size() <= 128);
    const auto [first, second] = split(batch, batch.events / 2);
    check(first.body + second.body == batch.body);
    std::string again;
    append_record(again, batch, record->alone);
    check(read_record(again)->lines == record->lines);
    at += record->size();
  }
}

void read_one_claim(std::string bytes, bool with_sums) {
  if (with_sums && bytes.size() >= kSummedFrom) put_sum(bytes, 0, bytes.size());
  const auto claim = read_claim(bytes);
  if (!claim) return;
  check(claim->begin >= kSegmentHeaderBytes && claim->end >= claim->begin);
  check(write_claim(*claim) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Exactly as large as it is, so that the sanitizer sees every byte too many.
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool with_sums = (data[0] & 1) != 0;
  if ((data[0] & 2) != 0) {
    read_one_claim(input, with_sums);
  } else {
    read_segment(input, with_sums);
  }
  return 0;
}
