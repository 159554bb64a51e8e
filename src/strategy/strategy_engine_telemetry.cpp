// What StrategyEngineV2 tells: how its events are put together.
#include <algorithm>

#include "strategy/strategy_engine_impl.hpp"

namespace tapedeck::strategy {

Map StrategyEngineV2::Impl::as_map(const std::vector<ValueId>& ids,
                                   const IndicatorValues& values) const {
  Map map;
  for (const ValueId id : ids) map.set(plan_.name(id), values[id]);  // NaN is written as null
  return map;
}

void StrategyEngineV2::Impl::publish_indicators(const SymbolState& state,
                                                const market::Candle& candle,
                                                const IndicatorValues& values) {
  const auto fields = state.info.event_fields();
  IndicatorEvent event;
  event.symbol = state.info.symbol;
  event.timeframe = candle.timeframe.name();
  event.instrument = &fields;
  const std::vector<ValueId>* shown = nullptr;
  for (const StrategyState& strategy : strategies_) {
    if (!strategy.switched_off.empty()) continue;  // it looks at nothing any more
    if (shown == nullptr || *shown != strategy.published) {
      event.indicators = as_map(strategy.published, values);
    }
    shown = &strategy.published;
    event.strategy = strategy.entry.name;
    publisher_.publish(event, now_);
  }
}

// --- decisions ---

void StrategyEngineV2::Impl::trace_waiting(const SymbolState& state, Lane& lane,
                                           const Verdict& verdict) {
  std::string key(to_string(verdict.decision.action));
  if (verdict.veto) key += verdict.veto->code + '|';
  key += verdict.veto ? verdict.veto->reason : verdict.decision.reason;
  lane.repeats = key == lane.last_trace ? lane.repeats + 1 : 0;
  lane.last_trace = std::move(key);
  const bool due =
      lane.repeats == 0 || (options_.hold_every > 0 && lane.repeats % options_.hold_every == 0);
  if (due) trace(state, lane, verdict, new_decision_id());
}

void StrategyEngineV2::Impl::trace(const SymbolState& state, const Lane& lane,
                                   const Verdict& verdict, std::string_view correlation_id) {
  const Decision& decision = verdict.decision;
  const auto& veto = verdict.veto;
  const StrategyState& strategy = strategies_[lane.strategy];
  const bool has_confidence = decision.action != Action::hold || decision.confidence > 0;
  const auto fields = state.info.event_fields();
  DecisionTrace event;
  event.strategy_name = strategy.entry.name;
  event.symbol = state.info.symbol;
  event.decision = veto ? "VETO" : to_string(decision.action);
  event.trace_data.set("reason", veto ? veto->reason : decision.reason)
      .set("confidence", has_confidence ? Value(decision.confidence) : Value(nullptr))
      .set("timeframe", verdict.candle.timeframe.name())
      .set("close_price", verdict.candle.close)
      .set("candle_start", format_rfc3339(verdict.candle.start))
      .set("indicators", as_map(strategy.traced, verdict.values));
  if (veto) event.trace_data.set("veto_by", veto->by).set("veto_code", veto->code);
  if (veto && decision.action != Action::hold) {
    event.trace_data.set("wanted", to_string(decision.action))
        .set("wanted_reason", decision.reason);
  }
  if (lane.memory.holding.size != 0) {
    event.trace_data.set("position_size", lane.memory.holding.size);
  }
  event.correlation_id = correlation_id;
  event.instrument = &fields;
  publisher_.publish(event, now_);
}

void StrategyEngineV2::Impl::publish_signal(const SymbolState& state, const Lane& lane,
                                            const Verdict& verdict, const OrderIntent& intent) {
  const StrategyState& strategy = strategies_[lane.strategy];
  const auto fields = state.info.event_fields();
  publisher_.publish(SignalEvent{.symbol = state.info.symbol,
                                 .strategy_name = strategy.entry.name,
                                 .signal = to_string(verdict.decision.action),
                                 .confidence = verdict.decision.confidence,
                                 .reason = verdict.decision.reason,
                                 .timeframe = verdict.candle.timeframe.name(),
                                 .price = verdict.candle.close,
                                 .strategy_version = strategy.entry.version,
                                 .config_hash = strategy.config_hash,
                                 .order_symbol = intent.order_symbol,
                                 .order_exchange = intent.order_exchange,
                                 .correlation_id = intent.correlation_id,
                                 .round_trip_id = intent.round_trip_id,
                                 .instrument = &fields,
                                 .extra = {}},
                     now_);
}

// --- health ---

Map StrategyEngineV2::Impl::health_of(const StrategyState& strategy) const {
  const StrategyMemory& memory = strategy.memory;
  const TradeStats stats(memory.trades);
  const bool traded = stats.trades() > 0;
  const bool signalled = !memory.last_signal.empty();
  Map one{{"win_count", memory.trades.wins},
          {"loss_count", memory.trades.losses},
          {"win_rate", stats.win_rate()},
          {"loss_streak", memory.trades.loss_streak},
          {"win_streak", memory.trades.win_streak},
          {"open_positions", strategy.open_positions},
          {"signals_today", memory.signals_today},
          {"last_signal", signalled ? Value(memory.last_signal) : Value(nullptr)}};
  if (signalled) {
    one.set("last_signal_ts", format_rfc3339(memory.last_signal_at));
  } else {
    one.set("last_signal_ts", nullptr);
  }
  one.set("realized_pnl", traded ? Value(to_paise(memory.trades.realized_pnl)) : Value(nullptr));
  if (!strategy.switched_off.empty()) one.set("switched_off", strategy.switched_off);
  return one;
}

void StrategyEngineV2::Impl::publish_health(Timestamp at, std::string_view error) {
  double rates = 0, confidence = 0;
  std::int64_t rated = 0, entries = 0, max_loss_streak = 0;
  Map by_name;
  for (const StrategyState& strategy : strategies_) {
    const auto rate = TradeStats(strategy.memory.trades).win_rate();
    rates += rate.value_or(0);
    rated += rate ? 1 : 0;
    confidence += strategy.memory.confidence_sum;
    entries += strategy.memory.entries;
    max_loss_streak = std::max(max_loss_streak, strategy.memory.trades.loss_streak);
    by_name.set(strategy.entry.name, health_of(strategy));
  }
  const auto mean = [](double sum, std::int64_t n) {
    return n > 0 ? Value(sum / static_cast<double>(n)) : Value(nullptr);
  };
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat.state());
  health.metrics.set("total_strategies", strategies_.size())
      .set("avg_win_rate", mean(rates, rated))
      .set("max_loss_streak", rated > 0 ? Value(max_loss_streak) : Value(nullptr))
      .set("avg_confidence", mean(confidence, entries))
      .set("strategies", by_name)
      .set("kill_switch", killed_)
      .set("bad_candles", bad_.bad_candles)
      .set("late_candles", bad_.late_candles)
      .set("bad_order_news", bad_.bad_news);
  if (!damage_.empty()) health.metrics.set("state_damage", damage_);
  if (options_.state_store != nullptr) {
    const std::string problem = options_.state_store->problem();
    if (!problem.empty()) health.metrics.set("state_store_problem", problem);
  }
  if (publisher_.lost() > 0) health.metrics.set("events_lost", publisher_.lost());
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

// --- performance ---

Pnl StrategyEngineV2::Impl::pnl_of(const StrategyState* strategy) const {
  if (pnl != nullptr) {
    return pnl->pnl(strategy != nullptr ? strategy->entry.name : std::string_view());
  }
  Pnl known;
  for (const StrategyState& one : strategies_) {
    if (strategy != nullptr && strategy != &one) continue;
    known.realized += one.memory.trades.realized_pnl;  // after charges
    known.open_positions += one.open_positions;
  }
  return known;
}

void StrategyEngineV2::Impl::publish_all_performance(Timestamp at) {
  publish_performance(at, nullptr);
  for (StrategyState& strategy : strategies_) publish_performance(at, &strategy);
  save_strategies();
}

void StrategyEngineV2::Impl::follow_curve(ProfitCurve::Memory& memory, double net, bool& changed) {
  ProfitCurve curve(memory);
  curve.add(session_date_, net);
  if (curve.memory() == memory) return;
  memory = curve.memory();
  changed = true;
}

void StrategyEngineV2::Impl::publish_performance(Timestamp at, StrategyState* strategy) {
  const Pnl figures = pnl_of(strategy);
  bool account_changed = false;
  follow_curve(strategy != nullptr ? strategy->memory.curve : curve_, figures.net(),
               strategy != nullptr ? strategy->changed : account_changed);
  if (account_changed) save_engine();
  const ProfitCurve curve(strategy != nullptr ? strategy->memory.curve : curve_);
  TradeStats::Counts trades;
  std::int64_t entries = 0;
  double confidence = 0;
  for (const StrategyState& one : strategies_) {
    if (strategy != nullptr && strategy != &one) continue;
    trades.wins += one.memory.trades.wins;
    trades.losses += one.memory.trades.losses;
    entries += one.memory.entries;
    confidence += one.memory.confidence_sum;
  }
  const auto in_paise = [](const std::optional<double>& rupees) {
    return rupees ? Value(to_paise(*rupees)) : Value(nullptr);
  };
  PerformanceUpdate update;
  add_profit(update.metrics, figures, strategy == nullptr);
  update.metrics.set("win_rate", TradeStats(trades).win_rate())
      .set("sharpe_ratio", curve.sharpe_ratio(options_.sharpe_sessions))
      .set("max_drawdown", in_paise(curve.max_drawdown()))
      .set("current_drawdown", in_paise(curve.current_drawdown()))
      .set("avg_confidence",
           entries > 0 ? Value(confidence / static_cast<double>(entries)) : Value(nullptr))
      .set("trades", trades.wins + trades.losses)
      .set("open_positions", figures.open_positions);
  if (strategy != nullptr) {
    update.metrics.set("loss_streak", strategy->memory.trades.loss_streak);
  }
  update.scope = strategy != nullptr ? "strategy" : "account";
  if (strategy != nullptr) update.strategy = strategy->entry.name;
  const std::string date = market::format_date(session_date_);
  update.session_date = date;
  publisher_.publish(update, at);
}

void StrategyEngineV2::Impl::add_profit(Map& metrics, const Pnl& figures, bool account) const {
  const bool all_known = pnl != nullptr;
  const auto if_known = [&](double rupees) {
    return all_known ? Value(to_paise(rupees)) : Value(nullptr);
  };
  metrics.set("total_pnl", to_paise(figures.total()))
      .set("realized_pnl", to_paise(figures.realized))
      .set("unrealized_pnl", if_known(figures.unrealized))
      .set("net_pnl", to_paise(figures.net()))
      .set("charges", if_known(figures.charges))
      .set("day_net_pnl", if_known(figures.day_net))
      .set("margin_used", if_known(figures.margin_used));
  if (!account) return;
  metrics.set("margin_available", if_known(figures.margin_available))
      .set("loss_limit",
           options_.max_daily_loss > 0 ? Value(options_.max_daily_loss) : Value(nullptr));
}

}  // namespace tapedeck::strategy
