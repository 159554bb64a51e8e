// One line of a CSV file of ticks or candles, as a pure function over its bytes: no allocation, no
// state, any input (it is fuzzed). Cells may be quoted and then hold commas; a row is one line.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

enum class Column {
  skip,
  timestamp,
  date,  ///< with `time` in another cell
  time,
  symbol,
  price,
  volume,             ///< of this tick or candle
  cumulative_volume,  ///< of the day so far
  open,
  high,
  low,
  close,
  exchange,
  bid,
  ask,
};

/// What the cells of a file mean.
struct CsvLayout {
  std::vector<Column> columns;
  std::chrono::nanoseconds zone{};  ///< offset from UTC of timestamps without one
  /// How many cells a row has; 0: any number that covers `columns`.
  std::size_t width = 0;

  bool has(Column column) const noexcept;
  bool is_candles() const noexcept { return has(Column::open); }
  /// Why rows of this layout could not be used; empty when they can.
  std::string_view problem() const noexcept;
};

struct CsvRow {
  Timestamp at{};
  std::string_view symbol;  ///< view into the line; empty when the file has none
  double price = 0;         ///< of a tick
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;
  std::string_view exchange;  ///< view into the line; empty when the row names none
  double bid = 0;             ///< 0: not known
  double ask = 0;
};

/// Reads one line (without its line end; a trailing CR is ignored).
/// @return empty when the row is good, else what is wrong with it.
std::string_view parse_csv_row(std::string_view line, const CsvLayout& layout, CsvRow& row);

/// Whether a text can be an exchange's name: up to 16 of A-Z, 0-9 and _.
bool is_exchange(std::string_view text) noexcept;

/// Whether a line is a header: neither its timestamp nor its price is one.
bool is_header(std::string_view line, const CsvLayout& layout);

/// Splits a line into cells (quotes removed); for headers.
std::vector<std::string_view> split_cells(std::string_view line);
std::size_t count_cells(std::string_view line);

/// The column a name means: Tapedeck's own names and those common in broker files
/// (`exchange_timestamp`, `last_price`, `volume_traded`, ...); upper or lower case.
std::optional<Column> column_named(std::string_view name);

/// What is wrong with a candle's numbers; empty when nothing is.
std::string_view candle_problem(double open, double high, double low, double close) noexcept;
/// What is wrong with a price; empty when nothing is.
std::string_view price_problem(double price) noexcept;
/// A volume as a whole number; nothing when it is negative, absurd or not a number.
std::optional<std::int64_t> whole_volume(double volume) noexcept;

}  // namespace tapedeck::market
