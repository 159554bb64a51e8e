// Momentum: goes with a fresh crossing of two EMAs when RSI agrees, and leaves at the opposite
// crossing, at a stop or at a target measured in ATR.
//
// Entry: the averages crossed within the last `cross_window` candles, and RSI lies between
// `rsi_agrees` and `rsi_stretched` (mirrored around 50 for a short). Confidence: 0.5, up to 0.25
// more for RSI's distance from 50 and 0.25 for the averages' distance in ATR.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {
namespace {

class Momentum final : public Strategy {
 public:
  static constexpr std::string_view kVersion = "2";
  static constexpr std::array kParameters{
      Parameter{"fast", 20, 2, 500, "candles of the fast EMA", true},
      Parameter{"slow", 50, 3, 1000, "candles of the slow EMA", true},
      Parameter{"rsi_period", 14, 2, 200, "candles of the RSI", true},
      Parameter{"atr_period", 14, 2, 200, "candles of the ATR", true},
      Parameter{"cross_window", 3, 1, 50, "candles a crossing stays fresh", true},
      Parameter{"rsi_agrees", 52, 0, 100, "least RSI of a long"},
      Parameter{"rsi_stretched", 78, 0, 100, "largest RSI of a long"},
      Parameter{"stop_atr", 2.5, 0.1, 50, "ATR against the position at which it is left"},
      Parameter{"target_atr", 5, 0.1, 100, "ATR gained at which it is left"},
  };

  explicit Momentum(StrategySetup& setup)
      : rsi_(setup.rsi(setup.whole("rsi_period"))),
        fast_(setup.ema(setup.whole("fast"))),
        slow_(setup.ema(setup.whole("slow"))),
        atr_(setup.atr(setup.whole("atr_period"))),
        cross_window_(setup.whole("cross_window")),
        rsi_agrees_(setup.parameter("rsi_agrees")),
        rsi_stretched_(setup.parameter("rsi_stretched")),
        stop_atr_(setup.parameter("stop_atr")),
        target_atr_(setup.parameter("target_atr")),
        since_cross_(cross_window_) {
    if (setup.whole("fast") >= setup.whole("slow")) {
      throw std::invalid_argument("fast must be shorter than slow");
    }
    setup.watches_stop();
  }

  Decision evaluate(const Situation& situation) override {
    follow_cross(situation.now);
    if (situation.holding.size != 0) return keep_or_leave(situation);
    return enter_or_wait(situation);
  }

 private:
  void follow_cross(const IndicatorValues& now) {
    const int side = now[fast_] > now[slow_] ? 1 : -1;
    if (side_ != 0 && side != side_) {
      since_cross_ = 0;
    } else if (since_cross_ <= cross_window_) {
      ++since_cross_;
    }
    side_ = side;
  }

  Decision enter_or_wait(const Situation& situation) const {
    if (since_cross_ >= cross_window_) return {Action::hold, 0, "no fresh EMA crossover"};
    const double rsi = situation.now[rsi_];
    const double with_us = side_ > 0 ? rsi : 100 - rsi;
    if (with_us < rsi_agrees_) return {Action::hold, 0, "EMA crossover, RSI does not agree"};
    if (with_us > rsi_stretched_) return {Action::hold, 0, "EMA crossover, RSI already stretched"};
    return {side_ > 0 ? Action::buy : Action::sell, confidence(situation.now),
            fmt::format("fast EMA crossed {} slow EMA, RSI {:.1f}", side_ > 0 ? "above" : "below",
                        rsi)};
  }

  Decision keep_or_leave(const Situation& situation) const {
    const int direction = situation.holding.size > 0 ? 1 : -1;
    const double move = direction * (situation.candle.close - situation.holding.entry_price);
    const double atr = situation.now[atr_];
    const double sure = confidence(situation.now);
    if (move <= -stop_atr_ * atr) {
      return {Action::exit, sure, fmt::format("stop: {:.2f} against, {} ATR", -move, stop_atr_)};
    }
    if (move >= target_atr_ * atr) {
      return {Action::exit, sure, fmt::format("target: {:.2f} gained, {} ATR", move, target_atr_)};
    }
    if (side_ != direction) {
      return {Action::exit, sure,
              fmt::format("fast EMA crossed back, RSI {:.1f}", situation.now[rsi_])};
    }
    return {Action::hold, 0, "in position, no reason to leave"};
  }

  double confidence(const IndicatorValues& now) const {
    const double distance = std::abs(now[fast_] - now[slow_]);
    const double in_atr = now[atr_] > 0 ? distance / now[atr_] : 0;
    return 0.5 + 0.25 * std::min(1.0, std::abs(now[rsi_] - 50) / 25) +
           0.25 * std::min(1.0, in_atr / 0.5);
  }

  ValueId rsi_, fast_, slow_, atr_;
  int cross_window_;
  double rsi_agrees_, rsi_stretched_, stop_atr_, target_atr_;
  int side_ = 0;  // of the fast EMA relative to the slow one; 0: not known yet
  int since_cross_;
};

}  // namespace
}  // namespace tapedeck::strategy

TAPEDECK_STRATEGY(momentum, Momentum)
