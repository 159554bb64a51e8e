// From a closed candle to a decision: indicators, the strategies' answers, vetoes.
#include <fmt/format.h>

#include <algorithm>

#include "market/csv_row.hpp"
#include "strategy/strategy_engine_impl.hpp"

namespace tapedeck::strategy {

using market::Candle;
using market::InstrumentInfo;

// --- symbols ---

InstrumentInfo StrategyEngineV2::Impl::info_of(std::string_view exchange,
                                               std::string_view symbol) const {
  if (const InstrumentInfo* info = instruments_.find(exchange, symbol)) return *info;
  InstrumentInfo info;
  info.symbol = symbol;
  if (!exchange.empty()) info.exchange = exchange;
  return info;
}

StrategyEngineV2::Impl::SymbolState& StrategyEngineV2::Impl::state_of(std::string_view exchange,
                                                                      std::string_view symbol) {
  if (exchange.empty()) {
    const auto known = without_exchange_.find(symbol);
    if (known != without_exchange_.end()) return *known->second;
    SymbolState& state = add_symbol(info_of(exchange, symbol));
    without_exchange_.emplace(symbol, &state);
    return state;
  }
  const auto at = symbols_.find(market::InstrumentKeyView{symbol, exchange});
  return at != symbols_.end() ? at->second : add_symbol(info_of(exchange, symbol));
}

StrategyEngineV2::Impl::SymbolState& StrategyEngineV2::Impl::add_symbol(
    const InstrumentInfo& info) {
  const auto [at, added] = symbols_.try_emplace({info.symbol, info.exchange});
  SymbolState& state = at->second;
  if (!added) return state;
  state.info = info;
  state.may_trade = may_trade(info);
  state.deciding = options_.timeframe.value_or(*market::Timeframe::of_minutes(60));
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    Lane lane;
    lane.strategy = i;
    StrategySetup setup(strategies_[i].parameters, plan_);
    try {
      lane.mind = strategies_[i].entry.make(setup);
    } catch (const std::exception& problem) {
      switch_off(strategies_[i], problem.what());
    }
    state.lanes.push_back(std::move(lane));
  }
  return state;
}

bool StrategyEngineV2::Impl::is_wanted(const InstrumentInfo& info) const {
  return options_.symbols.empty() || options_.symbols.contains(info.symbol) ||
         options_.symbols.contains(fmt::format("{}:{}", info.exchange, info.symbol));
}

bool StrategyEngineV2::Impl::may_trade(const InstrumentInfo& info) const {
  if (!is_wanted(info)) return false;
  const InstrumentInfo& ordered = instruments_.ordered_in(info);
  if (!ordered.tradable && !ordered.stand_in) return false;
  for (const auto& [key, other] : instruments_.all()) {
    if (other.order_symbol != info.symbol || !is_wanted(other)) continue;
    const InstrumentInfo& theirs = instruments_.ordered_in(other);
    if (theirs.symbol == info.symbol && theirs.exchange == info.exchange) return false;
  }
  return true;
}

// --- candles ---

StrategyEngineV2::Impl::Series* StrategyEngineV2::Impl::learn(SymbolState& state,
                                                              const Candle& candle) {
  const bool good =
      market::candle_problem(candle.open, candle.high, candle.low, candle.close).empty() &&
      candle.volume >= 0 && candle.start < candle.end;
  if (!good) {
    ++bad_.bad_candles;
    return nullptr;
  }
  Series& series = state.series.try_emplace(candle.timeframe.minutes(), plan_).first->second;
  if (candle.end <= series.last_end) {
    ++bad_.late_candles;
    return nullptr;
  }
  const market::IstDate date = market::ist_date(candle.start);
  if (date != series.date) series.indicators.begin_session();
  series.date = date;
  series.last_end = candle.end;
  series.indicators.update(candle);
  if (!options_.timeframe) state.deciding = std::min(state.deciding, candle.timeframe);
  if (candle.timeframe == state.deciding) state.last = candle;
  return &series;
}

void StrategyEngineV2::Impl::warm_up(const Candle& candle) {
  SymbolState& state = state_of(candle.exchange, candle.symbol);
  const Series* series = learn(state, candle);
  if (series == nullptr || candle.timeframe != state.deciding) return;
  const IndicatorValues now = series->indicators.now();
  const IndicatorValues before = series->indicators.before();
  for (Lane& lane : state.lanes) {
    const StrategyState& strategy = strategies_[lane.strategy];
    if (strategy.switched_off.empty() && is_ready(strategy, now)) {
      ask(lane, {candle, now, before, Holding{}, true});
    }
  }
}

void StrategyEngineV2::Impl::on_candle(const Candle& candle) {
  if (stopped_) return;
  SymbolState& state = state_of(candle.exchange, candle.symbol);
  const Series* series = learn(state, candle);
  if (series == nullptr) return;
  begin_session(candle.end);
  publish_indicators(state, candle, series->indicators.now());
  if (candle.timeframe != state.deciding || !state.may_trade) return;
  for (Lane& lane : state.lanes) evaluate(state, lane, candle, *series);
}

bool StrategyEngineV2::Impl::is_ready(const StrategyState& strategy,
                                      const IndicatorValues& values) const noexcept {
  return std::all_of(strategy.needed.begin(), strategy.needed.end(),
                     [&](ValueId id) { return values.has(id); });
}

// --- asking ---

void StrategyEngineV2::Impl::count_candle(const SymbolState& state, Lane& lane,
                                          const Candle& candle) {
  LaneMemory& memory = lane.memory;
  if (memory.holding.size == 0 && memory.cooldown == 0) return;
  if (memory.cooldown > 0) --memory.cooldown;
  if (memory.holding.size != 0) {
    ++memory.holding.candles;
    if (memory.holding.entry_price == 0) memory.holding.entry_price = candle.close;  // adopted
  }
  save_lane(state, lane);
}

void StrategyEngineV2::Impl::evaluate(SymbolState& state, Lane& lane, const Candle& candle,
                                      const Series& series) {
  count_candle(state, lane, candle);
  const StrategyState& strategy = strategies_[lane.strategy];
  const IndicatorValues now = series.indicators.now();
  const IndicatorValues before = series.indicators.before();
  const bool was_on = strategy.switched_off.empty();
  const bool ready = is_ready(strategy, now);
  std::optional<Decision> decision;
  if (was_on && ready) decision = ask(lane, {candle, now, before, lane.memory.holding});
  if (lane.memory.holding.size != 0 && lane.memory.entry_date != session_date_) {
    decision = Decision{Action::exit, 1.0, "carried over from an earlier session"};
  }
  Verdict verdict{candle, now, {}, std::nullopt};
  if (decision) {
    verdict.decision = std::move(*decision);
    verdict.veto = veto_of(state, lane, verdict);
  } else if (!was_on) {
    return;  // told when it was switched off
  } else if (ready) {
    verdict.decision.reason = "switched off: " + strategy.switched_off;
  } else {
    verdict.decision.reason = "indicators are warming up";
    verdict.veto = Veto{"indicators", "warmup", verdict.decision.reason};
  }
  const bool acts = verdict.decision.action != Action::hold && !verdict.veto;
  acts ? act(state, lane, verdict) : trace_waiting(state, lane, verdict);
}

std::optional<Decision> StrategyEngineV2::Impl::ask(Lane& lane, const Situation& situation) {
  StrategyState& strategy = strategies_[lane.strategy];
  try {
    Decision decision = lane.mind->evaluate(situation);
    if (decision.confidence >= 0 && decision.confidence <= 1) return decision;
    switch_off(strategy, fmt::format("its confidence {} is not within 0..1", decision.confidence));
  } catch (const std::exception& problem) {
    switch_off(strategy, problem.what());
  } catch (...) {
    switch_off(strategy, "it threw something that is no std::exception");
  }
  return std::nullopt;
}

void StrategyEngineV2::Impl::switch_off(StrategyState& strategy, std::string_view reason) {
  strategy.switched_off = reason.empty() ? "an exception without a word" : std::string(reason);
  // A second failing strategy does not change the state, but has to be told all the same.
  heartbeat.change(wanted_state());
  if (heartbeat.state() == market::EngineState::degraded) publish_health(now_);
}

// --- vetoes ---

std::optional<StrategyEngineV2::Impl::Veto> StrategyEngineV2::Impl::veto_of(
    const SymbolState& state, const Lane& lane, const Verdict& verdict) const {
  const LaneMemory& memory = lane.memory;
  if (verdict.decision.action == Action::hold) return std::nullopt;
  if (verdict.decision.action != Action::exit) return entry_veto(state, lane, verdict);
  if (memory.holding.size == 0) return Veto{"limits", "duplicate", "there is no position to leave"};
  if (memory.order_out && !lane.unconfirmed) {
    return Veto{"limits", "duplicate", "an order is out already"};
  }
  return std::nullopt;
}

std::optional<StrategyEngineV2::Impl::Veto> StrategyEngineV2::Impl::entry_veto(
    const SymbolState& state, const Lane& lane, const Verdict& verdict) const {
  if (killed_) return Veto{"limits", "kill_switch", "the kill switch is on"};
  if (is_near_close(ordered_in(state).group)) {
    return Veto{"limits", "market_phase", "no session, or too near its end for an entry"};
  }
  if (is_stale(state, verdict.candle)) {
    return Veto{"limits", "stale_data", "the candle is too old to decide on"};
  }
  if (auto veto = limit_veto(lane, verdict.decision)) return veto;
  if (gate == nullptr) return std::nullopt;
  auto refusal = gate->refusal_of(intent_of(state, lane, verdict), now_);
  if (!refusal) return std::nullopt;
  return Veto{"risk", std::string(refusal->code), std::move(refusal->reason)};
}

std::optional<StrategyEngineV2::Impl::Veto> StrategyEngineV2::Impl::limit_veto(
    const Lane& lane, const Decision& decision) const {
  const LaneMemory& memory = lane.memory;
  if (memory.order_out) return Veto{"limits", "duplicate", "an order is out already"};
  if (memory.holding.size != 0) return Veto{"limits", "duplicate", "already in position"};
  if (memory.cooldown > 0) {
    return Veto{
        "limits", "cooldown",
        fmt::format("{} candles to wait after the last position", options_.cooldown_candles)};
  }
  if (strategies_[lane.strategy].open_positions >= options_.max_positions) {
    return Veto{"limits", "max_positions",
                fmt::format("{} positions are open, as many as allowed", options_.max_positions)};
  }
  if (options_.max_daily_loss > 0 && pnl != nullptr &&
      pnl->pnl({}).day_net <= -options_.max_daily_loss) {
    return Veto{"limits", "daily_loss",
                fmt::format("the session's loss has reached the limit of {:.0f} rupees",
                            options_.max_daily_loss)};
  }
  if (decision.confidence < options_.min_confidence) {
    return Veto{"limits", "low_confidence",
                fmt::format("confidence is below {}", options_.min_confidence)};
  }
  return std::nullopt;
}

bool StrategyEngineV2::Impl::is_near_close(market::SessionGroup group) const {
  const auto session = calendar_.continuous_at(group, now_);
  return !session || now_ >= session->end - options_.entry_cutoff_before_close;
}

bool StrategyEngineV2::Impl::is_stale(const SymbolState& state, const Candle& candle) const {
  const auto allowed = options_.stale_after_candles * candle.timeframe.length();
  if (now_ - candle.end <= allowed) return false;  // spares the calendar
  return calendar_.trading_time(state.info.group, candle.end, now_) > allowed;
}

}  // namespace tapedeck::strategy
