// What ExecutionEngine sends: orders, their modifications and cancellations.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "execution/engine_impl.hpp"
#include "execution/order_rules.hpp"
#include "execution/order_slicer.hpp"

namespace tapedeck::execution {
namespace {

using strategy::OrderIntent;
using strategy::RiskRefusal;

constexpr std::size_t kTagSize = 20;

/// What a broker's tag can hold of a text: 20 alphanumerics.
std::string tag_of(std::string_view text) {
  std::string tag;
  for (const char c : text) {
    const bool alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alphanumeric && tag.size() < kTagSize) tag += c;
  }
  return tag;
}

bool can_be_modified(OrderStatus status) {
  return can_follow(status, OrderStatus::modify_pending);
}

}  // namespace

void ExecutionEngine::Impl::set_now(Timestamp now) {
  now_ = std::max(now_, now);
  const market::IstDate date = market::ist_date(now_);
  if (date != today_) roll_day(date);
}

// --- sending ---

OrderRequest ExecutionEngine::Impl::request_of(const OrderIntent& intent,
                                               const market::InstrumentInfo* instrument) const {
  OrderRequest request;
  request.instrument.symbol = intent.order_symbol;
  request.instrument.exchange = intent.order_exchange;
  if (instrument != nullptr) request.instrument = *instrument;
  request.side = intent.side;
  request.qty = intent.qty;
  request.type = intent.type;
  request.limit_price = intent.limit_price;
  request.trigger_price = intent.trigger_price;
  request.validity = intent.validity;
  request.market_protection_pct = intent.market_protection_pct;
  request.product = intent.product;
  request.tag = tag_of(intent.correlation_id);
  request.algo_id = intent.algo_id;
  request.last_price = prices_.last(request.instrument.exchange, request.instrument.symbol);
  return request;
}

Order& ExecutionEngine::Impl::add_order(const OrderIntent& intent, OrderRequest request) {
  request.order_id = broker_->new_order_id(now_);
  save("last_order_id", request.order_id);
  Order& order = orders_.add(request.order_id);
  order.intent = intent;
  order.request = std::move(request);
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.at = now_;
  update.status = OrderStatus::created;
  update.reason = order.intent.reason;
  publish_order(order, update);
  return order;
}

std::string ExecutionEngine::Impl::submit(const OrderIntent& intent, Timestamp now, double fee) {
  set_now(now);
  const auto refusal = refusal_of(intent, now_);
  const market::InstrumentInfo* instrument =
      instruments_.find(intent.order_exchange, intent.order_symbol);
  Order& order = add_order(intent, request_of(intent, instrument));
  order.square_off_fee = fee;
  const std::string id = order.request.order_id;
  if (refusal) {
    refuse(order, *refusal);
    return id;
  }
  const auto slices = slices_of(intent.qty, order.request.instrument, options_.limits.max_slices);
  if (slices.size() == 1) {
    send(order);
  } else {
    send_slices(order, slices);
  }
  return id;
}

void ExecutionEngine::Impl::refuse(Order& order, const RiskRefusal& refusal) {
  ++counts_.orders;
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.at = now_;
  update.status = OrderStatus::rejected;
  update.reason = refusal.reason;
  update.reject_code = refusal.code;
  apply(order, update, false);
}

void ExecutionEngine::Impl::send(Order& order) {
  ++counts_.orders;
  rate_.note(1, now_);
  order.sent_at = now_;
  BrokerUpdate update;
  update.order_id = order.request.order_id;
  update.at = now_;
  update.status = OrderStatus::submitted;
  apply(order, update, false);
  expect_answer(order);
  const OrderRequest request = order.request;
  std::string problem;
  try {
    broker_->submit(request, now_);
    return;
  } catch (const std::exception& error) {
    problem = error.what();
  }
  // It may have gone out all the same: it is asked for, never sent again.
  if (order.status != OrderStatus::submitted) return;
  update.status = OrderStatus::unknown;
  update.reason = problem;
  apply(order, update, false);
}

void ExecutionEngine::Impl::send_slices(Order& parent, const std::vector<std::int64_t>& slices) {
  parent.sent_at = now_;
  std::vector<Order*> children;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    OrderRequest request = parent.request;
    request.qty = slices[i];
    request.parent_order_id = parent.request.order_id;
    request.slice_no = static_cast<std::int64_t>(i) + 1;
    request.slice_count = static_cast<std::int64_t>(slices.size());
    Order& child = add_order(parent.intent, std::move(request));
    child.square_off_fee = parent.square_off_fee;
    parent.children.push_back(child.request.order_id);
    children.push_back(&child);
  }
  BrokerUpdate update;
  update.order_id = parent.request.order_id;
  update.at = now_;
  update.status = OrderStatus::submitted;
  apply(parent, update, false);
  for (Order* child : children) {
    if (child->status == OrderStatus::created) send(*child);
  }
}

std::optional<RiskRefusal> ExecutionEngine::Impl::refusal_of(const OrderIntent& intent,
                                                             Timestamp now) const {
  const market::InstrumentInfo* instrument =
      instruments_.find(intent.order_exchange, intent.order_symbol);
  OrderGate::Question question{.intent = intent, .instrument = instrument, .now = now};
  question.killed = killed_;
  question.live = broker_->is_live();
  if (instrument != nullptr) {
    question.last_price = prices_.last(instrument->exchange, instrument->symbol);
    question.margin_available = margin_available();
    question.being_closed = closings_.contains(
        {instrument->exchange, instrument->symbol, intent.product, intent.strategy});
  }
  return gate_.refusal_of(question);
}

// --- modifying ---

std::optional<RiskRefusal> ExecutionEngine::Impl::refused_request(std::string_view code,
                                                                  std::string reason) {
  ++counts_.refused_requests;
  return RiskRefusal{code, std::move(reason)};
}

/// Why an order may not become what is wanted.
std::optional<RiskRefusal> ExecutionEngine::Impl::change_refusal(const Order& order,
                                                                 const OrderRequest& wanted) const {
  const RateLimits limits = rate_.in_force(today_);
  if (limits.modifications_per_order > 0 && order.modifications >= limits.modifications_per_order) {
    return RiskRefusal{"too_many_modifications",
                       fmt::format("an order takes {} modifications", order.modifications)};
  }
  if (rate_.free_at(1, now_) > now_) {
    return RiskRefusal{"rate_limit", "the broker takes no more orders and modifications now"};
  }
  const std::int64_t freeze = wanted.instrument.freeze_qty;
  if (wanted.qty <= order.filled || (freeze > 0 && wanted.qty > freeze)) {
    return RiskRefusal{"bad_quantity",
                       fmt::format("{} units: {} are filled and the freeze quantity is {}",
                                   wanted.qty, order.filled, freeze)};
  }
  const double last = prices_.last(wanted.instrument.exchange, wanted.instrument.symbol);
  if (auto refusal = gate_.price_refusal(wanted, last)) return refusal;
  if (wanted.qty <= order.request.qty) return std::nullopt;
  OrderIntent more = order.intent;  // what is added must pass like an order of its own
  more.qty = wanted.qty - order.request.qty;
  more.limit_price = wanted.limit_price;
  more.trigger_price = wanted.trigger_price;
  return refusal_of(more, now_);
}

std::optional<RiskRefusal> ExecutionEngine::Impl::modify(std::string_view order_id,
                                                         const OrderChanges& changes,
                                                         Timestamp now) {
  set_now(now);
  Order* order = orders_.find(order_id);
  if (order == nullptr) {
    return refused_request("unknown_order", fmt::format("there is no order '{}'", order_id));
  }
  if (order->is_parent() && !is_final(order->status)) return modify_slices(*order, changes, now);
  if (!can_be_modified(order->status)) {
    return refused_request("not_at_work", fmt::format("the order is {} and takes no modification",
                                                      to_string(order->status)));
  }
  OrderRequest wanted = order->request;
  wanted.qty = changes.qty.value_or(wanted.qty);
  wanted.limit_price = changes.limit_price.value_or(wanted.limit_price);
  wanted.trigger_price = changes.trigger_price.value_or(wanted.trigger_price);
  if (auto refusal = change_refusal(*order, wanted)) {
    return refused_request(refusal->code, std::move(refusal->reason));
  }
  ++order->modifications;
  rate_.note(1, now_);
  order->wanted = wanted;
  BrokerUpdate update;
  update.order_id = order->request.order_id;
  update.at = now_;
  update.status = OrderStatus::modify_pending;
  apply(*order, update, false);
  expect_answer(*order);
  broker_->modify(wanted, now_);
  return std::nullopt;
}

std::optional<RiskRefusal> ExecutionEngine::Impl::modify_slices(const Order& parent,
                                                                const OrderChanges& changes,
                                                                Timestamp now) {
  if (changes.qty) {
    return refused_request("bad_quantity", "the quantity of a sliced order cannot be changed");
  }
  std::optional<RiskRefusal> first;
  const std::vector<std::string> children = parent.children;
  for (const std::string& id : children) {
    const Order* child = orders_.find(id);
    if (child == nullptr || is_final(child->status)) continue;
    auto refusal = modify(id, changes, now);
    if (refusal && !first) first = std::move(refusal);
  }
  return first;
}

// --- cancelling ---

std::optional<RiskRefusal> ExecutionEngine::Impl::cancel(std::string_view order_id, Timestamp now,
                                                         std::string_view reason) {
  set_now(now);
  Order* order = orders_.find(order_id);
  if (order == nullptr) {
    return refused_request("unknown_order", fmt::format("there is no order '{}'", order_id));
  }
  if (is_final(order->status)) {
    return refused_request("not_at_work",
                           fmt::format("the order is {} already", to_string(order->status)));
  }
  if (!order->is_parent()) {
    ask_to_cancel(*order, reason);
    return std::nullopt;
  }
  const std::vector<std::string> children = order->children;
  for (const std::string& id : children) {
    Order* child = orders_.find(id);
    if (child != nullptr && !is_final(child->status)) ask_to_cancel(*child, reason);
  }
  return std::nullopt;
}

void ExecutionEngine::Impl::ask_to_cancel(Order& order, std::string_view reason) {
  order.cancel_wanted = true;
  const std::string id = order.request.order_id;
  BrokerUpdate update;
  update.order_id = id;
  update.at = now_;
  update.reason = reason;
  if (order.status == OrderStatus::created) {  // a slice whose turn has not come
    update.status = OrderStatus::cancelled;
    apply(order, update, false);
    return;
  }
  // What is not known is cancelled again as soon as it is: see note_status.
  if (order.status != OrderStatus::unknown && order.status != OrderStatus::cancel_pending) {
    update.status = OrderStatus::cancel_pending;
    apply(order, update, false);
    expect_answer(order);
  }
  if (!broker_->cancel(id, now_)) broker_->request_status(id, now_);
}

std::size_t ExecutionEngine::Impl::cancel_all(Timestamp now, std::string_view reason) {
  set_now(now);
  std::vector<std::string> ids;
  for (const auto& [id, order] : orders_.working()) {
    if (!order.is_parent()) ids.push_back(id);
  }
  for (const std::string& id : ids) {
    Order* order = orders_.find(id);
    if (order != nullptr && !is_final(order->status)) ask_to_cancel(*order, reason);
  }
  return ids.size();
}

}  // namespace tapedeck::execution
