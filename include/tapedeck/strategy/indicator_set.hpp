// Which indicators are computed, each once per symbol and timeframe however many strategies look at
// it, and what their values are called in telemetry. A plan is made while an engine is built; sets
// (one per symbol and timeframe) are made from it.
//
// One thread. A candle costs each indicator's O(1) update and one word per value; nothing is
// allocated after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tapedeck/market/tick.hpp"
#include "tapedeck/strategy/indicators.hpp"

namespace tapedeck::strategy {

/// Where a value of an indicator is found in IndicatorValues.
struct ValueId {
  std::size_t index = 0;
  bool operator==(const ValueId&) const = default;
};
struct MacdIds {
  ValueId line, signal, histogram;
};
struct BollingerIds {
  ValueId upper, middle, lower;
};
struct AdxIds {
  ValueId adx, plus_di, minus_di;
};
struct SuperTrendIds {
  ValueId line;
  ValueId direction;  ///< 1: up, -1: down
};

enum class IndicatorKind { sma, ema, rsi, atr, macd, bollinger, adx, vwap, supertrend };

/// An indicator and its parameters.
struct IndicatorSpec {
  IndicatorKind kind = IndicatorKind::sma;
  int period = 0;     ///< the fast one of a MACD
  int slow = 0;       ///< of a MACD
  int signal = 0;     ///< of a MACD
  double factor = 0;  ///< deviations or multiplier of a band
  bool operator==(const IndicatorSpec&) const = default;

  /// Reads `sma_20`, `ema_9`, `rsi`, `rsi_7`, `atr`, `atr_10`, `macd`, `bb`, `bb_10`, `adx`,
  /// `adx_7`, `vwap`, `supertrend`; nothing when the text is none of these.
  static std::optional<IndicatorSpec> parse(std::string_view text);
};

/// The list of indicators and the names of their values: `sma_20`, `ema_20`, `rsi`, `atr`, `macd`,
/// `macd_signal`, `macd_hist`, `bb_upper`, `bb_middle`, `bb_lower`, `adx`, `plus_di`, `minus_di`,
/// `vwap`, `supertrend`, `supertrend_direction`. Other parameters than the usual ones (RSI, ATR and
/// ADX 14, MACD 12 26 9, Bollinger 20 x 2, SuperTrend 10 x 3) follow the name: `rsi_7`,
/// `macd_5_35_5_signal`. Asking twice for the same indicator gives the same ids.
class IndicatorPlan {
 public:
  // Each throws std::invalid_argument for parameters the indicator's constructor refuses, and
  // std::logic_error for an indicator that is new after freeze().
  ValueId sma(int period);
  ValueId ema(int period);
  ValueId rsi(int period = 14);
  ValueId atr(int period = 14);
  MacdIds macd(int fast = 12, int slow = 26, int signal = 9);
  BollingerIds bollinger(int period = 20, double deviations = 2);
  AdxIds adx(int period = 14);
  ValueId vwap();
  SuperTrendIds supertrend(int period = 10, double multiplier = 3);
  /// @return its first value; the others follow, value_count() in all
  ValueId add(const IndicatorSpec& spec);

  /// Sets have been made: from now on nothing may be added.
  void freeze() noexcept { frozen_ = true; }
  std::span<const IndicatorSpec> specs() const noexcept { return specs_; }
  std::size_t size() const noexcept { return names_.size(); }  ///< values of all indicators
  std::string_view name(ValueId id) const { return names_.at(id.index); }

  /// How many values an indicator has.
  static std::size_t value_count(IndicatorKind kind) noexcept;

 private:
  std::vector<IndicatorSpec> specs_;
  std::vector<std::size_t> first_;  // value of each spec
  std::vector<std::string> names_;
  bool frozen_ = false;
};

/// The values at the end of one candle; a view into an IndicatorSet.
class IndicatorValues {
 public:
  explicit IndicatorValues(std::span<const double> values) noexcept : values_(values) {}
  /// NaN: there is no value yet (or, for the VWAP, nothing was traded).
  double operator[](ValueId id) const noexcept {
    return id.index < values_.size() ? values_[id.index] : std::numeric_limits<double>::quiet_NaN();
  }
  bool has(ValueId id) const noexcept {
    const double value = (*this)[id];
    return value == value;
  }

 private:
  std::span<const double> values_;
};

/// The indicators of one symbol and timeframe.
class IndicatorSet {
 public:
  /// @param plan only read here
  explicit IndicatorSet(const IndicatorPlan& plan);
  /// Tells those that count from the session's begin (VWAP) that one begins with the next candle.
  void begin_session() noexcept;
  void update(const market::Candle& candle) noexcept;
  IndicatorValues now() const noexcept { return IndicatorValues(now_); }
  /// At the candle before.
  IndicatorValues before() const noexcept { return IndicatorValues(before_); }

 private:
  friend class IndicatorPlan;
  using Indicator = std::variant<Sma, Ema, Rsi, Atr, Macd, Bollinger, Adx, SessionVwap, SuperTrend>;
  static Indicator make(const IndicatorSpec& spec);

  std::vector<Indicator> indicators_;
  std::vector<double> now_;
  std::vector<double> before_;
};

}  // namespace tapedeck::strategy
