#include "execution/order.hpp"

#include "execution/order_rules.hpp"

namespace tapedeck::execution {

Charges charges_so_far(const Order& order, Timestamp at) {
  return charges_of({.instrument = order.request.instrument,
                     .side = order.request.side,
                     .product = order.request.product,
                     .turnover = to_rupees(order.turnover),
                     .square_off_fee = order.square_off_fee},
                    market::ist_date(at));
}

namespace {

template <typename Orders>
auto* find_in(Orders& working, Orders& finished, std::string_view id) {
  const auto at = working.find(id);
  if (at != working.end()) return &at->second;
  const auto late = finished.find(id);
  return late != finished.end() ? &late->second : nullptr;
}

}  // namespace

Order* OrderTable::find(std::string_view id) {
  return find_in(working_, finished_, id);
}

const Order* OrderTable::find(std::string_view id) const {
  return find_in(working_, finished_, id);
}

void OrderTable::file(Order& order) {
  const bool ends = is_final(order.status);
  Orders& from = ends ? working_ : finished_;
  Orders& to = ends ? finished_ : working_;
  auto node = from.extract(order.request.order_id);
  if (node.empty()) return;
  if (ends) finished_ids_.push_back(node.key());
  to.insert(std::move(node));
}

void OrderTable::forget_finished(std::size_t keep) {
  while (finished_ids_.size() > keep) {
    finished_.erase(finished_ids_.front());
    finished_ids_.pop_front();
  }
}

std::int64_t OrderTable::open_orders() const noexcept {
  std::int64_t count = 0;
  for (const auto& [id, order] : working_) count += order.is_parent() ? 0 : 1;
  return count;
}

namespace {

bool works_in(const Order& order, const PositionKey& key, strategy::Side side) noexcept {
  const OrderRequest& request = order.request;
  return !order.is_parent() && request.side == side && request.instrument.symbol == key.symbol &&
         request.instrument.exchange == key.exchange && request.product == key.product &&
         order.intent.strategy == key.strategy;
}

/// Whether the broker has it and means to carry it out.
bool is_at_broker(OrderStatus status) noexcept {
  return status == OrderStatus::acknowledged || status == OrderStatus::open ||
         status == OrderStatus::trigger_pending || status == OrderStatus::modify_pending ||
         status == OrderStatus::partially_filled;
}

}  // namespace

std::int64_t OrderTable::pending(const PositionKey& key, strategy::Side side) const noexcept {
  std::int64_t units = 0;
  for (const auto& [id, order] : working_) {
    if (works_in(order, key, side)) units += order.remaining();
  }
  return units;
}

std::int64_t OrderTable::in_stops(const PositionKey& key, strategy::Side side) const noexcept {
  std::int64_t units = 0;
  for (const auto& [id, order] : working_) {
    if (!has_trigger(order.request.type) || !is_at_broker(order.status)) continue;
    if (works_in(order, key, side)) units += order.remaining();
  }
  return units;
}

}  // namespace tapedeck::execution
