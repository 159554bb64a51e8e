// The inside of StrategyEngineV2: what it remembers and the steps of a decision. Private to the
// files strategy_engine*.cpp; see tapedeck/strategy/strategy_engine.hpp for the rules.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "market/heartbeat.hpp"
#include "strategy/performance.hpp"
#include "strategy/strategy_memory.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"

namespace tapedeck::strategy {

class StrategyEngineV2::Impl {
 public:
  Impl(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
       const market::InstrumentTable& instruments, StrategyOptions options, IntentSink sink);

  // strategy_engine.cpp: set-up, commands and the clock
  void start(Timestamp now);
  Timestamp next_due() const;
  void advance_to(Timestamp now);
  void skip_to(Timestamp now);
  void fail(Timestamp now, std::string_view reason);
  void stop(Timestamp now);
  bool obey(const market::Command& command, Timestamp now);

  // strategy_engine_candles.cpp
  void warm_up(const market::Candle& candle);
  void on_candle(const market::Candle& candle);

  // strategy_engine_orders.cpp
  void on_order_news(const OrderNews& news);

  const PnlSource* pnl = nullptr;
  const RiskGate* gate = nullptr;
  market::Heartbeat heartbeat;
  std::uint64_t signals = 0;

 private:
  /// What one strategy does with one symbol.
  struct Lane {
    std::size_t strategy = 0;
    std::unique_ptr<Strategy> mind;
    LaneMemory memory;
    /// order_out comes from before a restart: whether the order still lives is not known. It
    /// forbids entries, not exits.
    bool unconfirmed = false;
    bool kept = false;       // the store has more than "nothing" of it
    std::string last_trace;  // what a trace has to differ from to be new
    int repeats = 0;
  };
  /// The indicators of one timeframe.
  struct Series {
    explicit Series(const IndicatorPlan& plan) : indicators(plan) {}
    IndicatorSet indicators;
    Timestamp last_end{};
    market::IstDate date{};
  };
  struct SymbolState {
    market::InstrumentInfo info;
    bool may_trade = true;
    market::Timeframe deciding;
    std::map<int, Series> series;  // by minutes
    std::vector<Lane> lanes;
    market::Candle last;  // at the deciding timeframe
  };
  struct StrategyState {
    StrategyEntry entry;
    ParameterValues parameters;
    std::string config_hash;
    std::vector<ValueId> needed;     // before it is asked
    std::vector<ValueId> traced;     // its own, in decision_trace
    std::vector<ValueId> published;  // its own and the common ones, in indicator_event
    bool watches_stop = false;       // leaves by itself what goes against it
    std::string switched_off;        // why; empty: it is not
    StrategyMemory memory;
    int open_positions = 0;
    bool changed = false;  // since it was saved
  };
  struct Veto {
    std::string_view by;
    std::string code;
    std::string reason;
  };
  /// One evaluation on its way to its events.
  struct Verdict {
    const market::Candle& candle;
    const IndicatorValues& values;
    Decision decision;
    std::optional<Veto> veto;
  };
  struct BadInput {
    std::uint64_t bad_candles = 0;
    std::uint64_t late_candles = 0;
    std::uint64_t bad_news = 0;
  };

  // strategy_engine.cpp
  void check_options() const;
  void add_strategy(const std::string& name);
  const StrategyEntry& entry_of(std::string_view name) const;
  void plan_indicators();
  void begin_session(Timestamp now);
  market::EngineState wanted_state() const;
  void tell_state_if_changed();

  // strategy_engine_candles.cpp
  SymbolState& state_of(std::string_view exchange, std::string_view symbol);
  SymbolState& add_symbol(const market::InstrumentInfo& info);
  market::InstrumentInfo info_of(std::string_view exchange, std::string_view symbol) const;
  bool may_trade(const market::InstrumentInfo& info) const;
  bool is_wanted(const market::InstrumentInfo& info) const;
  void count_candle(const SymbolState& state, Lane& lane, const market::Candle& candle);
  Series* learn(SymbolState& state, const market::Candle& candle);
  void evaluate(SymbolState& state, Lane& lane, const market::Candle& candle, const Series& series);
  bool is_ready(const StrategyState& strategy, const IndicatorValues& values) const noexcept;
  std::optional<Decision> ask(Lane& lane, const Situation& situation);
  void switch_off(StrategyState& strategy, std::string_view reason);
  std::optional<Veto> veto_of(const SymbolState& state, const Lane& lane,
                              const Verdict& verdict) const;
  std::optional<Veto> entry_veto(const SymbolState& state, const Lane& lane,
                                 const Verdict& verdict) const;
  std::optional<Veto> limit_veto(const Lane& lane, const Decision& decision) const;
  bool is_near_close(market::SessionGroup group) const;
  bool is_stale(const SymbolState& state, const market::Candle& candle) const;

  // strategy_engine_orders.cpp
  const market::InstrumentInfo& ordered_in(const SymbolState& state) const;
  std::int64_t entry_qty(const market::InstrumentInfo& ordered, double price) const;
  OrderIntent intent_of(const SymbolState& state, const Lane& lane, const Verdict& verdict) const;
  void act(SymbolState& state, Lane& lane, const Verdict& verdict);
  void count_signal(StrategyState& strategy, const Decision& decision);
  void leave_position(SymbolState& state, Lane& lane, std::string reason);
  void square_off(Timestamp now);
  void find_next_square_off();
  Timestamp square_off_time(const SymbolState& state) const;
  void follow_position(const SymbolState& state, Lane& lane, const OrderNews& news);
  void count_trade(StrategyState& strategy, const OrderNews& news);

  // strategy_engine_state.cpp
  void restore();
  void restore_lane(std::string_view name, const std::string& value);
  void report_damage(std::string_view name, std::string_view problem);
  void save_engine();
  void save_lane(const SymbolState& state, Lane& lane);
  void save_strategies();
  std::string new_decision_id();
  std::string new_round_trip_id();

  // strategy_engine_telemetry.cpp
  void publish_indicators(const SymbolState& state, const market::Candle& candle,
                          const IndicatorValues& values);
  Map as_map(const std::vector<ValueId>& ids, const IndicatorValues& values) const;
  void trace(const SymbolState& state, const Lane& lane, const Verdict& verdict,
             std::string_view correlation_id);
  void trace_waiting(const SymbolState& state, Lane& lane, const Verdict& verdict);
  void publish_signal(const SymbolState& state, const Lane& lane, const Verdict& verdict,
                      const OrderIntent& intent);
  void publish_health(Timestamp at, std::string_view error = {});
  Map health_of(const StrategyState& strategy) const;
  void publish_all_performance(Timestamp at);
  void publish_performance(Timestamp at, StrategyState* strategy);
  void follow_curve(ProfitCurve::Memory& memory, double net, bool& changed);
  void add_profit(Map& metrics, const Pnl& figures, bool account) const;
  Pnl pnl_of(const StrategyState* strategy) const;

  market::EnginePublisher publisher_;
  const market::TradingCalendar& calendar_;
  const market::InstrumentTable& instruments_;
  StrategyOptions options_;
  IntentSink sink_;
  IndicatorPlan plan_;
  std::vector<StrategyState> strategies_;
  std::map<market::InstrumentKey, SymbolState, market::InstrumentKeyLess> symbols_;
  std::map<std::string, SymbolState*, std::less<>> without_exchange_;
  IdSource ids_;
  IdSource::Counters first_ids_;     // of a session
  IdSource::Counters reserved_ids_;  // what the store knows
  ProfitCurve::Memory curve_;        // of all strategies together
  Timestamp now_{};
  market::IstDate today_{};
  market::IstDate session_date_{};  // of the session that is on, or was last
  Timestamp next_square_off_ = Timestamp::max();
  bool killed_ = false;
  bool stopped_ = false;
  BadInput bad_;
  std::string damage_;  // what could not be restored; empty: nothing
};

}  // namespace tapedeck::strategy
