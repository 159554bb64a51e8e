#include "market/replay_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "market/day_volume.hpp"
#include "market/kite_candles.hpp"
#include "market/line_reader.hpp"

namespace tapedeck::market {
namespace {

constexpr int kRowsToInferTimeframe = 50;
/// What a row may trade; whole_volume() refuses the same.
constexpr std::int64_t kMostTraded = 1'000'000'000'000'000;

[[noreturn]] void refuse(const std::string& sentence) {
  throw std::invalid_argument(sentence);
}

void note_bad_row(FeedStats& stats, const ReplayOptions& options, const std::string& file,
                  std::uint64_t line, std::string_view reason) {
  ++stats.bad_rows;
  if (stats.first_bad_rows.size() >= FeedStats::kKeptBadRows) return;
  stats.first_bad_rows.push_back({file, line, std::string(reason)});
  if (options.on_bad_row) options.on_bad_row(stats.first_bad_rows.back());
}

/// A date alone, or a time alone, is the whole timestamp.
void settle_timestamp(std::vector<Column>& columns) {
  const auto date = std::find(columns.begin(), columns.end(), Column::date);
  const auto time = std::find(columns.begin(), columns.end(), Column::time);
  if (date != columns.end() && time == columns.end()) *date = Column::timestamp;
  if (time != columns.end() && date == columns.end()) *time = Column::timestamp;
}

class CsvSource final : public ReplaySource {
 public:
  CsvSource(const std::filesystem::path& path, std::optional<Timeframe> timeframe,
            const ReplayOptions& options, SymbolPool& symbols, FeedStats& stats)
      : name_(path.string()),
        options_(options),
        symbols_(symbols),
        stats_(stats),
        timeframe_(timeframe),
        reader_(path) {
    layout_.zone = options.zone;
    layout_.columns = options.columns;
    read_header();
    settle_timestamp(layout_.columns);
    check_layout();
  }

  const CsvLayout& layout() const noexcept { return layout_; }
  const std::string& error() const override { return reader_.error(); }

  FeedState next(ReplayRow& row) override {
    std::string_view line;
    while (next_line(line)) {
      if (line.empty() || line == "\r") {
        if (reader_.too_long()) bad("the line is longer than 64 KiB");
        continue;
      }
      CsvRow parsed;
      if (const auto problem = parse_csv_row(line, layout_, parsed); !problem.empty()) {
        bad(problem);
        continue;
      }
      if (layout_.width == 0) layout_.width = count_cells(line);
      fill(row, parsed);
      return FeedState::record;
    }
    return reader_.error().empty() ? FeedState::end : FeedState::failed;
  }

 private:
  bool next_line(std::string_view& line) {
    if (first_is_data_) {
      first_is_data_ = false;
      line = first_;
      return true;
    }
    return reader_.next(line);
  }

  void read_header() {
    std::string_view line;
    if (!reader_.next(line)) {
      refuse(reader_.error().empty() ? fmt::format("'{}' is empty", name_) : reader_.error());
    }
    if (!layout_.columns.empty()) {
      CsvLayout layout = layout_;
      settle_timestamp(layout.columns);
      if (is_header(line, layout)) {
        layout_.width = count_cells(line);
      } else {
        first_ = line;
        first_is_data_ = true;
      }
      return;
    }
    for (const std::string_view name : split_cells(line)) {
      layout_.columns.push_back(column_named(name).value_or(Column::skip));
    }
    layout_.width = layout_.columns.size();
  }

  void check_layout() const {
    if (const auto problem = layout_.problem(); !problem.empty()) {
      refuse(
          fmt::format("cannot tell the columns of '{}': {}; name them in order with columns=, "
                      "like columns=timestamp,price",
                      name_, problem));
    }
    if (!layout_.has(Column::symbol) && options_.symbol.empty()) {
      refuse(fmt::format("'{}' has no symbol column; add symbol=, like symbol=NIFTY", name_));
    }
  }

  void bad(std::string_view reason) {
    note_bad_row(stats_, options_, name_, reader_.line_number(), reason);
  }

  void fill(ReplayRow& row, const CsvRow& parsed) {
    row.symbol = symbols_.intern(parsed.symbol.empty() ? options_.symbol : parsed.symbol);
    row.exchange = intern_exchange(parsed.exchange);
    row.timeframe = timeframe_;
    row.at = parsed.at;
    row.bid = parsed.bid;
    row.ask = parsed.ask;
    row.price = parsed.price;
    row.open = parsed.open;
    row.high = parsed.high;
    row.low = parsed.low;
    row.close = parsed.close;
    row.volume =
        layout_.has(Column::cumulative_volume) ? traded_since(row, parsed.volume) : parsed.volume;
  }

  std::string_view intern_exchange(std::string_view named) {
    if (named.empty()) named = options_.exchange;
    return named.empty() ? std::string_view{} : symbols_.intern_exchange(named);
  }

  std::int64_t traded_since(const ReplayRow& row, std::int64_t cumulative) {
    DayVolume& day = day_volumes_[{row.symbol.data(), row.exchange.data()}];
    const std::uint64_t falls = day.falls();
    const auto traded = day.traded(row.at, cumulative, kMostTraded);
    stats_.volume_falls += day.falls() - falls;
    return traded.value_or(0);
  }

  std::string name_;
  const ReplayOptions& options_;
  SymbolPool& symbols_;
  FeedStats& stats_;
  std::optional<Timeframe> timeframe_;
  LineReader reader_;
  CsvLayout layout_;
  std::string first_;
  bool first_is_data_ = false;
  std::map<std::pair<const char*, const char*>, DayVolume> day_volumes_;  // never iterated
};

class KiteCandleSource final : public ReplaySource {
 public:
  KiteCandleSource(const ReplayFile& file, const ReplayOptions& options, SymbolPool& symbols,
                   FeedStats& stats)
      : timeframe_(file.timeframe.value_or(Timeframe{})) {
    const std::string name = file.path.string();
    symbol_ = symbols.intern(options.symbol.empty() ? symbol_in_name(file.path) : options.symbol);
    if (!options.exchange.empty()) exchange_ = symbols.intern_exchange(options.exchange);
    const auto bad = [&](std::uint64_t index, std::string_view reason) {
      note_bad_row(stats, options, name, index, reason);
    };
    candles_ = read_kite_candles(file.path, options.zone, bad);
  }
  FeedState next(ReplayRow& row) override {
    if (at_ == candles_.size()) return FeedState::end;
    const KiteCandle& candle = candles_[at_++];
    row = {symbol_,    timeframe_,   candle.start,  candle.close, candle.open, candle.high,
           candle.low, candle.close, candle.volume, exchange_,    0,           0};
    return FeedState::record;
  }
  const std::string& error() const override { return error_; }

 private:
  Timeframe timeframe_;
  std::string_view symbol_;
  std::string_view exchange_;
  std::vector<KiteCandle> candles_;
  std::size_t at_ = 0;
  std::string error_;
};

std::optional<Timeframe> timeframe_of_steps(ReplaySource& source, ReplayRow row) {
  std::chrono::nanoseconds smallest{0};
  const std::string_view symbol = row.symbol;
  Timestamp last = row.at;
  for (int i = 0; i < kRowsToInferTimeframe && source.next(row) == FeedState::record; ++i) {
    if (row.symbol != symbol) continue;
    if (row.at > last && (smallest.count() == 0 || row.at - last < smallest)) {
      smallest = row.at - last;
    }
    last = row.at;
  }
  if (smallest % std::chrono::minutes{1} != std::chrono::nanoseconds{0}) return std::nullopt;
  return Timeframe::of_minutes(smallest / std::chrono::minutes{1});
}

ReplayFile look_into_csv(ReplayFile file, const ReplayOptions& options, SymbolPool& symbols) {
  FeedStats unused;
  ReplayOptions quiet = options;
  quiet.on_bad_row = nullptr;
  CsvSource source(file.path, std::nullopt, quiet, symbols, unused);
  ReplayRow row;
  const FeedState state = source.next(row);
  if (state == FeedState::failed) refuse(source.error());
  if (state == FeedState::end) {
    const std::string why =
        unused.first_bad_rows.empty()
            ? std::string("it holds no rows")
            : fmt::format("all {} rows are bad, the first (line {}) because {}", unused.bad_rows,
                          unused.first_bad_rows[0].line, unused.first_bad_rows[0].reason);
    refuse(fmt::format(
        "'{}' has no usable row: {}; check columns=, tz= and format=", file.path.string(), why));
  }
  file.first = row.at;
  file.first_symbol = row.symbol;
  file.first_exchange = row.exchange;
  if (!source.layout().is_candles()) return file;
  file.timeframe = options.timeframe ? options.timeframe : timeframe_in_name(file.path);
  if (!file.timeframe) file.timeframe = timeframe_of_steps(source, row);
  if (!file.timeframe) {
    refuse(
        fmt::format("cannot tell how long the candles of '{}' are; add timeframe= with one of {}",
                    file.path.string(), Timeframe::kSupported));
  }
  return file;
}

ReplayFile look_into_kite(ReplayFile file, const ReplayOptions& options, SymbolPool& symbols) {
  file.timeframe = options.timeframe ? options.timeframe : timeframe_in_name(file.path);
  if (!file.timeframe) {
    refuse(
        fmt::format("the name of '{}' does not say how long its candles are; add timeframe= "
                    "with one of {}",
                    file.path.string(), Timeframe::kSupported));
  }
  FeedStats unused;
  ReplayOptions quiet = options;
  quiet.on_bad_row = nullptr;
  KiteCandleSource source(file, quiet, symbols, unused);
  ReplayRow row;
  if (source.next(row) != FeedState::record) {
    refuse(fmt::format("'{}' has no usable candle ({} bad ones)", file.path.string(),
                       unused.bad_rows));
  }
  file.first = row.at;
  file.first_symbol = row.symbol;
  file.first_exchange = row.exchange;
  return file;
}

}  // namespace

ReplayFile look_into(const std::filesystem::path& path, const ReplayOptions& options,
                     SymbolPool& symbols) {
  ReplayFile file;
  file.path = path;
  try {
    return options.format == ReplayFormat::csv ? look_into_csv(std::move(file), options, symbols)
                                               : look_into_kite(std::move(file), options, symbols);
  } catch (const std::runtime_error& error) {
    refuse(error.what());
  }
}

std::unique_ptr<ReplaySource> open_source(const ReplayFile& file, const ReplayOptions& options,
                                          SymbolPool& symbols, FeedStats& stats) {
  if (options.format == ReplayFormat::kite_candles) {
    return std::make_unique<KiteCandleSource>(file, options, symbols, stats);
  }
  return std::make_unique<CsvSource>(file.path, file.timeframe, options, symbols, stats);
}

}  // namespace tapedeck::market
