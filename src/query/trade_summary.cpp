#include "query/trade_summary.hpp"

#include <algorithm>
#include <array>

namespace tapedeck {
namespace {

constexpr std::array<std::string_view, 10> kOutcomes = {
    "vetoed",   "signalled", "working", "filled",  "partially_filled",
    "rejected", "cancelled", "expired", "unknown", "error"};
static_assert(kOutcomes.size() == static_cast<std::size_t>(kLastTradeOutcome) + 1);

void take_earlier(OptionalTime& into, OptionalTime other) {
  if (other && (!into || *other < *into)) into = other;
}
void take_later(OptionalTime& into, OptionalTime other) {
  if (other && (!into || *other > *into)) into = other;
}
void take_earlier(TradeMoment& into, const TradeMoment& other) {
  take_earlier(into.stamped, other.stamped);
  take_earlier(into.happened, other.happened);
}
template <typename T>
void fill_in(std::optional<T>& into, const std::optional<T>& other) {
  if (!into) into = other;
}
void fill_in(std::string& into, const std::string& other) {
  if (into.empty()) into = other;
}
void renew(std::string& into, const std::string& other) {
  if (!other.empty()) into = other;
}

void add_names(std::vector<std::string>& into, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (into.size() == kMaxTradeSources) return;
    if (std::find(into.begin(), into.end(), name) == into.end()) into.push_back(name);
  }
}

void merge(TradeOrder& older, const TradeOrder& newer) {
  fill_in(older.parent_order_id, newer.parent_order_id);
  fill_in(older.symbol, newer.symbol);
  fill_in(older.exchange, newer.exchange);
  if (older.side == TradeSide::none) older.side = newer.side;
  if (newer.qty) older.qty = newer.qty;
  older.is_parent |= newer.is_parent;
  const bool same_fill = !newer.last_fill_id.empty() && newer.last_fill_id == older.last_fill_id;
  if (!same_fill) {
    older.fills_qty = add_units(older.fills_qty, newer.fills_qty);
    older.fills_value = on_grid(older.fills_value + newer.fills_value);
  }
  renew(older.last_fill_id, newer.last_fill_id);
  if (newer.last_price) older.last_price = newer.last_price;
  if (newer.filled >= older.filled) {
    older.filled = newer.filled;
    if (newer.avg_price) older.avg_price = newer.avg_price;
  }
  if (newer.charges)
    older.charges = std::max(older.charges.value_or(*newer.charges), *newer.charges);
  renew(older.reason, newer.reason);
  renew(older.reject_code, newer.reject_code);
  settle(older, newer.state, newer.state_ns, newer.surprise);
}

void merge_orders(TradeSummary& older, const TradeSummary& newer) {
  for (const TradeOrder& order : newer.orders) {
    const auto known =
        std::find_if(older.orders.begin(), older.orders.end(),
                     [&](const TradeOrder& one) { return one.order_id == order.order_id; });
    if (known != older.orders.end()) {
      merge(*known, order);
    } else if (older.orders.size() < kMaxTradeOrders) {
      older.orders.push_back(order);
    } else {
      older.truncated = true;
    }
  }
  // A slice of one half makes a parent of an order in the other.
  for (const TradeOrder& order : older.orders) {
    if (order.parent_order_id.empty()) continue;
    for (TradeOrder& other : older.orders) {
      if (other.order_id == order.parent_order_id) other.is_parent = true;
    }
  }
}

void merge_positions(TradeSummary& older, const TradeSummary& newer) {
  for (const TradePosition& position : newer.positions) {
    const auto known =
        std::find_if(older.positions.begin(), older.positions.end(),
                     [&](const TradePosition& one) { return one.key == position.key; });
    if (known != older.positions.end()) {
      *known = position;
    } else if (older.positions.size() < kMaxTradePositions) {
      older.positions.push_back(position);
    } else {
      older.truncated = true;
    }
  }
  const std::int64_t before = newer.realized.seen ? 0 : older.pending_fill;
  older.pending_fill = add_units(before, newer.pending_fill);
  older.realized.add(newer.realized);
  older.position_charges.add(newer.position_charges);
}

void merge_names(TradeSummary& older, const TradeSummary& newer) {
  fill_in(older.round_trip_id, newer.round_trip_id);
  // An order or a signal knows what is traded; a trace only what was looked at.
  const bool guessed = older.orders.empty() && older.symbol == older.signal_symbol;
  const bool told = older.orders.empty() && !newer.orders.empty();
  if (older.symbol.empty() || ((guessed || told) && !newer.symbol.empty())) {
    older.symbol = newer.symbol;
    older.exchange = newer.exchange;
  }
  fill_in(older.exchange, newer.exchange);
  fill_in(older.signal_symbol, newer.signal_symbol);
  fill_in(older.signal_exchange, newer.signal_exchange);
  fill_in(older.strategy, newer.strategy);
  fill_in(older.account, newer.account);
  fill_in(older.mode, newer.mode);
  fill_in(older.run_id, newer.run_id);
  add_names(older.engine_ids, newer.engine_ids);
  add_names(older.hosts, newer.hosts);
}

void merge_decision(TradeSummary& older, const TradeSummary& newer) {
  if (older.decision.empty() || (!older.traced && newer.traced))
    renew(older.decision, newer.decision);
  fill_in(older.reason, newer.reason);
  fill_in(older.veto_by, newer.veto_by);
  fill_in(older.veto_code, newer.veto_code);
  fill_in(older.veto_reason, newer.veto_reason);
  fill_in(older.wanted, newer.wanted);
  fill_in(older.decision_price, newer.decision_price);
  fill_in(older.order_price, newer.order_price);
  older.traced |= newer.traced;
}

}  // namespace

std::string_view to_string(TradeOutcome outcome) noexcept {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}

std::optional<TradeOutcome> parse_trade_outcome(std::string_view word) noexcept {
  const auto at = std::find(kOutcomes.begin(), kOutcomes.end(), word);
  if (at == kOutcomes.end()) return std::nullopt;
  return static_cast<TradeOutcome>(at - kOutcomes.begin());
}

std::string_view to_string(TradeSide side) noexcept {
  return side == TradeSide::buy ? "BUY" : side == TradeSide::sell ? "SELL" : "";
}

std::int64_t TradeOrder::filled_qty() const noexcept {
  const std::int64_t told = std::max(filled, fills_qty);
  return told == 0 && state == OrderState::filled ? qty.value_or(0) : told;
}

std::optional<double> TradeOrder::fill_price() const noexcept {
  if (avg_price) return avg_price;
  if (fills_qty > 0) return fills_value / static_cast<double>(fills_qty);
  return last_price;
}

void TradeSum::add(std::optional<double> part) noexcept {
  seen = true;
  incomplete |= !part.has_value();
  sum = on_grid(sum + part.value_or(0));
}

void TradeSum::add(const TradeSum& other) noexcept {
  seen |= other.seen;
  incomplete |= other.incomplete;
  sum = on_grid(sum + other.sum);
}

void settle(TradeOrder& order, OrderState state, std::int64_t at_ns, bool surprise) {
  const bool all_filled = order.state == OrderState::filled && order.qty &&
                          std::max(order.filled, order.fills_qty) >= *order.qty;
  const bool later = at_ns >= order.state_ns;
  bool moves = later;
  if (is_final(order.state)) {
    moves = later && !all_filled && (is_final(state) || surprise);
  } else if (is_final(state)) {
    moves = true;
  }
  if (!moves) return;
  order.state = state;
  order.state_ns = at_ns;
  order.surprise = surprise;
}

void merge(TradeSummary& older, const TradeSummary& newer) {
  if (newer.first_id == older.first_id) {
    if (newer.events >= older.events) older = TradeSummary(newer);
    return;
  }
  if (newer.traced && older.traced && is_complete(older)) {
    older = TradeSummary(newer);
    return;
  }
  merge_names(older, newer);
  merge_decision(older, newer);
  take_earlier(older.decided, newer.decided);
  take_earlier(older.sent, newer.sent);
  take_earlier(older.acked, newer.acked);
  take_earlier(older.first_fill_ns, newer.first_fill_ns);
  take_later(older.last_fill_ns, newer.last_fill_ns);
  merge_orders(older, newer);
  merge_positions(older, newer);
  older.last_id = newer.last_id;
  older.last_seq = newer.last_seq;
  older.first_ns = std::min(older.first_ns, newer.first_ns);
  older.last_ns = std::max(older.last_ns, newer.last_ns);
  older.events += newer.events;
  older.truncated |= newer.truncated;
}

}  // namespace tapedeck
