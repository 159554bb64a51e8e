#include "tapedeck/universe/instrument_dump.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <tuple>

#include "market/csv_row.hpp"
#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::universe {
namespace {

enum Cell : std::size_t {
  kToken,
  kSymbol,
  kName,
  kExpiry,
  kStrike,
  kTickSize,
  kLotSize,
  kType,
  kSegment,
  kExchange,
  kExchangeToken,
  kCells
};
constexpr std::array<std::string_view, kCells> kColumnNames{
    "instrument_token", "tradingsymbol",   "name",    "expiry",   "strike",        "tick_size",
    "lot_size",         "instrument_type", "segment", "exchange", "exchange_token"};
constexpr std::size_t kRequired = kExchangeToken;  // the columns before it

constexpr std::size_t kMaxSymbol = 64;
constexpr double kMaxNumber = 1e12;
constexpr std::string_view kIndices = "INDICES";
/// An exchange that stands in the last, possibly cut, row alone is believed when it is one of
/// these.
constexpr std::array<std::string_view, 10> kExchanges{"NSE", "BSE", "NFO", "BFO",    "CDS",
                                                      "BCD", "MCX", "NCO", "GLOBAL", "NSEIX"};

template <typename T>
std::optional<T> number(std::string_view cell) {
  T value{};
  const char* end = cell.data() + cell.size();
  const auto result = std::from_chars(cell.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> amount(std::string_view cell) {
  const auto value = number<double>(cell);
  if (!value || !(*value >= 0) || *value > kMaxNumber) return std::nullopt;
  return value;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
}

bool is_word(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), plain);
}

/// What a contract's symbol has before its expiry: NIFTY of NIFTY25NOVFUT (25 NOV) and of the
/// weekly NIFTY25D0226000CE (25 D 02). Empty when the expiry is not in it.
std::string_view underlying_in(std::string_view symbol, std::string_view expiry) {
  constexpr std::string_view kMonths = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  constexpr std::string_view kWeeklyMonths = "123456789OND";
  const auto month = static_cast<std::size_t>((expiry[5] - '0') * 10 + expiry[6] - '0') - 1;
  const std::string year(expiry.substr(2, 2));
  const std::string monthly = year + std::string(kMonths.substr(month * 3, 3));
  const std::string weekly = year + kWeeklyMonths[month] + std::string(expiry.substr(8, 2));
  for (const std::string& code : {monthly, weekly}) {
    const std::size_t at = symbol.find(code, 1);
    if (at != std::string_view::npos) return symbol.substr(0, at);
  }
  return {};
}

/// What is wrong with a row of a future or option; empty when nothing is.
std::string derivative_problem(DumpRow& row) {
  if (!row.symbol.ends_with(row.type)) {
    return fmt::format("'{}' is no name of a {}", row.symbol, row.type);
  }
  if (row.expiry.empty()) return fmt::format("the {} has no expiry", row.type);
  if (row.is_option() && row.strike <= 0) return "the option has no strike";
  if (!row.is_option() && row.strike > 0) return "a future has no strike";
  if (row.lot_size < 1) return "the lot_size is not above zero";
  if (row.name.empty()) row.name = underlying_in(row.symbol, row.expiry);
  if (row.name.empty()) return "the name is empty: no underlying";
  if (row.name.size() > kMaxSymbol || !is_printable(row.name)) {
    return "the name is no name of an underlying";
  }
  return {};
}

class DumpParser {
 public:
  DumpParser(InstrumentDump& dump, std::string_view name, const DumpLimits& limits)
      : dump_(dump), name_(name), limits_(limits), rest_(*dump.text) {}

  /// @return why the dump is refused
  std::string run() {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    if (auto problem = read_header(); !problem.empty()) return problem;
    if (auto problem = read_rows(); !problem.empty()) return problem;
    keep_first_of_each();
    return verdict();
  }

 private:
  bool next_line(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    cut_ = end == std::string_view::npos;
    line = rest_.substr(0, end);
    rest_.remove_prefix(cut_ ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++line_;
    return true;
  }

  std::string read_header() {
    std::string_view line;
    if (!next_line(line)) return fmt::format("'{}' is empty", name_);
    const auto names = market::split_cells(line);
    width_ = names.size();
    columns_.fill(width_);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto known = std::find(kColumnNames.begin(), kColumnNames.end(), names[i]);
      if (known == kColumnNames.end()) continue;
      std::size_t& column = columns_[static_cast<std::size_t>(known - kColumnNames.begin())];
      if (column != width_) return fmt::format("'{}' has the column {} twice", name_, names[i]);
      column = i;
    }
    for (std::size_t i = 0; i < kRequired; ++i) {
      if (columns_[i] != width_) continue;
      return fmt::format("'{}' has no column {}: it is no instrument dump", name_, kColumnNames[i]);
    }
    return {};
  }

  std::string read_rows() {
    dump_.rows.reserve(std::min(rest_.size() / 80, limits_.max_rows));
    for (std::string_view line; next_line(line);) {
      if (line.empty()) continue;
      if (++dump_.report.rows > limits_.max_rows) {
        return fmt::format("'{}' has more than {} rows", name_, limits_.max_rows);
      }
      DumpRow row;
      std::string reason = read_row(line, row);
      if (reason.empty()) {
        dump_.rows.push_back(row);
        continue;
      }
      if (cut_) return ends_within();
      ++dump_.report.bad_rows;
      note(line_, std::move(reason));
    }
    if (cut_ && !dump_.rows.empty() && !is_whole(dump_.rows.back())) return ends_within();
    return {};
  }

  std::string ends_within() const {
    return fmt::format("'{}' ends within line {}: it is cut off", name_, line_);
  }

  /// Of the last row when no line end follows it: whether its exchange is one.
  bool is_whole(const DumpRow& last) const {
    if (std::find(kExchanges.begin(), kExchanges.end(), last.exchange) != kExchanges.end()) {
      return true;
    }
    return std::any_of(dump_.rows.begin(), dump_.rows.end() - 1,
                       [&](const DumpRow& row) { return row.exchange == last.exchange; });
  }

  void note(std::uint64_t line, std::string reason) {
    auto& kept = dump_.report.first_bad_rows;
    if (kept.size() < limits_.kept_bad_rows) kept.push_back({line, std::move(reason)});
  }

  /// @return what is wrong with the row; empty when nothing is
  std::string read_row(std::string_view line, DumpRow& row) const {
    const auto cells = market::split_cells(line);
    if (cells.size() != width_) {
      return fmt::format("{} cells instead of {}", cells.size(), width_);
    }
    for (const std::string_view cell : cells) {
      if (cell.size() > limits_.max_cell_bytes) {
        return fmt::format("a cell is longer than {} bytes", limits_.max_cell_bytes);
      }
    }
    const auto cell = [&](Cell which) { return cells[columns_[which]]; };
    row.line = line_;
    row.symbol = cell(kSymbol);
    row.name = cell(kName);
    row.expiry = cell(kExpiry);
    row.type = cell(kType);
    row.segment = cell(kSegment);
    row.exchange = cell(kExchange);
    if (columns_[kExchangeToken] != width_) {
      row.exchange_token = number<std::int64_t>(cell(kExchangeToken)).value_or(0);
    }
    std::string problem =
        read_numbers(cell(kToken), cell(kStrike), cell(kTickSize), cell(kLotSize), row);
    return problem.empty() ? row_problem(row) : problem;
  }

  static std::string read_numbers(std::string_view token, std::string_view strike,
                                  std::string_view tick, std::string_view lot, DumpRow& row) {
    const auto id = number<std::int64_t>(token);
    if (!id || *id <= 0) return "the instrument_token is no number above zero";
    row.token = *id;
    const auto at = strike.empty() ? 0.0 : amount(strike);
    if (!at) return "the strike is no amount";
    row.strike = *at;
    const auto step = amount(tick);
    if (!step) return "the tick_size is no amount";
    row.tick_size = *step;
    const auto units = number<std::int64_t>(lot);
    if (!units || *units < 0) return "the lot_size is no whole number";
    row.lot_size = *units;
    return {};
  }

  static std::string row_problem(DumpRow& row) {
    if (row.symbol.empty() || row.symbol.size() > kMaxSymbol || !is_printable(row.symbol)) {
      return fmt::format("the tradingsymbol is empty, longer than {} bytes or not printable",
                         kMaxSymbol);
    }
    if (!is_word(row.exchange)) return "the exchange is no word of capitals";
    if (!is_word(row.segment)) return "the segment is no word of capitals";
    if (!row.expiry.empty() && !market::parse_date(row.expiry)) return "the expiry is no date";
    if (row.segment == kIndices) return row.type == "EQ" ? "" : "an index must be of type EQ";
    if (row.tick_size <= 0) return "the tick_size is not above zero";
    if (row.type == "EQ") return row.lot_size < 1 ? "the lot_size is not above zero" : "";
    if (row.type != "FUT" && !row.is_option()) return "the instrument_type is not EQ, FUT, CE, PE";
    return derivative_problem(row);
  }

  void keep_first_of_each() {
    auto& rows = dump_.rows;
    const auto key = [](const DumpRow& row) { return std::tie(row.exchange, row.symbol); };
    std::sort(rows.begin(), rows.end(), [&](const DumpRow& a, const DumpRow& b) {
      return std::tie(a.exchange, a.symbol, a.line) < std::tie(b.exchange, b.symbol, b.line);
    });
    std::vector<std::pair<const DumpRow*, const DumpRow*>> repeated;  // with the first of them
    const DumpRow* first = nullptr;
    for (const DumpRow& row : rows) {
      if (first == nullptr || key(*first) != key(row)) {
        first = &row;
      } else {
        repeated.emplace_back(&row, first);
      }
    }
    if (repeated.empty()) return;
    dump_.report.repeated_rows = repeated.size();
    note_repeated(repeated);
    rows.erase(std::unique(rows.begin(), rows.end(),
                           [&](const DumpRow& a, const DumpRow& b) { return key(a) == key(b); }),
               rows.end());
  }

  void note_repeated(std::vector<std::pair<const DumpRow*, const DumpRow*>>& repeated) {
    const auto by_line = [](const auto& a, const auto& b) { return a.first->line < b.first->line; };
    const std::size_t kept = std::min(repeated.size(), limits_.kept_bad_rows);
    const auto end = repeated.begin() + static_cast<std::ptrdiff_t>(kept);
    std::partial_sort(repeated.begin(), end, repeated.end(), by_line);
    auto& noted = dump_.report.first_bad_rows;
    for (auto at = repeated.begin(); at != end; ++at) {
      noted.push_back(
          {at->first->line, fmt::format("{}:{} again, first on line {}", at->first->exchange,
                                        at->first->symbol, at->second->line)});
    }
    std::sort(noted.begin(), noted.end(),
              [](const BadDumpRow& a, const BadDumpRow& b) { return a.line < b.line; });
    if (noted.size() > limits_.kept_bad_rows) noted.resize(limits_.kept_bad_rows);
  }

  std::string verdict() const {
    const DumpReport& report = dump_.report;
    if (report.rows == 0) return fmt::format("'{}' has a header but no instruments", name_);
    const std::uint64_t bad = report.bad_rows + report.repeated_rows;
    if (dump_.rows.empty() ||
        static_cast<double>(bad) > limits_.max_bad_share * static_cast<double>(report.rows)) {
      const BadDumpRow none;
      const BadDumpRow& example = report.first_bad_rows.empty() ? none : report.first_bad_rows[0];
      return fmt::format("'{}': {} of {} rows are bad or repeated, more than {}% (line {}: {})",
                         name_, bad, report.rows, limits_.max_bad_share * 100, example.line,
                         example.reason);
    }
    return {};
  }

  InstrumentDump& dump_;
  std::string_view name_;
  const DumpLimits& limits_;
  std::string_view rest_;
  std::array<std::size_t, kCells> columns_{};  // width_: not there
  std::size_t width_ = 0;
  std::uint64_t line_ = 0;
  bool cut_ = false;  // the line read last had no line end
};

}  // namespace

InstrumentDump parse_dump(std::string text, std::string_view name, const DumpLimits& limits) {
  InstrumentDump dump;
  if (text.size() > limits.max_text_bytes) {
    dump.problem = fmt::format("'{}' is larger than {} bytes", name, limits.max_text_bytes);
    return dump;
  }
  dump.text = std::make_unique<const std::string>(std::move(text));
  dump.problem = DumpParser(dump, name, limits).run();
  if (!dump.problem.empty()) dump.rows.clear();
  return dump;
}

}  // namespace tapedeck::universe
