// Mean reversion: buys a close below the lower Bollinger band that RSI calls oversold (sells the
// mirror image), unless ADX says that a trend is on; leaves when price is back at the middle band,
// at a stop measured in ATR, or when it has waited too long.
//
// Confidence: 0.5, up to 0.25 more for RSI's distance beyond its threshold (all of it at 20 points)
// and 0.25 for the close's distance beyond the band (all of it at one ATR).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {
namespace {

class MeanReversion final : public Strategy {
 public:
  static constexpr std::string_view kVersion = "1";
  static constexpr std::array kParameters{
      Parameter{"bb_period", 20, 2, 500, "candles of the Bollinger bands", true},
      Parameter{"bb_deviations", 2, 0.1, 10, "standard deviations from the middle to a band"},
      Parameter{"rsi_period", 14, 2, 200, "candles of the RSI", true},
      Parameter{"oversold", 35, 0, 50, "RSI below which a long is entered; mirrored for a short"},
      Parameter{"adx_period", 14, 2, 200, "candles of the ADX", true},
      Parameter{"max_adx", 40, 0, 100, "ADX above which nothing is entered; 100: always enter"},
      Parameter{"atr_period", 14, 2, 200, "candles of the ATR", true},
      Parameter{"stop_atr", 3, 0.1, 50, "ATR against the position at which it is left"},
      Parameter{"max_candles", 40, 1, 1000, "candles after which it is left", true},
  };

  explicit MeanReversion(StrategySetup& setup)
      : bands_(setup.bollinger(setup.whole("bb_period"), setup.parameter("bb_deviations"))),
        rsi_(setup.rsi(setup.whole("rsi_period"))),
        adx_(setup.adx(setup.whole("adx_period"))),
        atr_(setup.atr(setup.whole("atr_period"))),
        oversold_(setup.parameter("oversold")),
        max_adx_(setup.parameter("max_adx")),
        stop_atr_(setup.parameter("stop_atr")),
        max_candles_(setup.whole("max_candles")) {
    setup.watches_stop();
  }

  Decision evaluate(const Situation& situation) override {
    if (situation.holding.size != 0) return keep_or_leave(situation);
    return enter_or_wait(situation);
  }

 private:
  Decision enter_or_wait(const Situation& situation) const {
    const IndicatorValues& now = situation.now;
    const double close = situation.candle.close;
    const double below = now[bands_.lower] - close;
    const double above = close - now[bands_.upper];
    if (below <= 0 && above <= 0) return {Action::hold, 0, "within the Bollinger bands"};
    const bool buys = below > 0;
    const double with_us = buys ? now[rsi_] : 100 - now[rsi_];
    if (with_us >= oversold_) return {Action::hold, 0, "beyond a band, RSI does not agree"};
    if (now[adx_.adx] > max_adx_) return {Action::hold, 0, "beyond a band, the trend is strong"};
    return {buys ? Action::buy : Action::sell,
            confidence(oversold_ - with_us, buys ? below : above, now[atr_]),
            fmt::format("close {} Bollinger band, RSI {:.1f}", buys ? "below lower" : "above upper",
                        now[rsi_])};
  }

  Decision keep_or_leave(const Situation& situation) const {
    const int direction = situation.holding.size > 0 ? 1 : -1;
    const double close = situation.candle.close;
    const double against = direction * (situation.holding.entry_price - close);
    if (direction * (close - situation.now[bands_.middle]) >= 0) {
      return {Action::exit, 1, "back at the middle band"};
    }
    if (against >= stop_atr_ * situation.now[atr_]) {
      return {Action::exit, 1, fmt::format("stop: {:.2f} against, {} ATR", against, stop_atr_)};
    }
    if (situation.holding.candles >= max_candles_) {
      return {Action::exit, 1, fmt::format("not back after {} candles", max_candles_)};
    }
    return {Action::hold, 0, "in position, not back at the middle band"};
  }

  static double confidence(double rsi_beyond, double band_beyond, double atr) {
    const double in_atr = atr > 0 ? band_beyond / atr : 0;
    return 0.5 + 0.25 * std::min(1.0, rsi_beyond / 20) + 0.25 * std::min(1.0, in_atr);
  }

  BollingerIds bands_;
  ValueId rsi_;
  AdxIds adx_;
  ValueId atr_;
  double oversold_, max_adx_, stop_atr_;
  int max_candles_;
};

}  // namespace
}  // namespace tapedeck::strategy

TAPEDECK_STRATEGY(mean_reversion, MeanReversion)
