#include "tapedeck/execution/paper_broker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace tapedeck::execution {
namespace {

using strategy::Side;

bool is_on_tick(double price, double tick) {
  const double ticks = price / tick;
  return std::abs(ticks - std::round(ticks)) < 1e-6;
}

double on_tick(double price, double tick) {
  const double rounded = std::round(price / tick) * tick;
  return std::round(rounded * 10000.0) / 10000.0;
}

std::string_view word_of(OrderStatus status) {
  switch (status) {
    case OrderStatus::acknowledged:
      return "PUT ORDER REQ RECEIVED";
    case OrderStatus::open:
    case OrderStatus::partially_filled:
      return "OPEN";
    case OrderStatus::filled:
      return "COMPLETE";
    case OrderStatus::rejected:
      return "REJECTED";
    case OrderStatus::cancel_pending:
      return "CANCEL PENDING";
    default:
      return "CANCELLED";
  }
}

}  // namespace

std::string PaperBroker::new_order_id(Timestamp now) {
  const market::IstDate date = market::ist_date(now);
  if (date != id_date_) {
    id_date_ = date;
    ids_ = 0;
  }
  return fmt::format("PAPER-{}-{:04}", market::format_compact_date(date), ++ids_);
}

PaperBroker::Refusal PaperBroker::refusal_of(const OrderRequest& request, Timestamp now) const {
  const market::InstrumentInfo& instrument = request.instrument;
  if (request.qty <= 0) {
    return {"bad_quantity", fmt::format("the quantity {} is not above zero", request.qty)};
  }
  if (!instrument.tradable && !instrument.stand_in) {
    return {"not_tradable", fmt::format("{} is an index and cannot be ordered; order its future",
                                        instrument.symbol)};
  }
  if (instrument.lot_size > 1 && request.qty % instrument.lot_size != 0) {
    return {"lot_size", fmt::format("the quantity {} is no multiple of the lot size {}",
                                    request.qty, instrument.lot_size)};
  }
  if (request.type == OrderType::limit &&
      (request.limit_price <= 0 || !is_on_tick(request.limit_price, instrument.tick_size))) {
    return {"tick_size", fmt::format("the price {} is no multiple of the tick size {}",
                                     request.limit_price, instrument.tick_size)};
  }
  if (!calendar_.continuous_at(instrument.group, now)) {
    return {"market_closed", fmt::format("{} is not in continuous trading", instrument.symbol)};
  }
  return {};
}

void PaperBroker::tell(const Order& order, OrderStatus status, Timestamp at,
                       std::string_view reason, std::string_view reject_code) {
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.status = status;
  update.at = at;
  update.broker_status = word_of(status);
  update.reason = reason;
  update.reject_code = reject_code;
  listener_->on_broker_update(update);
}

void PaperBroker::submit(const OrderRequest& request, Timestamp now) {
  Order order;
  order.request = request;
  order.ack_at = now + options_.ack_latency;
  order.remaining = request.qty;
  if (const Refusal refusal = refusal_of(request, now); !refusal.code.empty()) {
    tell(order, OrderStatus::rejected, now, refusal.reason, refusal.code);
    return;
  }
  // A price stamped with the very end of the session still counts.
  order.expires_at =
      calendar_.continuous_at(request.instrument.group, now)->end + std::chrono::nanoseconds{1};
  orders_.emplace(request.order_id, std::move(order));
}

bool PaperBroker::cancel(std::string_view order_id, Timestamp now) {
  const auto at = orders_.find(order_id);
  if (at == orders_.end()) return false;
  const Order order = std::move(at->second);
  orders_.erase(at);
  if (order.acknowledged) tell(order, OrderStatus::cancel_pending, now);
  tell(order, OrderStatus::cancelled, now);
  return true;
}

bool PaperBroker::fill(Order& order, const PriceUpdate& price) {
  const bool buys = order.request.side == Side::buy;
  double at = price.price;
  if (order.request.type == OrderType::limit) {
    const double limit = order.request.limit_price;
    if (buys ? at > limit : at < limit) return false;
    at = limit;
  } else {
    const double tick = order.request.instrument.tick_size;
    at = std::max(on_tick(at + (buys ? 1 : -1) * options_.slippage_ticks * tick, tick), tick);
  }
  const std::int64_t qty =
      options_.fill_limit > 0 ? std::min(order.remaining, options_.fill_limit) : order.remaining;
  order.remaining -= qty;
  const std::string fill_id = fmt::format("{}-F{}", order.request.order_id, ++order.fills);
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.status = order.remaining == 0 ? OrderStatus::filled : OrderStatus::partially_filled;
  update.at = price.at;
  update.broker_status = word_of(update.status);
  update.fill_qty = qty;
  update.fill_price = at;
  update.fill_id = fill_id;
  listener_->on_broker_update(update);
  return order.remaining == 0;
}

void PaperBroker::on_price(const PriceUpdate& price) {
  if (orders_.empty()) return;
  // A fill may bring a new order of the listener: walk over ids, not over the map.
  std::vector<std::string> waiting;
  for (const auto& [id, order] : orders_) {
    if (order.acknowledged && order.request.instrument.symbol == price.symbol &&
        order.ack_at <= price.at) {
      waiting.push_back(id);
    }
  }
  for (const std::string& id : waiting) {
    const auto at = orders_.find(id);
    if (at != orders_.end() && fill(at->second, price)) orders_.erase(id);
  }
}

Timestamp PaperBroker::next_due() const {
  Timestamp due = Timestamp::max();
  for (const auto& [id, order] : orders_) {
    due = std::min(
        due, order.acknowledged ? order.expires_at : std::min(order.ack_at, order.expires_at));
  }
  return due;
}

void PaperBroker::advance_to(Timestamp now) {
  std::vector<std::string> due;
  for (const auto& [id, order] : orders_) {
    if (order.expires_at <= now || (!order.acknowledged && order.ack_at <= now)) due.push_back(id);
  }
  for (const std::string& id : due) {
    const auto at = orders_.find(id);
    if (at == orders_.end()) continue;
    Order& order = at->second;
    if (!order.acknowledged && order.ack_at <= now) {
      order.acknowledged = true;
      tell(order, OrderStatus::acknowledged, order.ack_at);
      tell(order, OrderStatus::open, order.ack_at);
    }
    if (order.expires_at > now) continue;
    const Order expired = std::move(order);
    orders_.erase(at);
    tell(expired, OrderStatus::expired, expired.expires_at, "the session ended");
  }
}

}  // namespace tapedeck::execution
