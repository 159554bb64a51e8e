// EMA crossover: always on the side of the fast EMA. Enters on the candle on which the fast EMA
// crosses the slow one, leaves on the opposite crossing or at a stop measured in ATR.
//
// Confidence: 0.5, up to 0.5 more for how steeply they crossed: all of it when the distance of the
// averages changed by `steep_atr` ATR within the candle.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {
namespace {

class EmaCrossover final : public Strategy {
 public:
  static constexpr std::string_view kVersion = "1";
  static constexpr std::array kParameters{
      Parameter{"fast", 20, 2, 500, "candles of the fast EMA", true},
      Parameter{"slow", 50, 3, 1000, "candles of the slow EMA", true},
      Parameter{"atr_period", 14, 2, 200, "candles of the ATR", true},
      Parameter{"stop_atr", 3, 0, 50, "ATR against the position at which it is left; 0: never"},
      Parameter{"steep_atr", 0.15, 0.001, 5, "ATR per candle that count as a steep crossing"},
  };

  explicit EmaCrossover(StrategySetup& setup)
      : fast_(setup.ema(setup.whole("fast"))),
        slow_(setup.ema(setup.whole("slow"))),
        atr_(setup.atr(setup.whole("atr_period"))),
        stop_atr_(setup.parameter("stop_atr")),
        steep_atr_(setup.parameter("steep_atr")) {
    if (setup.whole("fast") >= setup.whole("slow")) {
      throw std::invalid_argument("fast must be shorter than slow");
    }
    if (stop_atr_ > 0) setup.watches_stop();
  }

  Decision evaluate(const Situation& situation) override {
    const double gap = situation.now[fast_] - situation.now[slow_];
    const double gap_before = situation.before[fast_] - situation.before[slow_];
    const bool up = gap > 0 && gap_before <= 0;  // false while gap_before is NaN
    const bool down = gap < 0 && gap_before >= 0;
    if (situation.holding.size != 0) return keep_or_leave(situation, up, down);
    if (!up && !down) return {Action::hold, 0, "no EMA crossover"};
    return {up ? Action::buy : Action::sell, confidence(gap - gap_before, situation.now[atr_]),
            fmt::format("fast EMA crossed {} slow EMA", up ? "above" : "below")};
  }

 private:
  Decision keep_or_leave(const Situation& situation, bool up, bool down) const {
    const bool is_long = situation.holding.size > 0;
    if (is_long ? down : up) return {Action::exit, 1, "fast EMA crossed back"};
    const double against =
        (situation.holding.entry_price - situation.candle.close) * (is_long ? 1 : -1);
    const double stop = stop_atr_ * situation.now[atr_];
    if (stop_atr_ > 0 && against >= stop) {
      return {Action::exit, 1, fmt::format("stop: {:.2f} against, {} ATR", against, stop_atr_)};
    }
    return {Action::hold, 0, "in position, no crossover back"};
  }

  double confidence(double change, double atr) const {
    if (atr <= 0) return 0.5;
    return 0.5 + 0.5 * std::min(1.0, std::abs(change) / (steep_atr_ * atr));
  }

  ValueId fast_, slow_, atr_;
  double stop_atr_, steep_atr_;
};

}  // namespace
}  // namespace tapedeck::strategy

TAPEDECK_STRATEGY(ema_crossover, EmaCrossover)
