#include "tapedeck/strategy/indicators.hpp"

#include <algorithm>
#include <cmath>

namespace tapedeck::strategy {

void Ema::update(double value) noexcept {
  ++count_;
  if (count_ <= period_) {
    sum_ += value;
    average_ = sum_ / count_;
    return;
  }
  average_ += (value - average_) * 2.0 / (period_ + 1);
}

std::optional<double> Ema::value() const noexcept {
  if (count_ < period_) return std::nullopt;
  return average_;
}

void Rsi::update(double close) noexcept {
  if (!has_last_) {
    has_last_ = true;
    last_ = close;
    return;
  }
  const double change = close - last_;
  last_ = close;
  const double gain = std::max(change, 0.0);
  const double loss = std::max(-change, 0.0);
  if (changes_ < period_) {
    ++changes_;
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

void Atr::update(double high, double low, double close) noexcept {
  if (!has_last_) {
    has_last_ = true;
    last_close_ = close;
    return;
  }
  const double range =
      std::max({high - low, std::abs(high - last_close_), std::abs(low - last_close_)});
  last_close_ = close;
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

void IndicatorSet::update(const market::Candle& candle) noexcept {
  ema_20_.update(candle.close);
  ema_50_.update(candle.close);
  rsi_.update(candle.close);
  atr_.update(candle.high, candle.low, candle.close);
}

IndicatorValues IndicatorSet::values() const noexcept {
  return {ema_20_.value(), ema_50_.value(), rsi_.value(), atr_.value()};
}

}  // namespace tapedeck::strategy
