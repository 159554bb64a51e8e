#include "market/csv_row.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "market/time_text.hpp"

namespace tapedeck::market {
namespace {

constexpr double kAbsurdPrice = 1e9;
constexpr double kAbsurdVolume = 1e15;

constexpr std::array<std::pair<std::string_view, Column>, 39> kColumnNames{{
    {"-", Column::skip},
    {"timestamp", Column::timestamp},
    {"datetime", Column::timestamp},
    {"ts", Column::timestamp},
    {"exchange_timestamp", Column::timestamp},
    {"date", Column::date},
    {"time", Column::time},
    {"symbol", Column::symbol},
    {"tradingsymbol", Column::symbol},
    {"instrument", Column::symbol},
    {"ticker", Column::symbol},
    {"price", Column::price},
    {"ltp", Column::price},
    {"last_price", Column::price},
    {"last", Column::price},
    {"volume", Column::volume},
    {"quantity", Column::volume},
    {"qty", Column::volume},
    {"cumulative_volume", Column::cumulative_volume},
    {"volume_traded", Column::cumulative_volume},
    {"volume_traded_today", Column::cumulative_volume},
    {"day_volume", Column::cumulative_volume},
    {"open", Column::open},
    {"o", Column::open},
    {"high", Column::high},
    {"h", Column::high},
    {"low", Column::low},
    {"l", Column::low},
    {"close", Column::close},
    {"c", Column::close},
    {"v", Column::volume},
    {"exchange", Column::exchange},
    {"exch", Column::exchange},
    {"bid", Column::bid},
    {"bid_price", Column::bid},
    {"best_bid", Column::bid},
    {"ask", Column::ask},
    {"ask_price", Column::ask},
    {"best_ask", Column::ask},
}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

/// Walks the cells of a line.
class Cells {
 public:
  explicit Cells(std::string_view line) : rest_(line) {
    if (!rest_.empty() && rest_.back() == '\r') rest_.remove_suffix(1);
  }
  bool broken() const noexcept { return broken_; }
  bool next(std::string_view& cell) {
    if (done_ || broken_) return false;
    if (!rest_.empty() && rest_.front() == '"') return next_quoted(cell);
    const std::size_t comma = rest_.find(',');
    cell = trim(rest_.substr(0, comma));
    advance(comma);
    return true;
  }

 private:
  void advance(std::size_t comma) {
    done_ = comma == std::string_view::npos;
    rest_ = done_ ? std::string_view{} : rest_.substr(comma + 1);
  }
  bool next_quoted(std::string_view& cell) {
    std::size_t end = 1;
    while (true) {
      end = rest_.find('"', end);
      if (end == std::string_view::npos) return !(broken_ = true);
      if (end + 1 < rest_.size() && rest_[end + 1] == '"') {
        end += 2;
        continue;
      }
      break;
    }
    cell = rest_.substr(1, end - 1);
    const std::string_view after = rest_.substr(end + 1);
    if (!after.empty() && after.front() != ',') return !(broken_ = true);
    rest_ = after;
    advance(after.empty() ? std::string_view::npos : 0);
    return true;
  }

  std::string_view rest_;
  bool done_ = false;
  bool broken_ = false;
};

std::optional<double> number(std::string_view cell) {
  double value = 0;
  const auto result = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (result.ec != std::errc{} || result.ptr != cell.data() + cell.size()) return std::nullopt;
  return value;
}

/// The cells of one row as they are met.
struct RawRow {
  std::string_view timestamp, date, time, symbol, price, volume, open, high, low, close, exchange,
      bid, ask;
  std::size_t cells = 0;

  std::string_view* place(Column column) {
    switch (column) {
      case Column::timestamp:
        return &timestamp;
      case Column::date:
        return &date;
      case Column::time:
        return &time;
      case Column::symbol:
        return &symbol;
      case Column::price:
        return &price;
      case Column::volume:
      case Column::cumulative_volume:
        return &volume;
      case Column::open:
        return &open;
      case Column::high:
        return &high;
      case Column::low:
        return &low;
      case Column::close:
        return &close;
      case Column::exchange:
        return &exchange;
      case Column::bid:
        return &bid;
      case Column::ask:
        return &ask;
      case Column::skip:
        break;
    }
    return nullptr;
  }
};

std::string_view collect(std::string_view line, const CsvLayout& layout, RawRow& raw) {
  Cells cells(line);
  std::string_view cell;
  while (cells.next(cell)) {
    if (raw.cells < layout.columns.size()) {
      if (std::string_view* place = raw.place(layout.columns[raw.cells])) *place = cell;
    }
    ++raw.cells;
  }
  if (cells.broken()) return "a quote is not closed";
  if (raw.cells < layout.columns.size()) return "too few cells";
  if (layout.width != 0 && raw.cells != layout.width) {
    return raw.cells < layout.width ? "too few cells" : "too many cells";
  }
  return {};
}

std::optional<Timestamp> time_of(const RawRow& raw, const CsvLayout& layout) {
  if (!layout.has(Column::timestamp)) return parse_date_and_time(raw.date, raw.time, layout.zone);
  return parse_time(raw.timestamp, layout.zone);
}

std::string_view read_candle(const RawRow& raw, CsvRow& row) {
  const auto open = number(raw.open);
  const auto high = number(raw.high);
  const auto low = number(raw.low);
  const auto close = number(raw.close);
  if (!open || !high || !low || !close) return "a price is not a number";
  row.open = *open;
  row.high = *high;
  row.low = *low;
  row.close = row.price = *close;
  return candle_problem(*open, *high, *low, *close);
}

std::string_view read_price(const RawRow& raw, CsvRow& row) {
  const auto price = number(raw.price);
  if (!price) return "the price is not a number";
  row.price = *price;
  return price_problem(*price);
}

/// An empty cell or 0 is a side that is not known.
bool read_quote(std::string_view cell, double& price) {
  price = 0;
  if (cell.empty()) return true;
  const auto value = number(cell);
  if (!value || !(*value >= 0) || *value > kAbsurdPrice) return false;
  price = *value;
  return true;
}

}  // namespace

bool is_exchange(std::string_view text) noexcept {
  return text.size() <= 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool CsvLayout::has(Column column) const noexcept {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::string_view CsvLayout::problem() const noexcept {
  const bool timed = has(Column::timestamp) || (has(Column::date) && has(Column::time));
  if (!timed) return "no timestamp column";
  const bool candles =
      has(Column::open) && has(Column::high) && has(Column::low) && has(Column::close);
  if (!candles && has(Column::open)) return "open without high, low and close";
  if (!candles && !has(Column::price)) return "no price column and no open, high, low, close";
  for (const Column column : columns) {
    if (column != Column::skip && std::count(columns.begin(), columns.end(), column) > 1) {
      return "the same column twice";
    }
  }
  return {};
}

std::string_view parse_csv_row(std::string_view line, const CsvLayout& layout, CsvRow& row) {
  RawRow raw;
  if (const auto problem = collect(line, layout, raw); !problem.empty()) return problem;
  const auto at = time_of(raw, layout);
  if (!at) return "the timestamp is not one";
  row.at = *at;
  row.symbol = raw.symbol;
  if (layout.has(Column::symbol) && (row.symbol.empty() || row.symbol.size() > 64)) {
    return "the symbol is empty or longer than 64 bytes";
  }
  const auto problem = layout.is_candles() ? read_candle(raw, row) : read_price(raw, row);
  if (!problem.empty()) return problem;
  row.exchange = raw.exchange;
  if (!is_exchange(row.exchange)) return "the exchange is none";
  if (!read_quote(raw.bid, row.bid) || !read_quote(raw.ask, row.ask)) {
    return "bid or ask is no price";
  }
  row.volume = 0;
  if (raw.volume.empty()) return {};
  const auto volume = number(raw.volume);
  const auto whole = volume ? whole_volume(*volume) : std::nullopt;
  if (!whole) return "the volume is not one";
  row.volume = *whole;
  return {};
}

bool is_header(std::string_view line, const CsvLayout& layout) {
  RawRow raw;
  CsvLayout any_width = layout;
  any_width.width = 0;
  collect(line, any_width, raw);
  return !time_of(raw, layout) && !number(layout.is_candles() ? raw.close : raw.price);
}

std::vector<std::string_view> split_cells(std::string_view line) {
  std::vector<std::string_view> all;
  Cells cells(line);
  for (std::string_view cell; cells.next(cell);) all.push_back(cell);
  return all;
}

std::size_t count_cells(std::string_view line) {
  std::size_t count = 0;
  Cells cells(line);
  for (std::string_view cell; cells.next(cell);) ++count;
  return count;
}

std::optional<Column> column_named(std::string_view name) {
  std::string lower(trim(name));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto& [known, column] : kColumnNames) {
    if (known == lower) return column;
  }
  return std::nullopt;
}

std::string_view price_problem(double price) noexcept {
  if (!std::isfinite(price)) return "the price is not finite";
  if (price <= 0) return "the price is not above zero";
  if (price > kAbsurdPrice) return "the price is absurd (above 1e9)";
  return {};
}

std::string_view candle_problem(double open, double high, double low, double close) noexcept {
  for (const double price : {open, high, low, close}) {
    if (const auto problem = price_problem(price); !problem.empty()) return problem;
  }
  if (low > std::min(open, close) || high < std::max(open, close)) {
    return "open or close lies outside low to high";
  }
  return {};
}

std::optional<std::int64_t> whole_volume(double volume) noexcept {
  if (!(volume >= 0) || volume > kAbsurdVolume) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(volume));
}

}  // namespace tapedeck::market
