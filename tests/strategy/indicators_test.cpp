#include "tapedeck/strategy/indicators.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <map>

#include "market/csv_row.hpp"
#include "market/engine_support.hpp"
#include "market/line_reader.hpp"

namespace tapedeck::strategy {
namespace {

TEST(Ema, IsSeededWithTheSimpleAverage) {
  Ema ema(3);
  ema.update(1);
  ema.update(2);
  EXPECT_FALSE(ema.value());
  ema.update(6);
  EXPECT_DOUBLE_EQ(*ema.value(), 3.0);
  ema.update(5);
  EXPECT_DOUBLE_EQ(*ema.value(), 4.0) << "3 + (5 - 3) * 2 / 4";
}

TEST(Rsi, FollowsWilder) {
  Rsi rsi(2);
  rsi.update(10);
  rsi.update(12);
  EXPECT_FALSE(rsi.value());
  rsi.update(11);
  EXPECT_NEAR(*rsi.value(), 100.0 * 2 / 3, 1e-12) << "average gain 1, loss 0.5";
  rsi.update(14);
  EXPECT_NEAR(*rsi.value(), 100.0 * 2 / 2.25, 1e-12) << "gain 2, loss 0.25";
}

TEST(Rsi, IsNeutralWhenNothingMovesAndHundredWhenNothingFalls) {
  Rsi flat(2);
  Rsi rising(2);
  for (int i = 0; i < 5; ++i) {
    flat.update(10);
    rising.update(10 + i);
  }
  EXPECT_EQ(*flat.value(), 50);
  EXPECT_EQ(*rising.value(), 100);
}

TEST(Atr, CountsGapsAndNeedsAPreviousClose) {
  Atr atr(2);
  atr.update(12, 10, 11);
  atr.update(15, 14, 14);
  EXPECT_FALSE(atr.value());
  atr.update(14, 12, 13);
  EXPECT_DOUBLE_EQ(*atr.value(), 3.0) << "true ranges 4 and 2";
  atr.update(14, 13, 13);
  EXPECT_DOUBLE_EQ(*atr.value(), 2.0) << "3 + (1 - 3) / 2";
}

double to_number(std::string_view cell) {
  double value = std::nan("");
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

/// Runs a file of candles with the values TA-Lib found and compares each of them.
void compare_with_talib(const std::filesystem::path& path) {
  market::LineReader reader(path);
  std::string_view line;
  ASSERT_TRUE(reader.next(line));
  const std::string header(line);
  std::map<std::string, std::size_t, std::less<>> column;
  for (const std::string_view name : market::split_cells(header)) {
    column.emplace(name, column.size());
  }
  IndicatorSet indicators;
  int compared = 0;
  while (reader.next(line)) {
    const auto cells = market::split_cells(line);
    const auto cell = [&](const char* name) { return cells.at(column.at(name)); };
    market::Candle candle;
    candle.high = to_number(cell("high"));
    candle.low = to_number(cell("low"));
    candle.close = to_number(cell("close"));
    indicators.update(candle);
    const IndicatorValues values = indicators.values();
    const auto check = [&](const char* name, const std::optional<double>& ours) {
      const std::string_view theirs = cell(name);
      ASSERT_EQ(ours.has_value(), !theirs.empty()) << name << " line " << reader.line_number();
      if (!ours) return;
      const double expected = to_number(theirs);
      EXPECT_NEAR(*ours, expected, 1e-9 * std::max(1.0, std::abs(expected)))
          << name << " line " << reader.line_number();
      ++compared;
    };
    check("ema20", values.ema_20);
    check("ema50", values.ema_50);
    check("rsi14", values.rsi);
    check("atr14", values.atr);
  }
  EXPECT_GT(compared, 60) << path;
}

TEST(Indicators, AgreeWithTaLibOverRealCandles) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(*data / "golden" / "talib")) {
    SCOPED_TRACE(file.path().filename().string());
    compare_with_talib(file.path());
    ++files;
  }
  EXPECT_GE(files, 9);
}

}  // namespace
}  // namespace tapedeck::strategy
