#include "tapedeck/execution/execution_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tapedeck::execution {

using market::EngineState;
using market::InstrumentInfo;

void ExecutionEngine::Latency::add(std::chrono::nanoseconds t) noexcept {
  ++count;
  last_ms = static_cast<double>(t.count()) / 1e6;
  sum_ms += last_ms;
}

ExecutionEngine::ExecutionEngine(market::EnginePublisher publisher,
                                 const market::InstrumentTable& instruments,
                                 std::unique_ptr<Broker> broker, ExecutionOptions options,
                                 NewsSink news)
    : publisher_(publisher),
      instruments_(instruments),
      broker_(std::move(broker)),
      options_(options),
      news_(std::move(news)),
      heartbeat_(options.health_every) {
  broker_->set_listener(this);
}

// --- orders ---

void ExecutionEngine::submit(const strategy::OrderIntent& intent, Timestamp now) {
  now_ = std::max(now_, now);
  ++counts_.orders;
  const std::string id = broker_->new_order_id(now_);
  Order& order = orders_[id];
  order.intent = intent;
  order.request.order_id = id;
  order.request.side = intent.side;
  order.request.qty = intent.qty;
  order.request.product = intent.product;
  order.request.tag = intent.correlation_id;
  order.request.instrument.symbol = intent.order_symbol;
  const InstrumentInfo* instrument = instruments_.find(intent.order_exchange, intent.order_symbol);
  if (instrument != nullptr) order.request.instrument = *instrument;

  BrokerUpdate update;
  update.order_id = id;
  update.at = now_;
  update.status = OrderStatus::created;
  update.reason = order.intent.reason;
  publish_order(order, update);
  update.reason = {};

  const std::string problem = instrument == nullptr
                                  ? fmt::format("there is no instrument '{}'", intent.order_symbol)
                                  : margin_problem(order);
  if (!problem.empty()) {
    update.status = OrderStatus::rejected;
    update.reason = problem;
    update.reject_code = instrument == nullptr ? "unknown_symbol" : "insufficient_margin";
    on_broker_update(update);
    return;
  }
  order.sent_at = now_;
  update.status = OrderStatus::submitted;
  on_broker_update(update);
  const OrderRequest request = order.request;
  broker_->submit(request, now_);
}

double ExecutionEngine::margin_of(const InstrumentInfo& instrument, double value) const noexcept {
  const bool derivative = instrument.is_derivative() || instrument.stand_in;
  return std::abs(value) *
         (derivative ? options_.margin_rate_derivatives : options_.margin_rate_equity);
}

double ExecutionEngine::margin_used() const noexcept {
  double used = 0;
  for (const auto& [key, position] : book_.all()) {
    used +=
        margin_of(position.instrument, static_cast<double>(position.size) * position.last_price);
  }
  return used;
}

std::string ExecutionEngine::margin_problem(const Order& order) const {
  if (order.intent.is_exit) return {};
  const double value = static_cast<double>(order.request.qty) * order.intent.reference_price;
  const double wanted = margin_of(order.request.instrument, value);
  const double free = options_.capital - margin_used();
  if (wanted <= free) return {};
  return fmt::format("the margin of {:.0f} is more than the {:.0f} that is free", wanted, free);
}

void ExecutionEngine::on_broker_update(const BrokerUpdate& update) {
  now_ = std::max(now_, update.at);
  const auto at = orders_.find(update.order_id);
  if (at == orders_.end() || !can_follow(at->second.status, update.status)) {
    ++counts_.refused_transitions;
    heartbeat_.change(EngineState::degraded);
    return;
  }
  move_on(at->second, update);
  if (is_final(update.status)) orders_.erase(at);
}

void ExecutionEngine::move_on(Order& order, const BrokerUpdate& update) {
  order.status = update.status;
  switch (update.status) {
    case OrderStatus::acknowledged:
      order.acked_at = update.at;
      if (order.sent_at) ack_latency_.add(update.at - *order.sent_at);
      break;
    case OrderStatus::rejected:
      ++counts_.rejects;
      break;
    case OrderStatus::expired:
      ++counts_.expired;
      break;
    default:
      break;
  }
  if (update.fill_qty > 0) {
    book_fill(order, update);
    return;
  }
  publish_order(order, update);
  if (is_final(update.status)) tell(order, update.at, std::nullopt);
}

void ExecutionEngine::book_fill(Order& order, const BrokerUpdate& update) {
  ++counts_.fills;
  order.filled += update.fill_qty;
  order.turnover += static_cast<double>(update.fill_qty) * update.fill_price;
  order.filled_at = update.at;
  if (update.status == OrderStatus::filled) fill_latency_.add(update.at - order.intent.decided_at);
  order.charges = charges_of(order.request.instrument, order.request.side, order.turnover,
                             market::ist_date(update.at));
  const double charged =
      order.charges.total() - std::exchange(order.charged, order.charges.total());
  publish_order(order, update);

  PositionBook::Fill fill;
  fill.key = {order.intent.order_symbol, order.intent.strategy, order.intent.product};
  fill.signed_qty = strategy::signed_qty(order.request.side, update.fill_qty);
  fill.price = update.fill_price;
  fill.charges = charged;
  fill.at = update.at;
  const auto outcome = book_.apply(fill, order.request.instrument);
  outcome.position->round_trip_id = order.intent.round_trip_id;
  outcome.position->marked_at = update.at;
  outcome.position->marked_price = update.fill_price;
  publish_position(fill.key, *outcome.position, update.at, order.intent.correlation_id);
  tell(order, update.at, outcome.trade_pnl);
}

void ExecutionEngine::tell(const Order& order, Timestamp at, std::optional<double> trade_pnl) {
  if (!news_) return;
  const Position* position =
      book_.find({order.intent.order_symbol, order.intent.strategy, order.intent.product});
  strategy::OrderNews news;
  news.strategy = order.intent.strategy;
  news.signal_symbol = order.intent.signal_symbol;
  news.at = at;
  news.finished = is_final(order.status);
  news.position_size = position != nullptr ? position->size : 0;
  news.trade_pnl = trade_pnl;
  news_(news);
}

// --- prices ---

void ExecutionEngine::on_price(const PriceUpdate& price) {
  now_ = std::max(now_, price.at);
  broker_->on_price(price);
  auto& positions = book_.all();
  PositionKey first{std::string(price.symbol), {}, {}};
  for (auto at = positions.lower_bound(first);
       at != positions.end() && at->first.symbol == price.symbol; ++at) {
    Position& position = at->second;
    begin_day(position, market::ist_date(price.at));
    if (position.size == 0) continue;
    position.last_price = price.price;
    if (price.price == position.marked_price) continue;
    if (price.at - position.marked_at < options_.mark_every) continue;
    position.marked_at = price.at;
    position.marked_price = price.price;
    publish_position(at->first, position, price.at, {});
  }
}

strategy::Pnl ExecutionEngine::pnl(std::string_view strategy) const {
  strategy::Pnl total;
  for (const auto& [key, position] : book_.all()) {
    if (!strategy.empty() && key.strategy != strategy) continue;
    total.realized += position.realized;
    total.unrealized += position.unrealized();
    total.charges += position.charges;
    total.margin_used +=
        margin_of(position.instrument, static_cast<double>(position.size) * position.last_price);
    if (position.size != 0) ++total.open_positions;
  }
  total.margin_available = options_.capital - margin_used();
  return total;
}

// --- the clock ---

void ExecutionEngine::start(Timestamp now) {
  now_ = now;
  heartbeat_.start(now);
  publish_health(now);
  heartbeat_.change(EngineState::active);
  publish_health(now);
}

Timestamp ExecutionEngine::next_due() const {
  return std::min(heartbeat_.next_due(), broker_->next_due());
}

void ExecutionEngine::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    now_ = std::max(now_, due);
    broker_->advance_to(due);
    if (heartbeat_.next_due() > due) continue;
    const bool surprised = counts_.refused_transitions != refused_at_last_beat_;
    refused_at_last_beat_ = counts_.refused_transitions;
    heartbeat_.change(surprised ? EngineState::degraded : EngineState::active);
    publish_health(due);
    heartbeat_.beat();
  }
  now_ = std::max(now_, now);
}

void ExecutionEngine::skip_to(Timestamp now) {
  now_ = std::max(now_, now);
  broker_->advance_to(now);
  heartbeat_.skip_to(now);
}

void ExecutionEngine::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::error)) publish_health(now_, reason);
}

void ExecutionEngine::stop(Timestamp now) {
  now_ = std::max(now_, now);
  while (!orders_.empty()) {
    const std::string id = orders_.begin()->first;
    if (!broker_->cancel(id, now_)) orders_.erase(id);
  }
  if (heartbeat_.change(EngineState::stopped)) publish_health(now_);
}

}  // namespace tapedeck::execution
