#include "tapedeck/strategy/indicators.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "market/random_source.hpp"
#include "tapedeck/strategy/indicator_set.hpp"

namespace tapedeck::strategy {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// State of fixed size: all but the sliding windows, whose ring is made once, are plain words.
static_assert(std::is_trivially_copyable_v<Ema> && std::is_trivially_copyable_v<Rsi> &&
              std::is_trivially_copyable_v<Atr> && std::is_trivially_copyable_v<Macd> &&
              std::is_trivially_copyable_v<Adx> && std::is_trivially_copyable_v<SessionVwap> &&
              std::is_trivially_copyable_v<SuperTrend>);

TEST(Sma, IsTheMeanOfTheLastValues) {
  Sma sma(3);
  sma.update(1);
  sma.update(2);
  EXPECT_FALSE(sma.value());
  sma.update(6);
  EXPECT_DOUBLE_EQ(*sma.value(), 3);
  sma.update(10);
  EXPECT_DOUBLE_EQ(*sma.value(), 6);
}

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

TEST(Atr, MayCountTheFirstCandle) {
  Atr atr(2, AtrSeeding::first_candle);
  atr.update(12, 10, 11);
  atr.update(15, 14, 14);
  EXPECT_DOUBLE_EQ(*atr.value(), 3.0) << "ranges 2 and 4";
}

TEST(Macd, BeginsItsSignalOnceTheLineHasValues) {
  Macd macd(2, 3, 2);
  for (const double close : {1.0, 2.0}) macd.update(close);
  EXPECT_FALSE(macd.line());
  macd.update(3);
  EXPECT_DOUBLE_EQ(*macd.line(), 0.5) << "2.5 - 2";
  EXPECT_FALSE(macd.signal());
  EXPECT_FALSE(macd.histogram());
  macd.update(4);
  EXPECT_DOUBLE_EQ(*macd.line(), 0.5) << "3.5 - 3";
  EXPECT_DOUBLE_EQ(*macd.signal(), 0.5);
  EXPECT_DOUBLE_EQ(*macd.histogram(), 0);
}

TEST(Bollinger, UsesTheDeviationOfThePopulation) {
  Bollinger bollinger(2, 2);
  bollinger.update(10);
  EXPECT_FALSE(bollinger.value());
  bollinger.update(14);
  EXPECT_DOUBLE_EQ(bollinger.value()->middle, 12);
  EXPECT_DOUBLE_EQ(bollinger.value()->upper, 16) << "12 + 2 * 2";
  EXPECT_DOUBLE_EQ(bollinger.value()->lower, 8);
}

TEST(Bollinger, StaysExactOverAMillionIndexLevels) {
  constexpr int kPeriod = 20;
  Bollinger bollinger(kPeriod);
  market::RandomSource random(7);
  std::vector<double> last;
  double level = 81'234.55;
  for (int i = 0; i < 1'000'000; ++i) {
    level = std::round((level + random.normal() * 3) * 20) / 20;
    bollinger.update(level);
    last.push_back(level);
  }
  last.erase(last.begin(), last.end() - kPeriod);
  const double mean = std::accumulate(last.begin(), last.end(), 0.0) / kPeriod;
  double squares = 0;
  for (const double value : last) squares += (value - mean) * (value - mean);
  EXPECT_NEAR(bollinger.value()->middle, mean, 1e-9);
  EXPECT_NEAR(bollinger.value()->upper, mean + 2 * std::sqrt(squares / kPeriod), 1e-8);
}

TEST(Bollinger, HasNoWidthWhileNothingMoves) {
  Bollinger bollinger(5);
  bollinger.update(1'000'000);
  for (int i = 0; i < 50; ++i) bollinger.update(24'000.05);
  EXPECT_EQ(bollinger.value()->upper, bollinger.value()->lower);
}

TEST(Adx, IsHundredInAPureTrendAndZeroWhileNothingMoves) {
  Adx rising(3);
  Adx flat(3);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(rising.plus_di().has_value(), i >= 4) << "candle number period + 1";
    EXPECT_FALSE(rising.adx());
    rising.update(10 + i, 9 + i, 10 + i);
    flat.update(10, 10, 10);
  }
  EXPECT_DOUBLE_EQ(*rising.adx(), 100) << "candle number 2 * period";
  EXPECT_DOUBLE_EQ(*rising.minus_di(), 0);
  EXPECT_DOUBLE_EQ(*rising.plus_di(), 100);
  EXPECT_DOUBLE_EQ(*flat.adx(), 0);
  EXPECT_DOUBLE_EQ(*flat.plus_di(), 0);
}

TEST(SessionVwap, StartsOverWithTheSessionAndHasNoValueWithoutVolume) {
  SessionVwap vwap;
  vwap.update(12, 9, 12, 0);
  EXPECT_FALSE(vwap.value()) << "an index has no volume";
  vwap.update(12, 9, 12, 100);
  vwap.update(15, 12, 15, 300);
  EXPECT_DOUBLE_EQ(*vwap.value(), 13.25) << "(11 * 100 + 14 * 300) / 400";
  vwap.begin_session();
  EXPECT_FALSE(vwap.value());
  vwap.update(20, 20, 20, 1);
  EXPECT_DOUBLE_EQ(*vwap.value(), 20);
}

TEST(SuperTrend, TurnsWhenPriceLeavesTheBand) {
  SuperTrend trend(2, 1);
  trend.update(11, 9, 10);
  EXPECT_FALSE(trend.value());
  trend.update(11, 9, 10);
  EXPECT_DOUBLE_EQ(*trend.value(), 12) << "upper band: 10 + 1 * 2";
  EXPECT_FALSE(trend.rising());
  trend.update(16, 14, 16);
  EXPECT_TRUE(trend.rising()) << "16 is above 12";
  EXPECT_DOUBLE_EQ(*trend.value(), 11) << "lower band: 15 - (2 + 6) / 2";
  trend.update(10, 8, 8);
  EXPECT_FALSE(trend.rising());
}

TEST(Indicators, IgnoreWhatIsNoUsablePrice) {
  Ema clean(3), dirty(3);
  SuperTrend clean_trend(3, 2), dirty_trend(3, 2);
  Bollinger clean_bands(3), dirty_bands(3);
  for (int i = 0; i < 10; ++i) {
    for (const double bad : {kNan, kInfinity, -kInfinity, 1e300}) {
      dirty.update(bad);
      dirty_bands.update(bad);
      dirty_trend.update(bad, 1, 1);
      dirty_trend.update(100, bad, 1);
      dirty_trend.update(100, 1, bad);
    }
    for (Ema* ema : {&clean, &dirty}) ema->update(100 + i);
    for (Bollinger* bands : {&clean_bands, &dirty_bands}) bands->update(100 + i);
    for (SuperTrend* trend : {&clean_trend, &dirty_trend}) trend->update(101 + i, 99 + i, 100 + i);
  }
  EXPECT_EQ(*clean.value(), *dirty.value());
  EXPECT_EQ(clean_bands.value()->upper, dirty_bands.value()->upper);
  EXPECT_EQ(*clean_trend.value(), *dirty_trend.value());
}

TEST(Indicators, StayFiniteUpToTheLargestUsableValue) {
  IndicatorPlan plan;
  plan.rsi();
  plan.atr();
  plan.macd(2, 3, 2);
  plan.bollinger(3);
  plan.adx(3);
  plan.vwap();
  plan.supertrend(3, 3);
  IndicatorSet set(plan);
  for (int i = 0; i < 40; ++i) {
    market::Candle candle;
    candle.high = kLargestValue;
    candle.close = i % 2 == 0 ? kLargestValue : -kLargestValue;
    candle.low = -kLargestValue;
    candle.volume = std::numeric_limits<std::int64_t>::max();
    set.update(candle);
  }
  for (std::size_t i = 0; i < plan.size(); ++i) {
    EXPECT_TRUE(std::isfinite(set.now()[{i}])) << plan.name({i});
  }
}

TEST(Indicators, RefuseParametersThatMakeNoSense) {
  EXPECT_THROW(Sma(0), std::invalid_argument);
  EXPECT_THROW(Ema(-1), std::invalid_argument);
  EXPECT_THROW(Rsi(kLongestPeriod + 1), std::invalid_argument);
  EXPECT_NO_THROW(Sma(1));
  EXPECT_NO_THROW(Atr{kLongestPeriod});
  EXPECT_THROW(Macd(26, 26, 9), std::invalid_argument);
  EXPECT_THROW(Bollinger(20, 0), std::invalid_argument);
  EXPECT_THROW(SuperTrend(10, kNan), std::invalid_argument);
}

TEST(IndicatorPlan, ComputesEachIndicatorOnceAndNamesItsValues) {
  IndicatorPlan plan;
  const ValueId ema = plan.ema(20);
  const MacdIds macd = plan.macd();
  const AdxIds adx = plan.adx(7);
  EXPECT_EQ(plan.ema(20), ema);
  EXPECT_EQ(plan.specs().size(), 3U);
  EXPECT_EQ(plan.size(), 7U);
  EXPECT_EQ(plan.name(ema), "ema_20");
  EXPECT_EQ(plan.name(macd.histogram), "macd_hist");
  EXPECT_EQ(plan.name(adx.plus_di), "plus_di_7");
  EXPECT_EQ(plan.name(plan.macd(5, 35, 5).signal), "macd_5_35_5_signal");
  EXPECT_EQ(plan.name(plan.bollinger(20, 2.5).upper), "bb_20_2.5_upper");
  EXPECT_EQ(plan.name(plan.rsi()), "rsi");
}

TEST(IndicatorPlan, RefusesWhatTheIndicatorRefusesAndWhatComesAfterTheFreeze) {
  IndicatorPlan plan;
  EXPECT_THROW(plan.ema(0), std::invalid_argument);
  EXPECT_EQ(plan.size(), 0U);
  plan.ema(9);
  plan.freeze();
  EXPECT_NO_THROW(plan.ema(9));
  EXPECT_THROW(plan.ema(10), std::logic_error);
}

TEST(IndicatorSpec, ReadsNames) {
  EXPECT_EQ(IndicatorSpec::parse("ema_9")->period, 9);
  EXPECT_EQ(IndicatorSpec::parse("rsi")->period, 14);
  EXPECT_EQ(IndicatorSpec::parse("adx_7")->kind, IndicatorKind::adx);
  EXPECT_EQ(IndicatorSpec::parse("supertrend")->factor, 3);
  for (const char* bad :
       {"", "ema", "ema_", "ema_0", "ema_10001", "ema_9x", "vwap_3", "macd_5", "obv", "_9"}) {
    EXPECT_FALSE(IndicatorSpec::parse(bad)) << bad;
  }
}

TEST(IndicatorSet, KeepsTheValuesOfTheCandleBefore) {
  IndicatorPlan plan;
  const ValueId sma = plan.sma(1);
  const ValueId vwap = plan.vwap();
  IndicatorSet set(plan);
  market::Candle candle;
  candle.high = candle.low = candle.close = 10;
  set.update(candle);
  EXPECT_FALSE(set.before().has(sma));
  EXPECT_FALSE(set.now().has(vwap)) << "no volume";
  candle.high = candle.low = candle.close = 11;
  candle.volume = 5;
  set.update(candle);
  EXPECT_EQ(set.now()[sma], 11);
  EXPECT_EQ(set.before()[sma], 10);
  EXPECT_EQ(set.now()[vwap], 11);
  set.begin_session();
  candle.volume = 0;
  set.update(candle);
  EXPECT_FALSE(set.now().has(vwap));
}

}  // namespace
}  // namespace tapedeck::strategy
