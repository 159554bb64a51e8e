// What ExecutionEngine tells: how its events are put together.
#include "tapedeck/execution/execution_engine.hpp"

namespace tapedeck::execution {
namespace {

Map as_map(const Charges& charges) {
  return Map{{"brokerage", charges.brokerage},
             {"stt", charges.stt},
             {"exchange", charges.exchange},
             {"sebi", charges.sebi},
             {"stamp", charges.stamp},
             {"gst", charges.gst},
             {"total", strategy::to_paise(charges.total())}};
}

}  // namespace

void ExecutionEngine::publish_order(const Order& order, const BrokerUpdate& update) {
  const OrderRequest& request = order.request;
  const auto fields = request.instrument.event_fields();
  OrderEvent event;
  event.order_id = request.order_id;
  event.symbol = request.instrument.symbol;
  event.side = strategy::to_string(request.side);
  event.status = to_string(update.status);
  event.qty = request.qty;
  if (order.filled > 0) {
    event.avg_price = order.turnover / static_cast<double>(order.filled);
    event.price = event.avg_price;
  } else {
    event.price =
        request.type == OrderType::limit ? request.limit_price : order.intent.reference_price;
  }
  event.filled_qty = order.filled;
  event.remaining_qty = request.qty - order.filled;
  if (update.fill_qty > 0) {
    event.fill_id = update.fill_id;
    event.fill_qty = update.fill_qty;
    event.fill_price = update.fill_price;
    event.charges = as_map(order.charges);
  }
  event.strategy = order.intent.strategy;
  event.order_type = to_string(request.type);
  event.product = request.product;
  event.variety = "regular";
  event.validity = "DAY";
  event.reason = update.reason;
  event.reject_code = update.reject_code;
  event.broker = broker_->name();
  event.broker_status = update.broker_status;
  event.tag = request.tag;
  event.correlation_id = order.intent.correlation_id;
  event.round_trip_id = order.intent.round_trip_id;
  event.decided_at = order.intent.decided_at;
  event.sent_at = order.sent_at;
  event.acked_at = order.acked_at;
  event.filled_at = order.filled_at;
  event.instrument = &fields;
  if (request.instrument.stand_in) event.extra.set("stand_in", true);
  publisher_.publish(event, update.at);
}

void ExecutionEngine::publish_position(const PositionKey& key, const Position& position,
                                       Timestamp at, std::string_view correlation_id) {
  const auto fields = position.instrument.event_fields();
  PositionEvent event;
  event.symbol = key.symbol;
  event.position_size = position.size;
  event.entry_price = position.entry_price;
  event.last_price = position.last_price;
  event.realized_pnl = strategy::to_paise(position.realized);
  event.unrealized_pnl = strategy::to_paise(position.unrealized());
  event.day_pnl = strategy::to_paise(position.day_pnl());
  event.charges = strategy::to_paise(position.charges);
  event.pnl_basis = "average";
  event.product = key.product;
  event.scope = "strategy";
  event.strategy = key.strategy;
  event.correlation_id = correlation_id;
  event.round_trip_id = position.round_trip_id;
  event.instrument = &fields;
  publisher_.publish(event, at);
}

void ExecutionEngine::publish_health(Timestamp at, std::string_view error) {
  const auto mean = [](const Latency& latency) {
    return latency.count > 0 ? Value(latency.sum_ms / static_cast<double>(latency.count))
                             : Value(nullptr);
  };
  const auto last = [](const Latency& latency) {
    return latency.count > 0 ? Value(latency.last_ms) : Value(nullptr);
  };
  const strategy::Pnl pnl = this->pnl({});
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("broker", broker_->name())
      .set("open_orders", orders_.size())
      .set("orders_total", counts_.orders)
      .set("fills", counts_.fills)
      .set("rejects", counts_.rejects)
      .set("expired", counts_.expired)
      .set("refused_transitions", counts_.refused_transitions)
      .set("open_positions", pnl.open_positions)
      .set("ack_latency_ms", last(ack_latency_))
      .set("ack_latency_mean_ms", mean(ack_latency_))
      .set("decision_to_fill_ms", last(fill_latency_))
      .set("decision_to_fill_mean_ms", mean(fill_latency_))
      .set("margin_used", strategy::to_paise(pnl.margin_used))
      .set("margin_available", strategy::to_paise(pnl.margin_available));
  if (publisher_.lost() > 0) health.metrics.set("events_lost", publisher_.lost());
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

}  // namespace tapedeck::execution
