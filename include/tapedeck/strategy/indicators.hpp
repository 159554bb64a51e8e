// The indicators strategies decide on, each O(1) per candle and a few words of state. What the
// first values are depends on a convention, so each class names its own; they agree with TA-Lib.
// Value types, one thread.
#pragma once

#include <optional>

#include "tapedeck/market/tick.hpp"

namespace tapedeck::strategy {

/// Exponential moving average, factor 2 / (period + 1), seeded with the simple average of the first
/// `period` values: the first result comes with value number `period`.
class Ema {
 public:
  explicit Ema(int period) noexcept : period_(period) {}
  void update(double value) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  int count_ = 0;
  double sum_ = 0;
  double average_ = 0;
};

/// Relative strength index (Wilder 1978): average gain and loss seeded with the simple average of
/// the first `period` changes, then smoothed by 1 / period. First result with value number period
/// + 1. 100 when nothing fell, 50 when nothing moved at all.
class Rsi {
 public:
  explicit Rsi(int period) noexcept : period_(period) {}
  void update(double close) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  int changes_ = 0;
  bool has_last_ = false;
  double last_ = 0;
  double gain_ = 0;
  double loss_ = 0;
};

/// Average true range (Wilder 1978): seeded with the simple average of the first `period` true
/// ranges, then smoothed by 1 / period. The first candle has no previous close and gives no true
/// range, so the first result comes with candle number period + 1.
class Atr {
 public:
  explicit Atr(int period) noexcept : period_(period) {}
  void update(double high, double low, double close) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  int ranges_ = 0;
  bool has_last_ = false;
  double last_close_ = 0;
  double average_ = 0;
};

/// What strategies see of one symbol and timeframe.
struct IndicatorValues {
  std::optional<double> ema_20;
  std::optional<double> ema_50;
  std::optional<double> rsi;  ///< 14
  std::optional<double> atr;  ///< 14
  bool ready() const noexcept { return ema_20 && ema_50 && rsi && atr; }
};

class IndicatorSet {
 public:
  void update(const market::Candle& candle) noexcept;
  IndicatorValues values() const noexcept;

 private:
  Ema ema_20_{20};
  Ema ema_50_{50};
  Rsi rsi_{14};
  Atr atr_{14};
};

}  // namespace tapedeck::strategy
