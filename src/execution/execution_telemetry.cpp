// What ExecutionEngine tells: how its events are put together.
#include <array>
#include <chrono>
#include <ratio>

#include "execution/engine_impl.hpp"
#include "execution/order_rules.hpp"
#include "tapedeck/market/state_store.hpp"

namespace tapedeck::execution {
namespace {

/// Of those that are named beside the count.
constexpr std::int64_t kListedSymbols = 10;

Map as_map(const Charges& charges) {
  Map map{{"brokerage", charges.brokerage}, {"stt", charges.stt},
          {"exchange", charges.exchange},   {"sebi", charges.sebi},
          {"stamp", charges.stamp},         {"gst", charges.gst}};
  if (charges.auto_square_off > 0) map.set("auto_square_off", charges.auto_square_off);
  map.set("total", strategy::to_paise(charges.total()));
  return map;
}

/// What the order was, or is, to be traded at.
double price_of(const Order& order) {
  if (order.filled > 0) return order.avg_price();
  if (has_limit(order.request.type)) return order.request.limit_price;
  return has_trigger(order.request.type) ? order.request.trigger_price
                                         : order.intent.reference_price;
}

void set_figures(OrderEvent& event, const Order& order, const BrokerUpdate& update) {
  const OrderRequest& request = order.request;
  event.qty = request.qty;
  event.price = price_of(order);
  event.filled_qty = order.filled;
  event.remaining_qty = order.remaining();
  if (order.filled > 0) event.avg_price = order.avg_price();
  if (update.fill_qty > 0) {
    event.fill_id = update.fill_id;
    event.fill_qty = update.fill_qty;
    event.fill_price = update.fill_price;
    event.charges = as_map(order.charges);
  }
  if (has_trigger(request.type)) event.trigger_price = request.trigger_price;
  if (!has_limit(request.type) && request.market_protection_pct != 0) {
    event.market_protection_pct = request.market_protection_pct;
  }
}

void set_family(OrderEvent& event, const Order& order) {
  const OrderRequest& request = order.request;
  event.parent_order_id = request.parent_order_id;
  if (request.slice_no > 0) event.slice_no = request.slice_no;
  if (request.slice_count > 0) event.slice_count = request.slice_count;
  if (order.is_parent()) event.slice_count = static_cast<std::int64_t>(order.children.size());
  event.basket_id = order.intent.basket_id;
  event.tag = request.tag;
  event.algo_id = request.algo_id;
  event.correlation_id = order.intent.correlation_id;
  event.round_trip_id = order.intent.round_trip_id;
}

}  // namespace

void ExecutionEngine::Impl::publish_order(const Order& order, const BrokerUpdate& update,
                                          bool surprise) {
  const OrderRequest& request = order.request;
  const auto fields = request.instrument.event_fields();
  OrderEvent event;
  event.order_id = request.order_id;
  event.symbol = request.instrument.symbol;
  event.side = strategy::to_string(request.side);
  event.status = to_string(update.status);
  set_figures(event, order, update);
  event.strategy = order.intent.strategy;
  event.order_type = to_string(request.type);
  event.product = request.product;
  event.variety = "regular";
  event.validity = to_string(request.validity);
  event.reason = update.reason;
  event.reject_code = update.reject_code;
  event.broker = broker_->name();
  event.broker_status = update.broker_status;
  event.exchange_order_id = order.exchange_order_id;
  set_family(event, order);
  event.decided_at = order.intent.decided_at;
  event.sent_at = order.sent_at;
  event.acked_at = order.acked_at;
  event.exchange_at = order.exchange_at;
  event.filled_at = order.filled_at;
  event.instrument = &fields;
  if (request.instrument.stand_in) event.extra.set("stand_in", true);
  if (surprise) event.extra.set("surprise", true);
  publisher_.publish(event, update.at);
}

void ExecutionEngine::Impl::publish_position(const PositionKey& key, const Position& position,
                                             Timestamp at, const strategy::OrderIntent* intent) {
  const auto fields = position.instrument.event_fields();
  PositionEvent event;
  event.symbol = key.symbol;
  event.position_size = position.size;
  event.entry_price = position.entry_price();
  event.last_price = position.last_price;
  event.realized_pnl = in_paise(position.realized);
  event.unrealized_pnl = in_paise(position.unrealized());
  event.day_pnl = in_paise(position.day_pnl());
  event.charges = in_paise(position.charges);
  event.pnl_basis = book_.basis() == PnlBasis::fifo ? "fifo" : "average";
  event.product = key.product;
  event.scope = "strategy";
  event.strategy = key.strategy;
  if (intent != nullptr) event.correlation_id = intent->correlation_id;
  event.round_trip_id = position.round_trip_id;
  if (position.size != 0) {
    event.protected_qty = position.protected_qty();
    if (*event.protected_qty > 0) event.protected_by = position.stop_watched ? "strategy" : "order";
    event.square_off_at = square_off_at(key, position);
  }
  event.instrument = &fields;
  publisher_.publish(event, at);
}

/// When the automatic square-off closes it today; nothing when it does not.
std::optional<Timestamp> ExecutionEngine::Impl::square_off_at(const PositionKey& key,
                                                              const Position& position) const {
  if (!options_.square_off_mis || key.product != kIntraday) return std::nullopt;
  const Timestamp at = square_off_today_[static_cast<std::size_t>(position.instrument.group)];
  return at == Timestamp::max() ? std::nullopt : std::optional(at);
}

/// What the automatic square-off would have to close, and how soon the first of it.
void ExecutionEngine::Impl::add_intraday(Map& metrics, Timestamp at) const {
  std::int64_t positions = 0;
  List symbols;
  std::optional<Timestamp> first;
  for (const auto& [key, position] : book_.all()) {
    if (position.size == 0 || key.product != kIntraday) continue;
    if (++positions <= kListedSymbols) symbols.add(key.symbol);
    const auto closes = square_off_at(key, position);
    if (closes && (!first || *closes < *first)) first = closes;
  }
  metrics.set("intraday_positions", positions).set("intraday_symbols", symbols);
  if (first) {
    const std::chrono::duration<double, std::ratio<60>> left = *first - at;
    metrics.set("minutes_to_square_off", left.count());
  } else {
    metrics.set("minutes_to_square_off", nullptr);
  }
}

Map ExecutionEngine::Impl::orders_by_status() const {
  std::array<std::int64_t, kOrderStatuses.size()> by_status{};
  for (const auto& [id, order] : orders_.working()) {
    if (!order.is_parent()) ++by_status[static_cast<std::size_t>(order.status)];
  }
  Map states;
  for (const OrderStatus status : kOrderStatuses) {
    if (is_final(status)) continue;
    states.set(to_string(status), by_status[static_cast<std::size_t>(status)]);
  }
  return states;
}

Map ExecutionEngine::Impl::health_metrics(Timestamp at) const {
  const strategy::Pnl pnl = this->pnl({});
  const std::int64_t per_day = rate_.in_force(today_).per_day;
  Map metrics;
  metrics.set("broker", broker_->name())
      .set("open_orders", orders_.open_orders())
      .set("orders_by_status", orders_by_status())
      .set("orders_total", counts_.orders)
      .set("fills_total", counts_.fills)
      .set("rejects_total", counts_.rejects)
      .set("cancelled_total", counts_.cancelled)
      .set("expired_total", counts_.expired)
      .set("unknown_outcomes", counts_.unknown_outcomes)
      .set("refused_transitions", counts_.refused_transitions)
      .set("surprises", counts_.surprises)
      .set("duplicate_updates", counts_.duplicate_updates)
      .set("refused_requests", counts_.refused_requests)
      .set("bad_prices", counts_.bad_prices)
      .set("open_positions", pnl.open_positions)
      .set("closing_positions", closings_.size())
      .set("orders_sent_today", rate_.sent_on(today_))
      .set("orders_per_day_limit", per_day > 0 ? Value(per_day) : Value(nullptr))
      .set("ack_latency_ms", ack_latency_.last())
      .set("ack_latency_mean_ms", ack_latency_.mean())
      .set("ack_latency_p99_ms", ack_latency_.p99())
      .set("decision_to_fill_ms", fill_latency_.last())
      .set("decision_to_fill_mean_ms", fill_latency_.mean())
      .set("decision_to_fill_p99_ms", fill_latency_.p99())
      .set("margin_used", strategy::to_paise(pnl.margin_used))
      .set("margin_available", strategy::to_paise(pnl.margin_available))
      .set("kill_switch", killed_);
  add_intraday(metrics, at);
  if (killed_) metrics.set("killed_by", killed_by_);
  if (counts_.damaged_state > 0) metrics.set("damaged_state", counts_.damaged_state);
  if (publisher_.lost() > 0) metrics.set("events_lost", publisher_.lost());
  return metrics;
}

void ExecutionEngine::Impl::publish_health(Timestamp at, std::string_view error) {
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics = health_metrics(at);
  if (options_.state_store != nullptr && !options_.state_store->problem().empty()) {
    health.metrics.set("state_problem", options_.state_store->problem());
  }
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

}  // namespace tapedeck::execution
