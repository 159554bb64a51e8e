// The indicators strategies decide on. Each takes one candle in O(1) time and keeps a state of
// fixed size. What the first values are depends on a convention, so each class names its own.
//
// A value that cannot be used (not finite, or beyond ±kLargestValue, where squares lose their
// meaning) is ignored, as though its candle had not come: one bad price must not poison an average
// for ever. Constructors throw std::invalid_argument for a period outside 1..kLongestPeriod.
//
// Value types, one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tapedeck::strategy {

inline constexpr int kLongestPeriod = 10'000;
inline constexpr double kLargestValue = 1e15;

namespace detail {

/// The last `period` values, their mean and their variance, without the drift of a running sum: a
/// second pair of sums starts over with every `period` values and then takes the place of the
/// first, so that rounding errors live for two periods at most. Both are taken relative to a value
/// of the window, so that squares of index levels do not cancel.
class SlidingWindow {
 public:
  explicit SlidingWindow(int period);
  void add(double value) noexcept;
  bool full() const noexcept { return count_ == values_.size(); }
  double mean() const noexcept;      ///< needs full()
  double variance() const noexcept;  ///< of the population; needs full()

 private:
  struct Sums {
    double reference = 0;
    double sum = 0;
    double squares = 0;
    void add(double value) noexcept;
    void remove(double value) noexcept;
  };

  std::vector<double> values_;  // a ring
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  Sums sums_;
  Sums fresh_;
  std::size_t fresh_count_ = 0;
};

}  // namespace detail

/// Simple moving average of the last `period` values. First result with value number `period`.
class Sma {
 public:
  explicit Sma(int period) : window_(period) {}
  void update(double value) noexcept;
  std::optional<double> value() const noexcept;

 private:
  detail::SlidingWindow window_;
};

/// Exponential moving average, factor 2 / (period + 1), seeded with the simple average of the first
/// `period` values: the first result comes with value number `period` (TA-Lib, Stock.Indicators).
class Ema {
 public:
  explicit Ema(int period);
  void update(double value) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  double factor_;
  int count_ = 0;
  double average_ = 0;
};

/// How Wilder's averages of an RSI begin.
enum class RsiSeeding {
  /// With the simple average of the first `period` changes, as Wilder did (TA-Lib).
  simple_average,
  /// With zero at the first value, as though it had not changed (StockCharts' sheet, pandas' ewm).
  first_value,
};

/// Relative strength index (Wilder 1978): 100 * gain / (gain + loss) of average gain and loss, each
/// smoothed by 1 / period. First result with value number period + 1. 100 when nothing fell, 50
/// when nothing moved at all.
class Rsi {
 public:
  explicit Rsi(int period, RsiSeeding seeding = RsiSeeding::simple_average);
  void update(double close) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  RsiSeeding seeding_;
  int changes_ = 0;
  bool has_last_ = false;
  double last_ = 0;
  double gain_ = 0;
  double loss_ = 0;
};

/// Whether the first candle, which has no close before it, gives a true range.
enum class AtrSeeding {
  /// It does not: first result with candle number period + 1 (Wilder, TA-Lib).
  second_candle,
  /// Its high - low counts: first result with candle number `period` (QuantConnect; SuperTrend).
  first_candle,
};

/// Average true range (Wilder 1978): seeded with the simple average of the first `period` true
/// ranges, then smoothed by 1 / period.
class Atr {
 public:
  explicit Atr(int period, AtrSeeding seeding = AtrSeeding::second_candle);
  void update(double high, double low, double close) noexcept;
  std::optional<double> value() const noexcept;

 private:
  int period_;
  AtrSeeding seeding_;
  int ranges_ = 0;
  bool has_last_ = false;
  double last_close_ = 0;
  double average_ = 0;
};

/// Moving average convergence divergence (Appel 1979): Ema(fast) - Ema(slow), and an Ema(signal) of
/// that line. Each EMA is seeded with the simple average of its own first values: the line begins
/// with value number `slow`, the signal `signal` - 1 values later. (TA-Lib starts both EMAs at
/// once; 150 values on, the two differ by less than 2e-8.)
class Macd {
 public:
  /// @throws std::invalid_argument also when fast is not shorter than slow
  explicit Macd(int fast = 12, int slow = 26, int signal = 9);
  void update(double value) noexcept;
  std::optional<double> line() const noexcept;
  std::optional<double> signal() const noexcept { return signal_.value(); }
  std::optional<double> histogram() const noexcept;  ///< line - signal

 private:
  Ema fast_;
  Ema slow_;
  Ema signal_;
};

/// Bollinger bands: the Sma(period), and `deviations` standard deviations of the population above
/// and below it. First result with value number `period`.
class Bollinger {
 public:
  struct Bands {
    double upper = 0;
    double middle = 0;
    double lower = 0;
  };
  /// @throws std::invalid_argument also when deviations is not above 0
  explicit Bollinger(int period = 20, double deviations = 2);
  void update(double value) noexcept;
  std::optional<Bands> value() const noexcept;

 private:
  detail::SlidingWindow window_;
  double deviations_;
};

/// Directional movement (Wilder 1978): +DI, -DI and their average directional index. The sums of
/// true range and of directional movement are those of the first `period` changes, then
/// sum - sum / period + new: DI begins with candle number period + 1. ADX is the simple average of
/// the first `period` DX, then smoothed by 1 / period: it begins with candle number 2 * period. DI
/// is 0 when nothing moved at all. (TA-Lib seeds its sums with one change less; 150 candles on, the
/// two differ by less than 2.5e-4.)
class Adx {
 public:
  explicit Adx(int period = 14);
  void update(double high, double low, double close) noexcept;
  std::optional<double> plus_di() const noexcept { return di(plus_); }
  std::optional<double> minus_di() const noexcept { return di(minus_); }
  std::optional<double> adx() const noexcept;

 private:
  std::optional<double> di(double movement) const noexcept;
  void smooth(double range, double plus, double minus) noexcept;
  void average_dx() noexcept;

  int period_;
  int changes_ = 0;
  int averaged_ = 0;
  bool has_last_ = false;
  double last_high_ = 0;
  double last_low_ = 0;
  double last_close_ = 0;
  double range_ = 0;
  double plus_ = 0;
  double minus_ = 0;
  double adx_ = 0;
};

/// Volume weighted average price since the session began: sum of (high + low + close) / 3 * volume
/// over the sum of volumes. Whoever feeds it says when a session begins. No value while nothing was
/// traded, which for an index is always.
class SessionVwap {
 public:
  void begin_session() noexcept { *this = SessionVwap(); }
  void update(double high, double low, double close, std::int64_t volume) noexcept;
  std::optional<double> value() const noexcept;

 private:
  double turnover_ = 0;
  double volume_ = 0;
};

/// SuperTrend (Seban): a band of `multiplier` ATR around the candle's middle that only tightens
/// while price stays within it; the line is the lower band while the trend is up, the upper band
/// while it is down. The ATR counts the first candle (AtrSeeding::first_candle): first result with
/// candle number `period`; the trend starts down unless the close is above the upper band.
class SuperTrend {
 public:
  /// @throws std::invalid_argument also when multiplier is not above 0
  explicit SuperTrend(int period = 10, double multiplier = 3);
  void update(double high, double low, double close) noexcept;
  std::optional<double> value() const noexcept;
  bool rising() const noexcept { return rising_; }  ///< needs value()

 private:
  Atr atr_;
  double multiplier_;
  bool begun_ = false;
  bool rising_ = false;
  double upper_ = 0;
  double lower_ = 0;
  double last_close_ = 0;
};

}  // namespace tapedeck::strategy
