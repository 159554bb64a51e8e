// From a decision to an order, and from what became of it to positions, trades and the square-off.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "strategy/strategy_engine_impl.hpp"

namespace tapedeck::strategy {

using market::InstrumentInfo;

namespace {

/// More units than any exchange has; news beyond it is nonsense.
constexpr std::int64_t kMaxUnits = 1'000'000'000'000;

}  // namespace

// --- orders ---

const InstrumentInfo& StrategyEngineV2::Impl::ordered_in(const SymbolState& state) const {
  const InstrumentInfo* info = instruments_.find(state.info.exchange, state.info.symbol);
  return info != nullptr ? instruments_.ordered_in(*info) : state.info;
}

std::int64_t StrategyEngineV2::Impl::entry_qty(const InstrumentInfo& ordered, double price) const {
  const std::int64_t lot = std::max<std::int64_t>(ordered.lot_size, 1);
  if (lot > 1 || ordered.is_derivative() || price <= 0) return lot;
  const auto known = symbols_.find(market::InstrumentKeyView{ordered.symbol, ordered.exchange});
  if (known != symbols_.end() && known->second.last.close > 0) price = known->second.last.close;
  const double units = std::clamp(options_.order_value / price, 1.0, 1e9);
  return static_cast<std::int64_t>(units);
}

OrderIntent StrategyEngineV2::Impl::intent_of(const SymbolState& state, const Lane& lane,
                                              const Verdict& verdict) const {
  const InstrumentInfo& ordered = ordered_in(state);
  const std::int64_t held = lane.memory.holding.size;
  OrderIntent intent;
  intent.strategy = strategies_[lane.strategy].entry.name;
  intent.signal_exchange = state.info.exchange;
  intent.signal_symbol = state.info.symbol;
  intent.order_exchange = ordered.exchange;
  intent.order_symbol = ordered.symbol;
  intent.is_exit = verdict.decision.action == Action::exit;
  const bool buys = intent.is_exit ? held < 0 : verdict.decision.action == Action::buy;
  intent.side = buys ? Side::buy : Side::sell;
  intent.stop_watched = !intent.is_exit && strategies_[lane.strategy].watches_stop;
  intent.qty = intent.is_exit ? std::abs(held) : entry_qty(ordered, verdict.candle.close);
  intent.reference_price = verdict.candle.close;
  intent.reason = verdict.decision.reason;
  intent.decided_at = now_;
  return intent;
}

void StrategyEngineV2::Impl::act(SymbolState& state, Lane& lane, const Verdict& verdict) {
  OrderIntent intent = intent_of(state, lane, verdict);
  LaneMemory& memory = lane.memory;
  if (!intent.is_exit || memory.round_trip_id.empty()) memory.round_trip_id = new_round_trip_id();
  if (!intent.is_exit) memory.decision_price = verdict.candle.close;
  intent.correlation_id = new_decision_id();
  intent.round_trip_id = memory.round_trip_id;
  memory.order_out = true;
  lane.unconfirmed = false;
  lane.last_trace.clear();
  count_signal(strategies_[lane.strategy], verdict.decision);
  trace(state, lane, verdict, intent.correlation_id);
  publish_signal(state, lane, verdict, intent);
  save_lane(state, lane);
  save_strategies();
  if (sink_) sink_(intent);
}

void StrategyEngineV2::Impl::count_signal(StrategyState& strategy, const Decision& decision) {
  ++signals;
  StrategyMemory& memory = strategy.memory;
  ++memory.signals_today;
  if (decision.action != Action::exit) {
    ++memory.entries;
    memory.confidence_sum += decision.confidence;
  }
  memory.last_signal = to_string(decision.action);
  memory.last_signal_at = now_;
  strategy.changed = true;
}

// --- news ---

void StrategyEngineV2::Impl::on_order_news(const OrderNews& news) {
  begin_session(news.at);
  const auto strategy =
      std::find_if(strategies_.begin(), strategies_.end(),
                   [&](const StrategyState& one) { return one.entry.name == news.strategy; });
  const std::string_view symbol =
      news.signal_symbol.empty() ? news.order_symbol : news.signal_symbol;
  if (strategy == strategies_.end()) return;  // somebody else's order
  if (symbol.empty() || news.position_size > kMaxUnits || news.position_size < -kMaxUnits) {
    ++bad_.bad_news;
    return;
  }
  const bool has_signal = !news.signal_symbol.empty();
  SymbolState& state = state_of(has_signal ? news.signal_exchange : news.order_exchange, symbol);
  Lane& lane = state.lanes[static_cast<std::size_t>(strategy - strategies_.begin())];
  follow_position(state, lane, news);
  save_lane(state, lane);
  if (news.trade_pnl) count_trade(*strategy, news);
  find_next_square_off();
}

void StrategyEngineV2::Impl::follow_position(const SymbolState& state, Lane& lane,
                                             const OrderNews& news) {
  LaneMemory& memory = lane.memory;
  StrategyState& strategy = strategies_[lane.strategy];
  const std::int64_t before = std::exchange(memory.holding.size, news.position_size);
  if (news.finished) memory.order_out = lane.unconfirmed = false;
  const bool turned = (before > 0) != (news.position_size > 0);
  if (news.position_size != 0 && (before == 0 || turned)) {
    if (before == 0) ++strategy.open_positions;
    memory.holding.entry_price = memory.decision_price;
    memory.holding.candles = 0;
    memory.entry_date = session_date_;
    memory.square_off_at = square_off_time(state);
  }
  if (news.position_size != 0) return;
  if (before != 0) {
    --strategy.open_positions;
    memory.cooldown = options_.cooldown_candles;
    memory.holding = {};
    memory.entry_date.reset();
    memory.square_off_at = Timestamp::max();
    memory.round_trip_id.clear();
  }
  if (news.finished) memory.decision_price = 0;
}

void StrategyEngineV2::Impl::count_trade(StrategyState& strategy, const OrderNews& news) {
  if (!std::isfinite(*news.trade_pnl)) {
    ++bad_.bad_news;
    return;
  }
  TradeStats stats(strategy.memory.trades);
  stats.add(*news.trade_pnl);
  strategy.memory.trades = stats.counts();
  strategy.changed = true;
  if (stopped_) {
    save_strategies();
    return;
  }
  publish_performance(now_, nullptr);
  publish_performance(now_, &strategy);
  save_strategies();
}

// --- the end of the session ---

Timestamp StrategyEngineV2::Impl::square_off_time(const SymbolState& state) const {
  const auto session = calendar_.continuous_at(ordered_in(state).group, now_);
  return session ? session->end - options_.square_off_before_close : Timestamp::max();
}

void StrategyEngineV2::Impl::leave_position(SymbolState& state, Lane& lane, std::string reason) {
  const auto series = state.series.find(state.deciding.minutes());
  const IndicatorValues values =
      series != state.series.end() ? series->second.indicators.now() : IndicatorValues({});
  const market::Candle last = state.last;  // act() may lead to a call that changes it
  act(state, lane, {last, values, {Action::exit, 1.0, std::move(reason)}, std::nullopt});
}

void StrategyEngineV2::Impl::square_off(Timestamp now) {
  for (auto& [key, state] : symbols_) {
    for (Lane& lane : state.lanes) {
      LaneMemory& memory = lane.memory;
      if (memory.holding.size == 0 || memory.square_off_at > now) continue;
      const bool in_session = calendar_.continuous_at(ordered_in(state).group, now).has_value();
      memory.square_off_at = in_session ? now + options_.square_off_retry : Timestamp::max();
      if (!in_session || (memory.order_out && !lane.unconfirmed)) continue;
      leave_position(state, lane, "square-off before the session's end");
    }
  }
  find_next_square_off();
}

void StrategyEngineV2::Impl::find_next_square_off() {
  next_square_off_ = Timestamp::max();
  for (const auto& [key, state] : symbols_) {
    for (const Lane& lane : state.lanes) {
      if (lane.memory.holding.size == 0) continue;
      next_square_off_ = std::min(next_square_off_, lane.memory.square_off_at);
    }
  }
}

}  // namespace tapedeck::strategy
