#include "tapedeck/strategy/indicators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace tapedeck::strategy {
namespace {

bool is_usable(double value) noexcept {
  return std::abs(value) <= kLargestValue;  // false for NaN
}

bool is_usable(double high, double low, double close) noexcept {
  return is_usable(high) && is_usable(low) && is_usable(close);
}

int checked_period(int period) {
  if (period >= 1 && period <= kLongestPeriod) return period;
  throw std::invalid_argument(
      fmt::format("an indicator's period must lie within 1..{}, not {}", kLongestPeriod, period));
}

double checked_factor(double factor) {
  if (factor > 0 && factor <= kLargestValue) return factor;
  throw std::invalid_argument(fmt::format("the width of a band must be above 0, not {}", factor));
}

double true_range(double high, double low, double last_close) noexcept {
  return std::max({high - low, std::abs(high - last_close), std::abs(low - last_close)});
}

}  // namespace

namespace detail {

void SlidingWindow::Sums::add(double value) noexcept {
  const double off = value - reference;
  sum += off;
  squares += off * off;
}

void SlidingWindow::Sums::remove(double value) noexcept {
  const double off = value - reference;
  sum -= off;
  squares -= off * off;
}

SlidingWindow::SlidingWindow(int period)
    : values_(static_cast<std::size_t>(checked_period(period))) {}

void SlidingWindow::add(double value) noexcept {
  if (count_ == 0) sums_.reference = value;
  if (fresh_count_ == 0) fresh_ = Sums{value, 0, 0};
  if (full()) {
    sums_.remove(values_[next_]);
  } else {
    ++count_;
  }
  values_[next_] = value;
  next_ = next_ + 1 == values_.size() ? 0 : next_ + 1;
  sums_.add(value);
  fresh_.add(value);
  if (++fresh_count_ < values_.size()) return;
  sums_ = fresh_;
  fresh_count_ = 0;
}

double SlidingWindow::mean() const noexcept {
  return sums_.reference + sums_.sum / static_cast<double>(count_);
}

double SlidingWindow::variance() const noexcept {
  const auto n = static_cast<double>(count_);
  const double mean_off = sums_.sum / n;
  return std::max(0.0, sums_.squares / n - mean_off * mean_off);
}

}  // namespace detail

void Sma::update(double value) noexcept {
  if (is_usable(value)) window_.add(value);
}

std::optional<double> Sma::value() const noexcept {
  if (!window_.full()) return std::nullopt;
  return window_.mean();
}

Ema::Ema(int period) : period_(checked_period(period)), factor_(2.0 / (period + 1)) {}

void Ema::update(double value) noexcept {
  if (!is_usable(value)) return;
  if (count_ < period_) {
    ++count_;
    average_ += (value - average_) / count_;
    return;
  }
  average_ += (value - average_) * factor_;
}

std::optional<double> Ema::value() const noexcept {
  if (count_ < period_) return std::nullopt;
  return average_;
}

Rsi::Rsi(int period, RsiSeeding seeding) : period_(checked_period(period)), seeding_(seeding) {}

void Rsi::update(double close) noexcept {
  if (!is_usable(close)) return;
  const double change = close - last_;
  last_ = close;
  if (!std::exchange(has_last_, true)) return;
  const double gain = std::max(change, 0.0);
  const double loss = std::max(-change, 0.0);
  const bool seeding = changes_ < period_;
  if (seeding) ++changes_;
  if (seeding && seeding_ == RsiSeeding::simple_average) {
    gain_ += gain / period_;
    loss_ += loss / period_;
    return;
  }
  gain_ += (gain - gain_) / period_;
  loss_ += (loss - loss_) / period_;
}

std::optional<double> Rsi::value() const noexcept {
  if (changes_ < period_) return std::nullopt;
  if (gain_ + loss_ <= 0) return 50.0;
  return 100.0 * gain_ / (gain_ + loss_);
}

Atr::Atr(int period, AtrSeeding seeding) : period_(checked_period(period)), seeding_(seeding) {}

void Atr::update(double high, double low, double close) noexcept {
  if (!is_usable(high, low, close)) return;
  const double range = has_last_ ? true_range(high, low, last_close_) : high - low;
  const bool first = !std::exchange(has_last_, true);
  last_close_ = close;
  if (first && seeding_ == AtrSeeding::second_candle) return;
  if (ranges_ < period_) {
    ++ranges_;
    average_ += range / period_;
    return;
  }
  average_ += (range - average_) / period_;
}

std::optional<double> Atr::value() const noexcept {
  if (ranges_ < period_) return std::nullopt;
  return average_;
}

Macd::Macd(int fast, int slow, int signal) : fast_(fast), slow_(slow), signal_(signal) {
  if (fast < slow) return;
  throw std::invalid_argument(
      fmt::format("a MACD's fast period {} must be shorter than its slow one {}", fast, slow));
}

void Macd::update(double value) noexcept {
  if (!is_usable(value)) return;
  fast_.update(value);
  slow_.update(value);
  if (const auto now = line()) signal_.update(*now);
}

std::optional<double> Macd::line() const noexcept {
  const auto fast = fast_.value();
  const auto slow = slow_.value();
  if (!fast || !slow) return std::nullopt;
  return *fast - *slow;
}

std::optional<double> Macd::histogram() const noexcept {
  const auto now = line();
  const auto average = signal();
  if (!now || !average) return std::nullopt;
  return *now - *average;
}

Bollinger::Bollinger(int period, double deviations)
    : window_(period), deviations_(checked_factor(deviations)) {}

void Bollinger::update(double value) noexcept {
  if (is_usable(value)) window_.add(value);
}

std::optional<Bollinger::Bands> Bollinger::value() const noexcept {
  if (!window_.full()) return std::nullopt;
  const double middle = window_.mean();
  const double width = deviations_ * std::sqrt(window_.variance());
  return Bands{middle + width, middle, middle - width};
}

Adx::Adx(int period) : period_(checked_period(period)) {}

void Adx::update(double high, double low, double close) noexcept {
  if (!is_usable(high, low, close)) return;
  const bool first = !std::exchange(has_last_, true);
  const double up = high - last_high_;
  const double down = last_low_ - low;
  const double range = true_range(high, low, last_close_);
  last_high_ = high;
  last_low_ = low;
  last_close_ = close;
  if (first) return;
  smooth(range, up > down && up > 0 ? up : 0, down > up && down > 0 ? down : 0);
  if (changes_ == period_) average_dx();
}

void Adx::smooth(double range, double plus, double minus) noexcept {
  const bool seeding = changes_ < period_;
  const double kept = seeding ? 1.0 : 1.0 - 1.0 / period_;
  range_ = range_ * kept + range;
  plus_ = plus_ * kept + plus;
  minus_ = minus_ * kept + minus;
  if (seeding) ++changes_;
}

void Adx::average_dx() noexcept {
  const double total = plus_ + minus_;
  const double dx = total > 0 ? 100.0 * std::abs(plus_ - minus_) / total : 0;
  if (averaged_ < period_) {
    ++averaged_;
    adx_ += dx / period_;
    return;
  }
  adx_ += (dx - adx_) / period_;
}

std::optional<double> Adx::di(double movement) const noexcept {
  if (changes_ < period_) return std::nullopt;
  return range_ > 0 ? 100.0 * movement / range_ : 0;
}

std::optional<double> Adx::adx() const noexcept {
  if (averaged_ < period_) return std::nullopt;
  return adx_;
}

void SessionVwap::update(double high, double low, double close, std::int64_t volume) noexcept {
  if (!is_usable(high, low, close) || volume <= 0) return;
  const auto traded = static_cast<double>(volume);
  turnover_ += (high + low + close) / 3.0 * traded;
  volume_ += traded;
}

std::optional<double> SessionVwap::value() const noexcept {
  if (volume_ <= 0) return std::nullopt;
  return turnover_ / volume_;
}

SuperTrend::SuperTrend(int period, double multiplier)
    : atr_(period, AtrSeeding::first_candle), multiplier_(checked_factor(multiplier)) {}

void SuperTrend::update(double high, double low, double close) noexcept {
  if (!is_usable(high, low, close)) return;
  atr_.update(high, low, close);
  const double last_close = std::exchange(last_close_, close);
  const auto atr = atr_.value();
  if (!atr) return;
  const double middle = (high + low) / 2.0;
  double upper = middle + multiplier_ * *atr;
  double lower = middle - multiplier_ * *atr;
  if (begun_ && last_close <= upper_) upper = std::min(upper, upper_);
  if (begun_ && last_close >= lower_) lower = std::max(lower, lower_);
  rising_ = rising_ ? close >= lower : close > upper;
  upper_ = upper;
  lower_ = lower;
  begun_ = true;
}

std::optional<double> SuperTrend::value() const noexcept {
  if (!begun_) return std::nullopt;
  return rising_ ? lower_ : upper_;
}

}  // namespace tapedeck::strategy
