#include "query/trade_fold.hpp"

#include <algorithm>
#include <utility>

namespace tapedeck {
namespace {

void fill_in(std::string& into, std::string_view text) {
  if (into.empty()) into = text;
}
template <typename T>
void fill_in(std::optional<T>& into, const std::optional<T>& value) {
  if (!into) into = value;
}
void take_earlier(OptionalTime& into, OptionalTime time) {
  if (time && (!into || *time < *into)) into = time;
}
void take_later(OptionalTime& into, OptionalTime time) {
  if (time && (!into || *time > *into)) into = time;
}
void add_name(std::vector<std::string>& names, std::string_view name) {
  if (name.empty() || names.size() == kMaxTradeSources) return;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

void fold_envelope(TradeSummary& trade, const TradeEvent& event) {
  if (trade.events == 0) {
    trade.first_id = event.id;
    trade.first_seq = event.seq;
    trade.first_ns = trade.last_ns = event.at_ns;
  }
  ++trade.events;
  trade.last_id = event.id;
  trade.last_seq = event.seq;
  trade.first_ns = std::min(trade.first_ns, event.at_ns);
  trade.last_ns = std::max(trade.last_ns, event.at_ns);
  fill_in(trade.round_trip_id, event.round_trip_id);
  fill_in(trade.strategy, event.strategy);
  fill_in(trade.account, event.account);
  fill_in(trade.mode, event.mode);
  fill_in(trade.run_id, event.run_id);
  add_name(trade.engine_ids, event.engine_id);
  add_name(trade.hosts, event.host);
}

void set_traded(TradeSummary& trade, std::string_view symbol, std::string_view exchange) {
  if (symbol.empty()) return;
  trade.symbol = symbol;
  trade.exchange = exchange;
}

// --- decisions ---

void fold_decision(TradeSummary& trade, const TradeEvent& event) {
  fill_in(trade.signal_symbol, event.symbol);
  fill_in(trade.signal_exchange, event.exchange);
  if (trade.symbol.empty()) set_traded(trade, event.symbol, event.exchange);
  if (!trade.traced) trade.decision = upper(event.decision);
  trade.traced = true;
  take_earlier(trade.decided.happened, event.at_ns);
  fill_in(trade.decision_price, event.close_price);
  if (upper(event.decision) != "VETO") {
    fill_in(trade.reason, event.reason);
    return;
  }
  fill_in(trade.reason, event.wanted_reason);
  fill_in(trade.veto_by, event.veto_by);
  fill_in(trade.veto_code, event.veto_code);
  fill_in(trade.veto_reason, event.reason);
  fill_in(trade.wanted, upper(event.wanted));
}

void fold_signal(TradeSummary& trade, const TradeEvent& event) {
  fill_in(trade.signal_symbol, event.symbol);
  fill_in(trade.signal_exchange, event.exchange);
  if (trade.orders.empty()) {
    const bool elsewhere = !event.order_symbol.empty();
    set_traded(trade, elsewhere ? event.order_symbol : event.symbol,
               elsewhere ? event.order_exchange : event.exchange);
  }
  fill_in(trade.decision, upper(event.signal));
  fill_in(trade.reason, event.reason);
  take_earlier(trade.decided.happened, event.at_ns);
  fill_in(trade.decision_price, event.price);
}

// --- orders ---

/// The order's place in the chain; nothing when the chain is full.
TradeOrder* order_of(TradeSummary& trade, const TradeEvent& event) {
  const auto known =
      std::find_if(trade.orders.begin(), trade.orders.end(),
                   [&](const TradeOrder& one) { return one.order_id == event.order_id; });
  if (known != trade.orders.end()) return &*known;
  if (trade.orders.size() == kMaxTradeOrders) {
    trade.truncated = true;
    return nullptr;
  }
  if (trade.orders.empty()) set_traded(trade, event.symbol, event.exchange);
  TradeOrder& order = trade.orders.emplace_back();
  order.order_id = event.order_id;
  for (const TradeOrder& other : trade.orders) {
    if (other.parent_order_id == order.order_id) order.is_parent = true;
  }
  return &order;
}

void join_family(TradeSummary& trade, TradeOrder& order, const TradeEvent& event) {
  if (event.slice_count && !event.slice_no) order.is_parent = true;
  if (event.parent_order_id.empty() || !order.parent_order_id.empty()) return;
  order.parent_order_id = event.parent_order_id;
  for (TradeOrder& other : trade.orders) {
    if (other.order_id == order.parent_order_id) other.is_parent = true;
  }
}

bool tells_a_fill(const TradeEvent& event, std::optional<OrderState> state) {
  return event.fill_qty.value_or(0) > 0 || state == OrderState::filled ||
         state == OrderState::partially_filled;
}

/// @return units that had not been told before
std::int64_t take_fills(TradeOrder& order, const TradeEvent& event) {
  const std::int64_t before = order.filled_qty();
  const bool repeated = !event.fill_id.empty() && event.fill_id == order.last_fill_id;
  const std::int64_t fill = repeated ? 0 : std::max<std::int64_t>(event.fill_qty.value_or(0), 0);
  if (fill > 0) {
    order.last_fill_id = event.fill_id;
    order.fills_qty = add_units(order.fills_qty, fill);
    const double price = event.fill_price.value_or(event.price.value_or(0));
    order.fills_value = on_grid(order.fills_value + price * static_cast<double>(fill));
  }
  if (event.filled_qty && *event.filled_qty >= order.filled) {
    order.filled = *event.filled_qty;
    if (event.avg_price) order.avg_price = event.avg_price;
  } else if (!event.filled_qty && event.avg_price) {
    order.avg_price = event.avg_price;
  }
  return fill > 0 ? fill : order.filled_qty() - before;
}

void take_state(TradeOrder& order, const TradeEvent& event, std::optional<OrderState> state) {
  if (!state) return;
  settle(order, *state, event.at_ns, event.surprise);
  if (!is_final(*state) || *state == OrderState::filled) return;
  if (!event.reason.empty()) order.reason = event.reason;
  if (!event.reject_code.empty()) order.reject_code = event.reject_code;
}

void take_moments(TradeSummary& trade, const TradeEvent& event, std::optional<OrderState> state) {
  take_earlier(trade.decided.stamped, event.decided_at);
  take_earlier(trade.sent.stamped, event.sent_at);
  take_earlier(trade.acked.stamped, event.acked_at);
  if (state == OrderState::created) take_earlier(trade.decided.happened, event.at_ns);
  if (state == OrderState::submitted) take_earlier(trade.sent.happened, event.at_ns);
  if (state == OrderState::acknowledged || state == OrderState::open ||
      state == OrderState::trigger_pending) {
    take_earlier(trade.acked.happened, event.at_ns);
  }
  OptionalTime fill = event.filled_at;
  if (!fill && tells_a_fill(event, state)) fill = event.at_ns;
  take_earlier(trade.first_fill_ns, fill);
  take_later(trade.last_fill_ns, fill);
}

void fold_order(TradeSummary& trade, const TradeEvent& event) {
  TradeOrder* const order = order_of(trade, event);
  if (order == nullptr) return;
  const auto state = event.order_state();
  join_family(trade, *order, event);
  fill_in(order->symbol, event.symbol);
  fill_in(order->exchange, event.exchange);
  if (order->side == TradeSide::none) order->side = event.order_side();
  if (event.qty) order->qty = event.qty;
  const bool is_reference = (state == OrderState::created || state == OrderState::submitted) &&
                            order->filled == 0 && upper(event.order_type) == "MARKET";
  if (is_reference) fill_in(trade.order_price, event.price);
  if (tells_a_fill(event, state) && event.price) order->last_price = event.price;
  if (event.charges) {
    order->charges = std::max(order->charges.value_or(*event.charges), *event.charges);
  }
  const std::int64_t before = order->filled_qty();
  std::int64_t fresh = take_fills(*order, event);
  take_state(*order, event, state);
  take_moments(trade, event, state);
  if (order->is_parent || order->side == TradeSide::none || !tells_a_fill(event, state)) return;
  // "filled" without any quantity means all of it.
  if (fresh == 0) fresh = order->filled_qty() - before;
  const bool buys = order->side == TradeSide::buy;
  trade.pending_fill = add_units(trade.pending_fill, buys ? fresh : -fresh);
}

}  // namespace

std::string position_key(const TradeEvent& event) {
  std::string key;
  for (const std::string_view part :
       {event.account, event.mode, event.exchange, event.symbol, event.product, event.strategy}) {
    key += part;
    key += '\x1F';
  }
  return key;
}

void fold(TradeSummary& trade, const TradeEvent& event) {
  fold_envelope(trade, event);
  if (event.kind == TradeEventKind::decision) fold_decision(trade, event);
  if (event.kind == TradeEventKind::signal) fold_signal(trade, event);
  if (event.kind == TradeEventKind::order) fold_order(trade, event);
}

std::optional<TradePosition> fold_position(TradeSummary& trade, const TradeEvent& event,
                                           const TradePosition* before) {
  fold_envelope(trade, event);
  if (trade.symbol.empty()) set_traded(trade, event.symbol, event.exchange);
  if (event.scope == "account") return std::nullopt;
  TradePosition now{position_key(event), *event.position_size, event.realized_pnl,
                    event.charges,       event.at_ns,          event.seq};
  const std::int64_t fill = std::exchange(trade.pending_fill, 0);
  const std::int64_t size_before = now.size - fill;
  const bool fits = before != nullptr && (fill == 0 || before->size == size_before);
  const auto change = [&](const std::optional<double>& was, const std::optional<double>& is) {
    return fits && was && is ? std::optional(on_grid(*is - *was)) : std::nullopt;
  };
  const bool only_grew = fill != 0 && (size_before == 0 || (size_before > 0) == (fill > 0));
  trade.realized.add(only_grew ? std::optional(0.0)
                     : before  ? change(before->realized, now.realized)
                               : std::nullopt);
  trade.position_charges.add(before ? change(before->charges, now.charges) : std::nullopt);
  const auto known = std::find_if(trade.positions.begin(), trade.positions.end(),
                                  [&](const TradePosition& one) { return one.key == now.key; });
  if (known != trade.positions.end()) {
    *known = now;
  } else if (trade.positions.size() < kMaxTradePositions) {
    trade.positions.push_back(now);
  } else {
    trade.truncated = true;
  }
  return now;
}

}  // namespace tapedeck
