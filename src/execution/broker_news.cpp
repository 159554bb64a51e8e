// What ExecutionEngine makes of the broker's news: states, fills, positions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "execution/engine_impl.hpp"
#include "execution/order_rules.hpp"
#include "execution/order_slicer.hpp"

namespace tapedeck::execution {
namespace {

using strategy::OrderNews;

constexpr std::int64_t kMaxUnitsOfFill = 1'000'000'000'000;

/// States whose answer the engine waits for.
bool waits_for_answer(OrderStatus status) {
  return status == OrderStatus::submitted || status == OrderStatus::modify_pending ||
         status == OrderStatus::cancel_pending || status == OrderStatus::unknown;
}

bool is_sent_state(OrderStatus status) {
  return status == OrderStatus::created || status == OrderStatus::submitted;
}

}  // namespace

void ExecutionEngine::Impl::surprised() {
  ++troubles_;
  set_state(market::EngineState::degraded);
}

void ExecutionEngine::Impl::on_broker_update(const BrokerUpdate& update) {
  set_now(update.at);
  Order* order = orders_.find(update.order_id);
  if (order == nullptr || order->is_parent()) {
    ++(broker_->is_live() ? counts_.surprises : counts_.refused_transitions);
    surprised();
    return;
  }
  if (update.not_found) {
    not_found(*order, update);
  } else {
    take_news(*order, update);
  }
}

void ExecutionEngine::Impl::take_news(Order& order, BrokerUpdate update) {
  if (!update.exchange_order_id.empty()) order.exchange_order_id = update.exchange_order_id;
  if (update.exchange_at) order.exchange_at = update.exchange_at;
  if (update.fill_qty != 0 && !take_fill(order, update)) update.fill_qty = 0;
  if (take_missed_fill(order, update)) return;
  take_status(order, update);
}

/// @return whether there is something to book: a sound fill that is not known yet
bool ExecutionEngine::Impl::take_fill(Order& order, BrokerUpdate& update) {
  const bool sound = update.fill_qty > 0 && update.fill_qty <= kMaxUnitsOfFill &&
                     is_price(update.fill_price) && !update.fill_id.empty();
  if (!sound) {
    ++counts_.surprises;
    surprised();
    return false;
  }
  if (!order.fill_ids.emplace(update.fill_id).second) {
    ++counts_.duplicate_updates;
    return false;
  }
  const std::int64_t known = std::min(order.reconciled, update.fill_qty);
  order.reconciled -= known;
  update.fill_qty -= known;
  if (update.fill_qty > 0) return true;
  ++counts_.duplicate_updates;
  return false;
}

/// Books what the broker's total has and its single fills do not.
/// @return whether the update is dealt with
bool ExecutionEngine::Impl::take_missed_fill(Order& order, const BrokerUpdate& update) {
  if (!update.filled_qty) return false;
  const std::int64_t missed = *update.filled_qty - order.filled - update.fill_qty;
  if (missed <= 0 || *update.filled_qty > kMaxUnitsOfFill || !is_price(update.avg_price)) {
    return false;
  }
  const Money known = order.turnover + to_money(update.fill_price) * update.fill_qty;
  const double price =
      to_rupees(divide(to_money(update.avg_price) * *update.filled_qty - known, missed));
  const std::string fill_id =
      fmt::format("{}-R{}", order.request.order_id, order.fill_ids.size() + 1);
  BrokerUpdate found = update;
  found.fill_qty = missed;
  found.fill_price = is_price(price) ? price : update.avg_price;
  found.fill_id = fill_id;
  found.filled_qty.reset();
  if (found.reason.empty()) found.reason = "from the broker's total; its own news had not come";
  order.fill_ids.insert(fill_id);
  order.reconciled += missed;
  const bool alone = update.fill_qty == 0;
  if (!alone) found.status = OrderStatus::partially_filled;
  take_status(order, found);
  return alone;
}

/// What a fill makes of the status, whatever word came with it.
OrderStatus ExecutionEngine::Impl::status_with_fill(const Order& order,
                                                    const BrokerUpdate& update) const {
  if (order.filled + update.fill_qty >= order.request.qty) return OrderStatus::filled;
  if (is_final(update.status)) return update.status;
  return is_final(order.status) ? order.status : OrderStatus::partially_filled;
}

/// Whether a live broker says nothing that is not known, or something that is over.
bool ExecutionEngine::Impl::is_old_news(const Order& order, const BrokerUpdate& update) const {
  if (!broker_->is_live() || update.fill_qty > 0) return false;
  const bool late_ack = update.status == OrderStatus::acknowledged &&
                        order.status != OrderStatus::submitted &&
                        order.status != OrderStatus::unknown;
  const bool older = !can_follow(order.status, update.status) && update.at < order.updated_at;
  return late_ack || is_sent_state(update.status) || update.status == order.status || older;
}

void ExecutionEngine::Impl::take_status(Order& order, BrokerUpdate update) {
  const bool fills = update.fill_qty > 0;
  if (is_old_news(order, update)) {
    ++counts_.duplicate_updates;
    // An acknowledgement that comes late moves nothing back; it only tells when.
    if (update.status == OrderStatus::acknowledged && !order.acked_at) order.acked_at = update.at;
    return;
  }
  if (fills) update.status = status_with_fill(order, update);
  const std::int64_t filled = order.filled + update.fill_qty;
  const bool lacks_fills = update.status == OrderStatus::filled && filled < order.request.qty;
  const bool surprise =
      !can_follow(order.status, update.status) || lacks_fills || filled > order.request.qty;
  if (surprise && !broker_->is_live()) {
    ++counts_.refused_transitions;
    surprised();
    return;
  }
  if (surprise) {
    ++counts_.surprises;
    surprised();
  }
  apply(order, update, surprise);
  if (lacks_fills) broker_->request_status(order.request.order_id, now_);
}

void ExecutionEngine::Impl::apply(Order& order, const BrokerUpdate& update, bool surprise) {
  const OrderStatus before = order.status;
  order.status = update.status;
  order.updated_at = std::max(order.updated_at, update.at);
  note_status(order, before, update);
  const Order* const parent =
      order.is_child() ? orders_.find(order.request.parent_order_id) : nullptr;
  if (update.fill_qty > 0) {
    book_fill(order, update, surprise);
  } else {
    publish_order(order, update, surprise);
  }
  orders_.file(order);
  save_orders();
  if (has_trigger(order.request.type)) follow_stops(order.key(), update.at);
  const bool ends_without_fill = update.fill_qty == 0 && is_final(order.status);
  if (ends_without_fill && !order.is_child()) tell(order, update.at, std::nullopt);
  if (parent != nullptr) update_parent(order, update);
  const bool again = order.cancel_wanted && before == OrderStatus::unknown &&
                     !is_final(order.status) && order.status != OrderStatus::cancel_pending &&
                     order.status != OrderStatus::unknown;
  if (again) ask_to_cancel(order, "it was to be cancelled before its outcome was known");
}

void ExecutionEngine::Impl::note_status(Order& order, OrderStatus before,
                                        const BrokerUpdate& update) {
  const OrderStatus status = update.status;
  const bool fills_meanwhile =
      status == OrderStatus::partially_filled && (order.cancel_wanted || order.wanted);
  if (!waits_for_answer(status) && !fills_meanwhile) order.answer_due = Timestamp::max();
  if (status == OrderStatus::unknown) expect_answer(order);
  const bool refused_to_cancel =
      before == OrderStatus::cancel_pending &&
      (status == OrderStatus::open || status == OrderStatus::trigger_pending);
  if (refused_to_cancel) order.cancel_wanted = false;
  const bool answered = status != OrderStatus::rejected && status != OrderStatus::unknown;
  const bool was_on_its_way = before == OrderStatus::submitted || before == OrderStatus::unknown;
  if (answered && !is_sent_state(status) && was_on_its_way && !order.acked_at &&
      status != OrderStatus::cancel_pending && !order.is_parent()) {
    order.acked_at = update.at;
    if (order.sent_at) ack_latency_.add(update.at - *order.sent_at);
  }
  settle_modification(order, update);
  if (order.is_parent() || status == before) return;
  if (status == OrderStatus::rejected) ++counts_.rejects;
  if (status == OrderStatus::expired) ++counts_.expired;
  if (status == OrderStatus::cancelled) ++counts_.cancelled;
  if (status == OrderStatus::unknown) {
    ++counts_.unknown_outcomes;
    surprised();
  }
}

void ExecutionEngine::Impl::settle_modification(Order& order, const BrokerUpdate& update) {
  const bool back_at_work =
      update.status == OrderStatus::open || update.status == OrderStatus::trigger_pending;
  if (!order.wanted || (!back_at_work && !is_final(update.status))) return;
  const OrderRequest wanted = *std::exchange(order.wanted, std::nullopt);
  if (back_at_work && update.reject_code.empty()) order.request = wanted;
}

void ExecutionEngine::Impl::book_fill(Order& order, const BrokerUpdate& update, bool surprise) {
  ++counts_.fills;
  order.filled += update.fill_qty;
  order.turnover += to_money(update.fill_price) * update.fill_qty;
  order.filled_at = update.at;
  if (update.status == OrderStatus::filled) fill_latency_.add(update.at - order.intent.decided_at);
  const double before = order.charges.total();
  order.charges = charges_so_far(order, update.at);
  publish_order(order, update, surprise);
  move_position(order, update, order.charges.total() - before);
}

void ExecutionEngine::Impl::move_position(Order& order, const BrokerUpdate& update,
                                          double charges) {
  PositionBook::Fill fill;
  fill.key = order.key();
  fill.signed_qty = strategy::signed_qty(order.request.side, update.fill_qty);
  fill.price = update.fill_price;
  fill.charges = charges;
  fill.at = update.at;
  const Position* held = book_.find(fill.key);
  const std::int64_t size_before = held != nullptr ? held->size : 0;
  const auto outcome = book_.apply(fill, order.request.instrument);
  Position& position = *outcome.position;
  if (held == nullptr) {
    const auto at = book_.all().find(fill.key);
    prices_.slot(fill.key.exchange, fill.key.symbol).positions.push_back({&at->first, &position});
  }
  open_positions_ += (position.size != 0) - (size_before != 0);
  const bool opens = size_before == 0 || (size_before > 0) != (position.size > 0);
  if (opens && position.size != 0) {
    position.signal_exchange = order.intent.signal_exchange;
    position.signal_symbol = order.intent.signal_symbol;
    position.stop_watched = order.intent.stop_watched;
  }
  position.stop_qty = stop_qty_of(fill.key, position);
  position.round_trip_id = order.intent.round_trip_id;
  position.marked_at = update.at;
  position.marked_price = update.fill_price;
  position.last_fill = {order.request.order_id, std::string(update.fill_id), order.filled,
                        order.turnover};
  save_position(fill.key, position);
  publish_position(fill.key, position, update.at, &order.intent);
  tell(order, update.at, outcome.trade_pnl);
}

std::int64_t ExecutionEngine::Impl::stop_qty_of(const PositionKey& key,
                                                const Position& position) const {
  if (position.size == 0) return 0;
  return orders_.in_stops(key, position.size > 0 ? strategy::Side::sell : strategy::Side::buy);
}

/// A stop order has changed: a position that is protected more, or less, than was told is told.
void ExecutionEngine::Impl::follow_stops(const PositionKey& key, Timestamp at) {
  const auto held = book_.all().find(key);
  if (held == book_.all().end() || held->second.size == 0) return;
  Position& position = held->second;
  const std::int64_t told = position.protected_qty();
  position.stop_qty = stop_qty_of(key, position);
  if (position.protected_qty() != told) publish_position(key, position, at, nullptr);
}

/// A parent follows its children; only these move positions.
void ExecutionEngine::Impl::update_parent(const Order& child, const BrokerUpdate& update) {
  Order* parent = orders_.find(child.request.parent_order_id);
  if (parent == nullptr) return;
  std::vector<const Order*> children;
  std::int64_t filled = 0;
  Money turnover = 0;
  for (const std::string& id : parent->children) {
    const Order* slice = orders_.find(id);
    if (slice == nullptr) continue;
    children.push_back(slice);
    filled += slice->filled;
    turnover += slice->turnover;
    if (slice->acked_at && !parent->acked_at) parent->acked_at = slice->acked_at;
    if (slice->filled_at) parent->filled_at = std::max(parent->filled_at, slice->filled_at);
  }
  ParentState state = parent_state(children, parent->request.qty);
  const bool more = filled != parent->filled;
  const bool late = is_final(parent->status);  // a live broker told of a fill after the end
  if (late && filled < parent->request.qty) state.status = parent->status;
  const bool moves = late || can_follow(parent->status, state.status);
  if (!moves || (state.status == parent->status && !more)) return;
  parent->filled = filled;
  parent->turnover = turnover;
  BrokerUpdate told;
  told.order_id = parent->request.order_id;
  told.status = state.status;
  told.at = update.at;
  told.reason = state.reason;
  if (state.status == OrderStatus::rejected) told.reject_code = update.reject_code;
  apply(*parent, told, late);
}

void ExecutionEngine::Impl::tell(Order& order, Timestamp at, std::optional<double> trade_pnl) {
  const bool finishes = is_final(order.status) && !order.is_child() && !order.told_finished;
  if (finishes) order.told_finished = true;
  if (!news_) return;
  const PositionKey key = order.key();
  const Position* position = book_.find(key);
  const std::string id = order.is_child() ? order.request.parent_order_id : order.request.order_id;
  OrderNews news;
  news.strategy = order.intent.strategy;
  news.signal_exchange = order.intent.signal_exchange;
  news.signal_symbol = order.intent.signal_symbol;
  news.order_exchange = key.exchange;
  news.order_symbol = key.symbol;
  news.correlation_id = order.intent.correlation_id;
  news.at = at;
  news.finished = finishes;
  news.position_size = position != nullptr ? position->size : 0;
  news.trade_pnl = trade_pnl;
  news.order_id = id;
  news_(news);
}

}  // namespace tapedeck::execution
