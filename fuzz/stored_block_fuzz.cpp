// Bytes as they may come back from a damaged disk: a block's columns and events, a row of postings,
// a series. The first byte says which. Must never crash or read what is not theirs; what passes the
// checks must be what it says it is.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bus/frame_index.hpp"
#include "store/block.hpp"
#include "store/postings.hpp"
#include "store/series_table.hpp"

namespace {

using namespace tapedeck;
using namespace tapedeck::store;

void check(bool holds) {
  if (!holds) std::abort();
}

void read_block(std::string_view columns, std::string_view data) {
  const auto events = decode_columns(columns, 1000);
  if (!events) return;
  check(!events->empty());
  std::uint64_t expected = 0;
  for (const EventColumns& event : *events) {
    check(event.offset == expected);
    expected += event.length;
  }
  const auto bytes = decode_data(data, *events);
  if (bytes == nullptr) return;
  check(bytes->size() == expected);
  for (const EventColumns& event : *events) {
    index_frame({bytes->data() + event.offset, event.length}, event.timestamp_ns);
  }
}

/// With the checksum made right, which no mutation would hit by chance.
void read_block_with_checksum(std::string_view columns, std::string_view data) {
  std::string summed(columns);
  const auto sum = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(columns.data()), static_cast<uInt>(columns.size())));
  for (unsigned shift = 0; shift < 32; shift += 8) summed += static_cast<char>(sum >> shift);
  read_block(summed, data);
}

void read_postings(std::string_view row, std::uint32_t hash) {
  std::vector<BlockOrdinal> blocks;
  find_in_row(row, hash, 10, 200, blocks);
  for (const BlockOrdinal block : blocks) check(block >= 10 && block < 200);
}

void read_series(std::string_view stored) {
  SeriesTable table(10);
  if (!table.restore(1, stored)) return;
  bool any = false;
  Filter filter;
  filter.symbol = {"NIFTY"};
  filter.strategy = {"momentum"};
  table.matching(CompiledFilter(filter), any);
  const Series& series = table[1];
  for (const KeySpan key : series.index.keys) {
    check(key.packed == 0 || key.offset() + key.length() <= series.text.size());
  }
  check(table.stored(1) == stored);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  // Exactly as large as it is, so that the sanitizer sees every byte too many.
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t split =
      static_cast<std::uint8_t>(input[0]) | std::size_t{static_cast<std::uint8_t>(input[1])} << 8;
  const std::string_view rest = std::string_view(input).substr(2);
  const std::string first(rest.substr(0, split)), second(rest.substr(std::min(split, rest.size())));
  switch (data[0] % 4) {
    case 0:
      read_block(first, second);
      break;
    case 1:
      read_block_with_checksum(first, second);
      break;
    case 2:
      read_postings(rest, static_cast<std::uint32_t>(split) << 16);
      read_postings(rest, static_cast<std::uint32_t>(split) << 8 | 1);
      break;
    default:
      read_series(rest);
  }
  return 0;
}
