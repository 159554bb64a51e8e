// What StrategyEngineV2 tells: how its events are put together.
#include <algorithm>

#include "tapedeck/strategy/strategy_engine.hpp"

namespace tapedeck::strategy {
namespace {

Map as_map(const IndicatorValues& values) {
  return Map{{"rsi", values.rsi},
             {"ema_20", values.ema_20},
             {"ema_50", values.ema_50},
             {"atr", values.atr}};
}

}  // namespace

void StrategyEngineV2::publish_indicators(const SymbolState& state, const market::Candle& candle,
                                          const IndicatorValues& values) {
  const auto fields = state.info.event_fields();
  for (const StrategyState& strategy : strategies_) {
    publisher_.publish(IndicatorEvent{.symbol = candle.symbol,
                                      .timeframe = candle.timeframe.name(),
                                      .indicators = as_map(values),
                                      .strategy = strategy.name,
                                      .instrument = &fields,
                                      .extra = {}},
                       now_);
  }
}

void StrategyEngineV2::trace_waiting(const SymbolState& state, Lane& lane, const Verdict& verdict) {
  std::string key(verdict.veto_code);
  key += verdict.veto_code.empty() ? verdict.decision.reason : to_string(verdict.decision.action);
  lane.held = key == lane.last_hold ? lane.held + 1 : 0;
  lane.last_hold = std::move(key);
  if (lane.held % std::max(options_.hold_every, 1) != 0) return;
  trace(state, lane, verdict, ids_.next_decision(now_));
}

void StrategyEngineV2::trace(const SymbolState& state, const Lane& lane, const Verdict& verdict,
                             std::string_view correlation_id) {
  const Decision& decision = verdict.decision;
  const bool vetoed = !verdict.veto_code.empty();
  DecisionTrace event;
  event.strategy_name = strategies_[lane.strategy].name;
  event.symbol = state.info.symbol;
  event.decision = vetoed ? "VETO" : to_string(decision.action);
  event.trace_data.set("reason", decision.reason);
  if (decision.action != Action::hold) event.trace_data.set("confidence", decision.confidence);
  event.trace_data.set("timeframe", verdict.candle.timeframe.name())
      .set("close_price", verdict.candle.close)
      .set("candle_start", format_rfc3339(verdict.candle.start))
      .set("indicators", as_map(verdict.values));
  if (vetoed) {
    event.trace_data.set("wanted", to_string(decision.action))
        .set("veto_by", verdict.veto_by)
        .set("veto_code", verdict.veto_code);
  }
  if (lane.holding.size != 0) event.trace_data.set("position_size", lane.holding.size);
  event.correlation_id = correlation_id;
  publisher_.publish(event, now_);
}

void StrategyEngineV2::publish_signal(const SymbolState& state, const Lane& lane,
                                      const Verdict& verdict, std::string_view order_symbol,
                                      std::string_view order_exchange,
                                      std::string_view correlation_id) {
  const StrategyState& strategy = strategies_[lane.strategy];
  const auto fields = state.info.event_fields();
  publisher_.publish(SignalEvent{.symbol = state.info.symbol,
                                 .strategy_name = strategy.name,
                                 .signal = to_string(verdict.decision.action),
                                 .confidence = verdict.decision.confidence,
                                 .reason = verdict.decision.reason,
                                 .timeframe = verdict.candle.timeframe.name(),
                                 .price = verdict.candle.close,
                                 .strategy_version = strategy.version,
                                 .config_hash = strategy.config_hash,
                                 .order_symbol = order_symbol,
                                 .order_exchange = order_exchange,
                                 .correlation_id = correlation_id,
                                 .round_trip_id = lane.round_trip_id,
                                 .instrument = &fields,
                                 .extra = {}},
                     now_);
}

void StrategyEngineV2::publish_health(Timestamp at, std::string_view error) {
  double rates = 0;
  double confidence = 0;
  int rated = 0;
  std::uint64_t signals = 0;
  std::int64_t max_loss_streak = 0;
  Map by_name;
  for (const StrategyState& strategy : strategies_) {
    const auto rate = strategy.trades.win_rate();
    if (rate) {
      rates += *rate;
      ++rated;
    }
    confidence += strategy.confidence_sum;
    signals += strategy.signals;
    max_loss_streak = std::max(max_loss_streak, strategy.trades.loss_streak());
    Map one{{"win_count", strategy.trades.wins()},
            {"loss_count", strategy.trades.losses()},
            {"win_rate", rate},
            {"loss_streak", strategy.trades.loss_streak()},
            {"win_streak", strategy.trades.win_streak()},
            {"open_positions", strategy.open_positions},
            {"signals_today", strategy.signals_today}};
    if (strategy.last_signal.empty()) {
      one.set("last_signal", nullptr).set("last_signal_ts", nullptr);
    } else {
      one.set("last_signal", strategy.last_signal)
          .set("last_signal_ts", format_rfc3339(strategy.last_signal_at));
    }
    one.set("realized_pnl", to_paise(strategy.trades.realized_pnl()));
    by_name.set(strategy.name, one);
  }
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("total_strategies", strategies_.size());
  health.metrics.set("avg_win_rate", rated > 0 ? Value(rates / rated) : Value(nullptr));
  health.metrics.set("max_loss_streak", max_loss_streak);
  health.metrics.set("avg_confidence", signals > 0
                                           ? Value(confidence / static_cast<double>(signals))
                                           : Value(nullptr));
  health.metrics.set("strategies", by_name);
  if (killed_) health.metrics.set("kill_switch", true);
  if (publisher_.lost() > 0) health.metrics.set("events_lost", publisher_.lost());
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

void StrategyEngineV2::publish_all_performance(Timestamp at) {
  if (pnl_ == nullptr) return;
  publish_performance(at, nullptr);
  for (StrategyState& strategy : strategies_) publish_performance(at, &strategy);
}

void StrategyEngineV2::publish_performance(Timestamp at, StrategyState* strategy) {
  const Pnl pnl = pnl_->pnl(strategy != nullptr ? std::string_view(strategy->name) : "");
  ProfitCurve& curve = strategy != nullptr ? strategy->curve : curve_;
  curve.add(session_date_, pnl.net());
  std::int64_t wins = 0;
  std::int64_t trades = 0;
  for (const StrategyState& one : strategies_) {
    if (strategy != nullptr && strategy != &one) continue;
    wins += one.trades.wins();
    trades += one.trades.trades();
  }
  PerformanceUpdate update;
  update.metrics.set("total_pnl", to_paise(pnl.total()))
      .set("realized_pnl", to_paise(pnl.realized))
      .set("unrealized_pnl", to_paise(pnl.unrealized))
      .set("net_pnl", to_paise(pnl.net()))
      .set("charges", to_paise(pnl.charges));
  update.metrics.set(
      "win_rate",
      trades > 0 ? Value(static_cast<double>(wins) / static_cast<double>(trades)) : Value(nullptr));
  update.metrics.set("sharpe_ratio", curve.sharpe_ratio())
      .set("max_drawdown", to_paise(curve.max_drawdown()))
      .set("trades", trades)
      .set("open_positions", pnl.open_positions)
      .set("margin_used", to_paise(pnl.margin_used));
  if (strategy == nullptr) update.metrics.set("margin_available", to_paise(pnl.margin_available));
  update.scope = strategy != nullptr ? "strategy" : "account";
  if (strategy != nullptr) update.strategy = strategy->name;
  const std::string date = market::format_date(session_date_);
  update.session_date = date;
  publisher_.publish(update, at);
}

}  // namespace tapedeck::strategy
