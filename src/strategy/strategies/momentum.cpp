// Momentum: goes with a fresh crossing of EMA 20 and EMA 50 when RSI 14 agrees, and leaves at the
// opposite crossing, at a stop or at a target measured in ATR 14.
//
// Entry: the averages crossed within the last kCrossWindow candles, and RSI lies between kRsiAgrees
// and kRsiStretched (mirrored around 50 for a short). Confidence: 0.5, up to 0.25 more for RSI's
// distance from 50 and 0.25 for the averages' distance in ATR.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {
namespace {

constexpr int kCrossWindow = 3;
constexpr double kRsiAgrees = 52;
constexpr double kRsiStretched = 78;
constexpr double kStopAtr = 2.5;
constexpr double kTargetAtr = 5.0;

class Momentum final : public Strategy {
 public:
  Decision evaluate(const Situation& situation) override {
    follow_cross(situation.now);
    if (situation.holding.size != 0) return keep_or_leave(situation);
    return enter_or_wait(situation);
  }
  std::string_view version() const override { return "1"; }
  std::string parameters() const override {
    return fmt::format(
        "ema=20/50 rsi=14 atr=14 cross_window={} rsi_agrees={} rsi_stretched={} "
        "stop_atr={} target_atr={}",
        kCrossWindow, kRsiAgrees, kRsiStretched, kStopAtr, kTargetAtr);
  }

 private:
  void follow_cross(const IndicatorValues& now) {
    const int side = *now.ema_20 > *now.ema_50 ? 1 : -1;
    if (side_ != 0 && side != side_) {
      since_cross_ = 0;
    } else if (since_cross_ <= kCrossWindow) {
      ++since_cross_;
    }
    side_ = side;
  }

  Decision enter_or_wait(const Situation& situation) const {
    if (since_cross_ >= kCrossWindow) return {Action::hold, 0, "no fresh EMA crossover"};
    const double rsi = *situation.now.rsi;
    const double with_us = side_ > 0 ? rsi : 100 - rsi;
    if (with_us < kRsiAgrees) return {Action::hold, 0, "EMA crossover, RSI does not agree"};
    if (with_us > kRsiStretched) return {Action::hold, 0, "EMA crossover, RSI already stretched"};
    return {
        side_ > 0 ? Action::buy : Action::sell, confidence(situation.now),
        fmt::format("EMA 20 crossed {} EMA 50, RSI {:.1f}", side_ > 0 ? "above" : "below", rsi)};
  }

  Decision keep_or_leave(const Situation& situation) const {
    const int direction = situation.holding.size > 0 ? 1 : -1;
    const double move = direction * (situation.candle.close - situation.holding.entry_price);
    const double atr = *situation.now.atr;
    const double sure = confidence(situation.now);
    if (move <= -kStopAtr * atr) {
      return {Action::exit, sure, fmt::format("stop: {:.2f} against, {} ATR", -move, kStopAtr)};
    }
    if (move >= kTargetAtr * atr) {
      return {Action::exit, sure, fmt::format("target: {:.2f} gained, {} ATR", move, kTargetAtr)};
    }
    if (side_ != direction) {
      return {Action::exit, sure,
              fmt::format("EMA 20 crossed back, RSI {:.1f}", *situation.now.rsi)};
    }
    return {Action::hold, 0, "in position, no reason to leave"};
  }

  static double confidence(const IndicatorValues& now) {
    const double distance = std::abs(*now.ema_20 - *now.ema_50);
    const double in_atr = *now.atr > 0 ? distance / *now.atr : 0;
    return 0.5 + 0.25 * std::min(1.0, std::abs(*now.rsi - 50) / 25) +
           0.25 * std::min(1.0, in_atr / 0.5);
  }

  int side_ = 0;  // of EMA 20 relative to EMA 50; 0: not known yet
  int since_cross_ = kCrossWindow;
};

}  // namespace
}  // namespace tapedeck::strategy

TAPEDECK_STRATEGY(momentum, Momentum)
