#include "tapedeck/strategy/strategy_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "market/random_source.hpp"

namespace tapedeck::strategy {

using market::Candle;
using market::EngineState;
using market::InstrumentInfo;

StrategyEngineV2::StrategyEngineV2(market::EnginePublisher publisher,
                                   const market::TradingCalendar& calendar,
                                   const market::InstrumentTable& instruments,
                                   StrategyOptions options, IntentSink sink)
    : publisher_(publisher),
      calendar_(calendar),
      instruments_(instruments),
      options_(std::move(options)),
      sink_(std::move(sink)),
      heartbeat_(options_.health_every),
      ids_(options_.run) {
  for (const std::string& name : options_.strategies) {
    const StrategyEntry* entry = find_strategy(name);
    if (entry == nullptr) {
      throw std::invalid_argument(
          fmt::format("there is no strategy '{}'; known are: {}", name, strategy_names()));
    }
    const auto example = entry->make();
    StrategyState state;
    state.name = name;
    state.version = example->version();
    const std::string parameters = example->parameters();
    state.config_hash =
        fmt::format("{:016x}", market::hash_text(parameters.data(), parameters.size()));
    strategies_.push_back(std::move(state));
  }
}

// --- candles ---

StrategyEngineV2::SymbolState& StrategyEngineV2::state_of(const std::string& symbol) {
  const auto [at, added] = symbols_.try_emplace(symbol);
  SymbolState& state = at->second;
  if (!added) return state;
  if (const InstrumentInfo* info = instruments_.find({}, symbol)) state.info = *info;
  state.info.symbol = symbol;
  const bool wanted = options_.symbols.empty() || options_.symbols.contains(symbol);
  state.may_trade = wanted && !is_ordered_by_others(symbol);
  state.deciding = *market::Timeframe::of_minutes(60);
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    Lane lane;
    lane.strategy = i;
    lane.mind = find_strategy(strategies_[i].name)->make();
    state.lanes.push_back(std::move(lane));
  }
  return state;
}

bool StrategyEngineV2::is_ordered_by_others(std::string_view symbol) const {
  for (const auto& [key, info] : instruments_.all()) {
    if (info.order_symbol != symbol) continue;
    if (options_.symbols.empty() || options_.symbols.contains(info.symbol)) return true;
  }
  return false;
}

void StrategyEngineV2::warm_up(const Candle& candle) {
  SymbolState& state = state_of(candle.symbol);
  IndicatorSet& indicators = state.indicators[candle.timeframe.minutes()];
  const IndicatorValues before = indicators.values();
  indicators.update(candle);
  const IndicatorValues values = indicators.values();
  state.deciding = std::min(state.deciding, candle.timeframe);
  if (candle.timeframe != state.deciding || !values.ready()) return;
  for (Lane& lane : state.lanes) lane.mind->evaluate({candle, values, before, Holding{}});
}

void StrategyEngineV2::on_candle(const Candle& candle) {
  begin_session(candle.end);
  SymbolState& state = state_of(candle.symbol);
  IndicatorSet& indicators = state.indicators[candle.timeframe.minutes()];
  const IndicatorValues before = indicators.values();
  indicators.update(candle);
  const IndicatorValues values = indicators.values();
  publish_indicators(state, candle, values);
  state.deciding = std::min(state.deciding, candle.timeframe);
  if (candle.timeframe != state.deciding) return;
  state.last = candle;
  if (!state.may_trade) return;
  for (Lane& lane : state.lanes) evaluate(state, lane, candle, values, before);
}

void StrategyEngineV2::begin_session(Timestamp now) {
  now_ = std::max(now_, now);
  const market::IstDate date = market::ist_date(now_);
  if (date == session_date_) return;
  session_date_ = date;
  for (StrategyState& strategy : strategies_) strategy.signals_today = 0;
}

void StrategyEngineV2::evaluate(SymbolState& state, Lane& lane, const Candle& candle,
                                const IndicatorValues& values, const IndicatorValues& before) {
  if (lane.holding.size != 0) ++lane.holding.candles;
  if (lane.cooldown > 0) --lane.cooldown;
  if (!values.ready()) {
    trace_waiting(
        state, lane,
        {candle, values, {Action::hold, 0, "indicators are warming up"}, "indicators", "warmup"});
    return;
  }
  Decision decision = lane.mind->evaluate({candle, values, before, lane.holding});
  if (lane.holding.size != 0 && lane.entry_date != session_date_) {
    decision = {Action::exit, 1.0, "carried over from an earlier session"};
  }
  Verdict verdict{candle, values, std::move(decision), {}, {}};
  if (verdict.decision.action == Action::hold) {
    trace_waiting(state, lane, verdict);
    return;
  }
  verdict.veto_code = veto_of(state, lane, candle, verdict.decision);
  if (!verdict.veto_code.empty()) {
    verdict.veto_by = "limits";
    trace_waiting(state, lane, verdict);
    return;
  }
  act(state, lane, verdict);
}

std::string_view StrategyEngineV2::veto_of(const SymbolState& state, const Lane& lane,
                                           const Candle& candle, const Decision& decision) const {
  if (decision.action == Action::exit) {
    return lane.order_out || lane.holding.size == 0 ? "duplicate" : "";
  }
  if (killed_) return "kill_switch";
  const auto session = calendar_.continuous_at(ordered_in(state).group, candle.end);
  if (!session || candle.end >= session->end - options_.entry_cutoff_before_close) {
    return "market_phase";
  }
  if (now_ - candle.end > 2 * candle.timeframe.length()) return "stale_data";
  if (lane.order_out || lane.holding.size != 0) return "duplicate";
  if (lane.cooldown > 0) return "cooldown";
  if (strategies_[lane.strategy].open_positions >= options_.max_positions) return "max_positions";
  if (decision.confidence < options_.min_confidence) return "low_confidence";
  return {};
}

// --- acting ---

const InstrumentInfo& StrategyEngineV2::ordered_in(const SymbolState& state) const {
  const InstrumentInfo* info = instruments_.find(state.info.exchange, state.info.symbol);
  return info != nullptr ? instruments_.ordered_in(*info) : state.info;
}

std::int64_t StrategyEngineV2::entry_qty(const InstrumentInfo& ordered, double price) const {
  const std::int64_t lot = std::max<std::int64_t>(ordered.lot_size, 1);
  if (lot > 1 || ordered.is_derivative() || price <= 0) return lot;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(options_.order_value / price));
}

void StrategyEngineV2::act(SymbolState& state, Lane& lane, const Verdict& verdict) {
  const Action action = verdict.decision.action;
  const InstrumentInfo& ordered = ordered_in(state);
  if (action != Action::exit) {
    lane.round_trip_id = ids_.next_round_trip(now_);
    lane.decision_price = verdict.candle.close;
    const auto session = calendar_.continuous_at(ordered.group, now_);
    lane.square_off_at =
        session ? session->end - options_.square_off_before_close : Timestamp::max();
  }
  OrderIntent intent;
  intent.strategy = strategies_[lane.strategy].name;
  intent.signal_symbol = state.info.symbol;
  intent.order_symbol = ordered.symbol;
  intent.is_exit = action == Action::exit;
  const bool buys = action == Action::buy || (intent.is_exit && lane.holding.size < 0);
  intent.side = buys ? Side::buy : Side::sell;
  intent.qty =
      intent.is_exit ? std::abs(lane.holding.size) : entry_qty(ordered, verdict.candle.close);
  intent.reference_price = verdict.candle.close;
  intent.reason = verdict.decision.reason;
  intent.correlation_id = ids_.next_decision(now_);
  intent.round_trip_id = lane.round_trip_id;
  intent.decided_at = now_;

  StrategyState& strategy = strategies_[lane.strategy];
  ++signals_;
  ++strategy.signals;
  ++strategy.signals_today;
  strategy.confidence_sum += verdict.decision.confidence;
  strategy.last_signal = to_string(action);
  strategy.last_signal_at = now_;
  lane.last_hold.clear();
  lane.order_out = true;
  trace(state, lane, verdict, intent.correlation_id);
  publish_signal(state, lane, verdict, ordered.symbol, ordered.exchange, intent.correlation_id);
  find_next_square_off();
  if (sink_) sink_(intent);
}

void StrategyEngineV2::on_order_news(const OrderNews& news) {
  now_ = std::max(now_, news.at);
  const auto at = symbols_.find(news.signal_symbol);
  if (at == symbols_.end()) return;
  for (Lane& lane : at->second.lanes) {
    StrategyState& strategy = strategies_[lane.strategy];
    if (strategy.name != news.strategy) continue;
    const bool was_open = lane.holding.size != 0;
    lane.holding.size = news.position_size;
    if (news.finished) lane.order_out = false;
    if (!was_open && news.position_size != 0) {
      ++strategy.open_positions;
      lane.holding.entry_price = lane.decision_price;
      lane.holding.candles = 0;
      lane.entry_date = market::ist_date(news.at);
    }
    if (was_open && news.position_size == 0) {
      --strategy.open_positions;
      lane.cooldown = options_.cooldown_candles;
    }
    if (news.trade_pnl) {
      strategy.trades.add(*news.trade_pnl);
      publish_all_performance(news.at);
    }
  }
  find_next_square_off();
}

void StrategyEngineV2::leave_position(SymbolState& state, Lane& lane, std::string reason) {
  const IndicatorValues values = state.indicators[state.deciding.minutes()].values();
  const Candle last = state.last;
  act(state, lane, {last, values, {Action::exit, 1.0, std::move(reason)}, {}, {}});
}

void StrategyEngineV2::square_off(Timestamp now) {
  for (auto& [symbol, state] : symbols_) {
    for (Lane& lane : state.lanes) {
      if (lane.holding.size == 0 || lane.square_off_at > now) continue;
      lane.square_off_at = Timestamp::max();
      if (!lane.order_out) leave_position(state, lane, "square-off before the session's end");
    }
  }
  find_next_square_off();
}

void StrategyEngineV2::find_next_square_off() {
  next_square_off_ = Timestamp::max();
  for (const auto& [symbol, state] : symbols_) {
    for (const Lane& lane : state.lanes) {
      if (lane.holding.size != 0) next_square_off_ = std::min(next_square_off_, lane.square_off_at);
    }
  }
}

void StrategyEngineV2::set_killed(bool killed, Timestamp now, std::string_view by,
                                  std::string_view reason) {
  now_ = std::max(now_, now);
  killed_ = killed;
  publisher_.publish(CommandEvent{.command = killed ? "kill" : "resume",
                                  .target = kName,
                                  .state = "done",
                                  .reason = reason,
                                  .by = by,
                                  .extra = {}},
                     now_);
  if (heartbeat_.change(killed ? EngineState::degraded : EngineState::active)) publish_health(now_);
}

// --- the clock ---

void StrategyEngineV2::start(Timestamp now) {
  begin_session(now);
  heartbeat_.start(now);
  publish_health(now);
  heartbeat_.change(killed_ ? EngineState::degraded : EngineState::active);
  publish_health(now);
}

Timestamp StrategyEngineV2::next_due() const {
  return std::min(heartbeat_.next_due(), next_square_off_);
}

void StrategyEngineV2::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    begin_session(due);
    if (next_square_off_ <= due) square_off(due);
    if (heartbeat_.next_due() <= due) {
      publish_health(due);
      publish_all_performance(due);
      heartbeat_.beat();
    }
  }
  begin_session(now);
}

void StrategyEngineV2::skip_to(Timestamp now) {
  begin_session(now);
  heartbeat_.skip_to(now);
}

void StrategyEngineV2::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::error)) publish_health(now_, reason);
}

void StrategyEngineV2::stop(Timestamp now) {
  now_ = std::max(now_, now);
  if (!heartbeat_.change(EngineState::stopped)) return;
  publish_all_performance(now_);
  publish_health(now_);
}

}  // namespace tapedeck::strategy
