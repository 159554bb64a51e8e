// StrategyEngineV2: for every closed candle it updates the indicators, asks the strategies, checks
// what they want against the limits and turns what is left into order intents.
//
// Publishes per candle and strategy an indicator_event (all timeframes); per evaluation a
// decision_trace; signal_event for BUY, SELL, EXIT; engine_health and performance_update (account
// and each strategy) every 5 s of engine time, performance_update also after each closed trade.
// Rules:
//   - A strategy decides on the shortest timeframe its symbol has candles of (or `timeframe`).
//   - Thinning: a HOLD or VETO is traced when it is new: another decision, code or reason than the
//     symbol's last one of that strategy. While it repeats, it is traced with every `hold_every`-th
//     candle. Signals are always traced.
//   - VETO codes of an entry, checked in this order: warmup, kill_switch, market_phase (no session
//     of what is ordered, or too near its end), stale_data, duplicate (in position, or an order is
//     out), cooldown, max_positions, daily_loss, low_confidence, and then whatever the RiskGate
//     refuses: margin, circuit_limit, freeze_qty, rate_limit, ...
//   - An exit is vetoed for nothing but duplicate: no position, or an order is out already.
//   - An instrument that another watched one's signals are ordered in does not trade on its own
//     signals, nor does what is not tradable.
//   - Positions are intraday (MIS): EXIT `square_off_before_close` before the session's end of what
//     is held, tried again every `square_off_retry`; one that is carried over all the same leaves
//     at its first candle.
//   - A strategy that throws or answers nonsense is switched off until the next start; the engine
//     is `degraded` and says why; its positions are squared off.
//   - A candle with impossible numbers, or not later than its timeframe's last, is counted and not
//     used.
// Formulas:
//   win_rate        wins / (wins + losses) of closed trades after charges; a trade that made
//                   nothing is a loss. null without a trade.
//   avg_confidence  mean confidence of the entries signalled (BUY, SELL). null without one.
//   avg_win_rate    mean win_rate of the strategies that have one.
//   max_drawdown    deepest fall of net profit from its peak so far, rupees, not negative, seen at
//                   every performance_update. null until net profit has moved.
//   sharpe_ratio    mean / deviation (n - 1) of the finished sessions' net profits * sqrt(252), the
//                   risk-free rate taken as 0 (Sharpe 1994). null before `sharpe_sessions` sessions
//                   are finished, or while they are all equal.
//
// One engine thread. A candle costs a few map look-ups, the indicators and its events.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/market/state_store.hpp"
#include "tapedeck/strategy/order_intent.hpp"
#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {

struct StrategyOptions {
  std::vector<std::string> strategies{"momentum"};
  std::set<std::string, std::less<>> symbols;  ///< that may trade, `INFY` or `NSE:INFY`; empty: all
  std::string run = "run";                     ///< goes into correlation ids
  /// While a HOLD or VETO repeats, every how many candles it is traced. 0: never, 1: always.
  int hold_every = 5;
  int max_positions = 4;  ///< per strategy
  int cooldown_candles = 3;
  double min_confidence = 0.55;
  double order_value = 200'000;  ///< rupees per entry in shares; derivatives: one lot
  std::chrono::nanoseconds entry_cutoff_before_close = std::chrono::minutes{30};
  std::chrono::nanoseconds square_off_before_close = std::chrono::minutes{15};
  std::chrono::nanoseconds health_every = std::chrono::seconds{5};

  /// By strategy and parameter; what is left out has the strategy's default.
  std::map<std::string, ParameterValues, std::less<>> parameters;
  /// Strategies of the caller's own, named in `strategies` like those of the build.
  std::vector<StrategyEntry> extra_strategies;
  /// Computed and published whether a strategy asks or not; see IndicatorSpec::parse.
  std::vector<std::string> indicators{"rsi",  "ema_20", "ema_50", "atr",  "sma_20",
                                      "macd", "bb",     "adx",    "vwap", "supertrend"};
  /// What strategies decide on; nothing: the shortest each symbol has.
  std::optional<market::Timeframe> timeframe;
  /// Rupees lost since the session began (all strategies, open positions and charges included) from
  /// which on nothing is entered; 0: no limit. The default is 2 % of ten lakh.
  double max_daily_loss = 20'000;
  /// A candle that is decided on later than this many of its timeframe after its end, in market
  /// time, is stale.
  int stale_after_candles = 2;
  int sharpe_sessions = 20;
  std::chrono::nanoseconds square_off_retry = std::chrono::seconds{30};
  /// Where counts, positions, ids and the kill switch survive a restart, under the publisher's
  /// engine_id; must outlive the engine. nullptr: nowhere.
  market::StateStore* state_store = nullptr;
};

class StrategyEngineV2 final : public market::Engine {
 public:
  static constexpr std::string_view kName = "StrategyEngineV2";
  using IntentSink = std::function<void(const OrderIntent&)>;

  /// @param calendar, instruments must outlive the engine
  /// @param sink gets each order intent at once; it may call on_order_news() from inside
  /// @throws std::invalid_argument for a strategy, parameter, indicator or limit that cannot be;
  /// the sentence names it.
  StrategyEngineV2(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                   const market::InstrumentTable& instruments, StrategyOptions options,
                   IntentSink sink);
  ~StrategyEngineV2() override;

  /// Where profit and loss come from; must outlive the engine. Without it performance_update knows
  /// closed trades only, and there is no daily_loss.
  void set_pnl_source(const PnlSource* source) noexcept;
  /// Asked last about every entry, with the intent as it would be sent but for its ids; must
  /// outlive the engine.
  void set_risk_gate(const RiskGate* gate) noexcept;
  /// A candle of the past: indicators and strategies learn from it, nothing is published or traded.
  void warm_up(const market::Candle& candle);
  /// A candle that has just closed; engine time is candle.end or later.
  void on_candle(const market::Candle& candle);
  /// The truth about a position after each fill, and the end of an order. News of a position the
  /// engine does not know, of a strategy that it runs, is adopted.
  void on_order_news(const OrderNews& news);
  std::uint64_t signals() const noexcept;  ///< since this engine was made

  /// Restores what was saved, so that signals and P&L go on where they ended. Values that make no
  /// sense are left out and told in engine_health.
  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override;
  /// `kill`: no entries any more, exits go on; `resume` takes it back. The switch survives a
  /// restart.
  bool obey(const market::Command& command, Timestamp now) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::strategy
