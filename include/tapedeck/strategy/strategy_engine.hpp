// StrategyEngineV2: for every closed candle it updates the indicators, asks the strategies, checks
// what they want against the limits and turns what is left into order intents.
//
// Publishes per candle indicator_event (all timeframes, once per strategy); per evaluation a
// decision_trace; signal_event for BUY, SELL, EXIT; engine_health and performance_update (account
// and each strategy) every 5 s of engine time, performance_update also after each closed trade.
// Rules:
//   - A strategy decides on the shortest timeframe its symbol has candles of.
//   - A repeated HOLD or VETO of the same reason is traced at first and then every `hold_every`
//     candles.
//   - VETO codes: warmup, kill_switch, market_phase (no session, or too near its end for an entry),
//     stale_data, duplicate (in position or an order is out), cooldown, max_positions,
//     low_confidence. They are checked in this order; exits are only checked for duplicate.
//   - An instrument that another watched one's signals are ordered in does not trade on its own
//     signals.
//   - Positions are intraday (MIS): EXIT `square_off_before_close` before the session's end; one
//     that is carried over all the same leaves at its first candle.
//
// One engine thread. A candle costs a few map look-ups, the indicators and its events.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "market/heartbeat.hpp"
#include "strategy/performance.hpp"
#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"
#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {

struct StrategyOptions {
  std::vector<std::string> strategies{"momentum"};
  std::set<std::string, std::less<>> symbols;  ///< that may trade; empty: all
  std::string run = "run";                     ///< goes into correlation ids, see IdSource
  int hold_every = 5;
  int max_positions = 4;  ///< per strategy
  int cooldown_candles = 3;
  double min_confidence = 0.55;
  double order_value = 200'000;  ///< rupees per entry in shares; derivatives: one lot
  std::chrono::nanoseconds entry_cutoff_before_close = std::chrono::minutes{20};
  std::chrono::nanoseconds square_off_before_close = std::chrono::minutes{10};
  std::chrono::nanoseconds health_every = std::chrono::seconds{5};
};

class StrategyEngineV2 final : public market::Engine {
 public:
  static constexpr std::string_view kName = "StrategyEngineV2";
  using IntentSink = std::function<void(const OrderIntent&)>;

  /// @param instruments must outlive the engine
  /// @param sink gets each order intent at once; it may call on_order_news() from inside
  /// @throws std::invalid_argument for a strategy nobody knows.
  StrategyEngineV2(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                   const market::InstrumentTable& instruments, StrategyOptions options,
                   IntentSink sink);

  /// Where profit and loss come from; must outlive the engine.
  void set_pnl_source(const PnlSource* source) noexcept { pnl_ = source; }
  /// A candle of the past: indicators and strategies learn from it, nothing is published or traded.
  void warm_up(const market::Candle& candle);
  /// A candle that has just closed; engine time is candle.end or later.
  void on_candle(const market::Candle& candle);
  void on_order_news(const OrderNews& news);
  /// The kill switch: no entries while it is on; exits go on. Publishes the command as done.
  void set_killed(bool killed, Timestamp now, std::string_view by, std::string_view reason);
  std::uint64_t signals() const noexcept { return signals_; }

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override { heartbeat_.mute(); }

 private:
  /// What one strategy does with one symbol.
  struct Lane {
    std::size_t strategy = 0;
    std::unique_ptr<Strategy> mind;
    Holding holding;
    bool order_out = false;
    int cooldown = 0;
    std::string round_trip_id;
    double decision_price = 0;
    Timestamp square_off_at{};
    market::IstDate entry_date{};
    std::string last_hold;
    int held = 0;
  };
  struct SymbolState {
    market::InstrumentInfo info;
    bool may_trade = true;
    market::Timeframe deciding;
    std::map<int, IndicatorSet> indicators;  // by minutes
    std::vector<Lane> lanes;
    market::Candle last;
  };
  struct StrategyState {
    std::string name;
    std::string version;
    std::string config_hash;
    TradeStats trades;
    ProfitCurve curve;
    std::int64_t signals_today = 0;
    std::string last_signal;
    Timestamp last_signal_at{};
    int open_positions = 0;
    double confidence_sum = 0;
    std::uint64_t signals = 0;
  };
  /// One evaluation on its way to its events.
  struct Verdict {
    const market::Candle& candle;
    const IndicatorValues& values;
    Decision decision;
    std::string_view veto_by;
    std::string_view veto_code;
  };

  SymbolState& state_of(const std::string& symbol);
  bool is_ordered_by_others(std::string_view symbol) const;
  void begin_session(Timestamp now);
  void evaluate(SymbolState& state, Lane& lane, const market::Candle& candle,
                const IndicatorValues& values, const IndicatorValues& before);
  std::string_view veto_of(const SymbolState& state, const Lane& lane, const market::Candle& candle,
                           const Decision& decision) const;
  const market::InstrumentInfo& ordered_in(const SymbolState& state) const;
  std::int64_t entry_qty(const market::InstrumentInfo& ordered, double price) const;
  void act(SymbolState& state, Lane& lane, const Verdict& verdict);
  void leave_position(SymbolState& state, Lane& lane, std::string reason);
  void square_off(Timestamp now);
  void find_next_square_off();

  // strategy_telemetry.cpp
  void publish_indicators(const SymbolState& state, const market::Candle& candle,
                          const IndicatorValues& values);
  void trace(const SymbolState& state, const Lane& lane, const Verdict& verdict,
             std::string_view correlation_id);
  void trace_waiting(const SymbolState& state, Lane& lane, const Verdict& verdict);
  void publish_signal(const SymbolState& state, const Lane& lane, const Verdict& verdict,
                      std::string_view order_symbol, std::string_view order_exchange,
                      std::string_view correlation_id);
  void publish_health(Timestamp at, std::string_view error = {});
  void publish_performance(Timestamp at, StrategyState* strategy);
  void publish_all_performance(Timestamp at);

  market::EnginePublisher publisher_;
  const market::TradingCalendar& calendar_;
  const market::InstrumentTable& instruments_;
  StrategyOptions options_;
  IntentSink sink_;
  const PnlSource* pnl_ = nullptr;
  market::Heartbeat heartbeat_;
  IdSource ids_;
  Timestamp now_{};
  market::IstDate session_date_{};
  bool killed_ = false;
  std::vector<StrategyState> strategies_;
  ProfitCurve curve_;
  std::map<std::string, SymbolState, std::less<>> symbols_;
  Timestamp next_square_off_ = Timestamp::max();
  std::uint64_t signals_ = 0;
};

}  // namespace tapedeck::strategy
