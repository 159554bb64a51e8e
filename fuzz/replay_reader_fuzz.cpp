// libFuzzer target for text that comes from outside to the market module: CSV rows of replays under
// several layouts, header names, timestamps, and rows of a calendar. The first byte picks the
// layout, the rest is a file. A row that is called good must be usable: finite positive prices, a
// volume that is not negative, a known exchange.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "market/csv_row.hpp"
#include "market/time_text.hpp"
#include "tapedeck/market/calendar.hpp"
#include "tapedeck/market/ist_time.hpp"

namespace {

using namespace tapedeck::market;

CsvLayout layout_of(unsigned char choice) {
  CsvLayout layout;
  layout.zone = kIstOffset;
  layout.width = choice / 5 % 16;
  switch (choice % 5) {
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
    case 3:
      layout.columns = {Column::symbol, Column::timestamp, Column::price,
                        Column::cumulative_volume};
      break;
    default:
      layout.columns = {Column::exchange, Column::symbol, Column::timestamp,
                        Column::price,    Column::bid,    Column::ask};
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
  check(is_exchange(row.exchange));
  for (const double side : {row.bid, row.ask}) check(std::isfinite(side) && side >= 0);
}

/// Whatever rows a calendar takes, a day of it can be asked for.
void check_calendar(std::string_view text) {
  TradingCalendar calendar;
  try {
    calendar.add_rows(text);
  } catch (const std::invalid_argument&) {
    return;
  }
  for (const SessionGroup group : kSessionGroups) {
    tapedeck::Timestamp before{};
    const DayPlan plan = calendar.day(group, make_date(2027, 1, 4));
    for (const PhaseSpan& span : plan.spans()) {
      check(before <= span.start && span.start < span.end);
      before = span.end;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const CsvLayout layout = layout_of(data[0]);
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  check_calendar(text);
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
