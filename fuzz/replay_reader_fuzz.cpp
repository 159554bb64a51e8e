// libFuzzer target for everything in a replay file that comes from outside: CSV rows under several
// layouts, header names, timestamps, options. The first byte picks the layout, the rest is a file.
// A row that is called good must be usable: finite positive prices, a volume that is not negative.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "market/csv_row.hpp"
#include "market/time_text.hpp"
#include "tapedeck/market/ist_time.hpp"

namespace {

using namespace tapedeck::market;

CsvLayout layout_of(unsigned char choice) {
  CsvLayout layout;
  layout.zone = kIstOffset;
  layout.width = choice / 4 % 16;
  switch (choice % 4) {
    case 0:
      layout.columns = {Column::timestamp, Column::symbol, Column::price, Column::volume};
      break;
    case 1:
      layout.columns = {Column::timestamp, Column::open,  Column::high,
                        Column::low,       Column::close, Column::volume};
      break;
    case 2:
      layout.columns = {Column::skip, Column::date, Column::time, Column::price};
      break;
    default:
      layout.columns = {Column::symbol, Column::timestamp, Column::price,
                        Column::cumulative_volume};
      break;
  }
  return layout;
}

void check(bool holds) {
  if (!holds) std::abort();
}

void check_row(const CsvRow& row, const CsvLayout& layout) {
  check(std::isfinite(row.price) && row.price > 0);
  check(row.volume >= 0);
  if (layout.is_candles()) check(row.low <= row.high && row.low > 0);
  if (layout.has(Column::symbol)) check(!row.symbol.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const CsvLayout layout = layout_of(data[0]);
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    CsvRow row;
    if (parse_csv_row(line, layout, row).empty()) check_row(row, layout);
    is_header(line, layout);
    check(split_cells(line).size() == count_cells(line));
    for (const std::string_view cell : split_cells(line)) {
      column_named(cell);
      parse_zone(cell);
      parse_time(cell, kIstOffset, OffsetRule::ignore);
    }
    if (end == std::string_view::npos) return 0;
    text.remove_prefix(end + 1);
  }
}
