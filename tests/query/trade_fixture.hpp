// Publishes chains of events through a real bus and follows them with a TradeTracker.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "bus/access.hpp"
#include "query/trade_json.hpp"
#include "query/trade_source.hpp"
#include "query/trade_tracker.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

/// 2025-11-18T05:00:00Z and so many microseconds.
inline Timestamp at_us(std::int64_t us) {
  return from_ns((1'763'442'000'000'000 + us) * 1000);
}

/// What a failed test shows of a trade.
inline void PrintTo(const TradeSummary& trade, std::ostream* out) {  // NOLINT: GoogleTest's name
  *out << to_json(trade) << " pending " << trade.pending_fill << " realised " << trade.realized.sum;
  for (const TradeOrder& order : trade.orders) {
    *out << "\n  " << order.order_id << " state " << static_cast<int>(order.state) << " since "
         << order.state_ns << " parent " << order.is_parent << " filled " << order.filled << " at "
         << order.avg_price.value_or(0) << " fills " << order.fills_qty << " worth "
         << order.fills_value << " price " << order.last_price.value_or(0);
  }
}

class TradeFixture : public ::testing::Test {
 protected:
  TradeFixture() {
    BusOptions options;
    options.epoch = "abc";
    bus_ = std::make_unique<TelemetryBus>(options);
    source_ = bus_->register_source({.host = "a1",
                                     .engine_id = "paper-strategy",
                                     .run_id = "run",
                                     .account = "acc",
                                     .mode = "paper"});
    execution_ = bus_->register_source({.host = "a2",
                                        .engine_id = "paper-execution",
                                        .run_id = "run",
                                        .account = "acc",
                                        .mode = "paper"});
    nse_.exchange = "NSE";
  }

  template <typename E>
  void publish(const E& event, std::int64_t us) {
    bus_->publish(event, at_us(us), execution_);
  }

  void decide(std::string_view id, std::string_view decision, std::int64_t us, double price = 100,
              std::string_view symbol = "INFY", std::string_view strategy = "momentum") {
    DecisionTrace trace;
    trace.strategy_name = strategy;
    trace.symbol = symbol;
    trace.decision = decision;
    trace.trace_data.set("reason", "because").set("close_price", price);
    trace.correlation_id = id;
    trace.instrument = &nse_;
    bus_->publish(trace, at_us(us), source_);
  }
  void veto(std::string_view id, std::string_view wanted, std::int64_t us) {
    DecisionTrace trace;
    trace.strategy_name = "momentum";
    trace.symbol = "INFY";
    trace.decision = "VETO";
    trace.trace_data.set("reason", "too much already").set("close_price", 100.0);
    trace.trace_data.set("veto_by", "limits").set("veto_code", "max_positions");
    if (!wanted.empty()) trace.trace_data.set("wanted", wanted).set("wanted_reason", "crossed");
    trace.correlation_id = id;
    bus_->publish(trace, at_us(us), source_);
  }

  OrderEvent order(std::string_view id, std::string_view status, std::string_view order_id = "O-1",
                   std::string_view side = "BUY", std::int64_t qty = 10) {
    OrderEvent event;
    event.order_id = order_id;
    event.symbol = "INFY";
    event.side = side;
    event.status = status;
    event.qty = qty;
    event.strategy = "momentum";
    event.correlation_id = id;
    event.instrument = &nse_;
    return event;
  }
  /// The fill of a whole order or of a part: `filled` of it in all.
  OrderEvent fill(std::string_view id, std::string_view status, std::int64_t part, double price,
                  std::int64_t filled, double avg_price, std::string_view order_id = "O-1",
                  std::string_view side = "BUY", std::int64_t qty = 10) {
    OrderEvent event = order(id, status, order_id, side, qty);
    event.fill_qty = part;
    event.fill_price = price;
    event.filled_qty = filled;
    event.avg_price = avg_price;
    return event;
  }
  PositionEvent position(std::string_view id, std::int64_t size, double realized, double charges) {
    PositionEvent event;
    event.symbol = "INFY";
    event.position_size = size;
    event.realized_pnl = realized;
    event.charges = charges;
    event.product = "MIS";
    event.scope = "strategy";
    event.strategy = "momentum";
    event.correlation_id = id;
    event.instrument = &nse_;
    return event;
  }

  /// One order that is filled at once, its position, `charges` of its own included.
  void trade(std::string_view id, std::string_view order_id, std::string_view side, double price,
             std::int64_t size_after, double realized, double charges_after, double charges,
             std::int64_t us) {
    publish(order(id, "new", order_id, side), us);
    OrderEvent filled = fill(id, "filled", 10, price, 10, price, order_id, side);
    filled.charges.set("brokerage", charges - 1).set("gst", 1.0).set("total", charges);
    publish(filled, us + 1);
    publish(position(id, size_after, realized, charges_after), us + 2);
  }

  TradeEventScan scan() {
    bus_->flush();
    return [this](const TradeEventVisitor& visit) {
      const EventLog& log = BusAccess::log(*bus_);
      for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq(); ++seq) {
        const auto pin = log.pin(seq);
        ASSERT_TRUE(pin.has_value());
        visit(pin->frame(pin->index(seq)), pin->index(seq), seq);
      }
    };
  }
  TradeTracker track(TradeTrackerOptions options = {}) {
    TradeTracker tracker(options);
    scan()([&](const char* frame, const FrameIndex& index, std::uint64_t seq) {
      tracker.add(frame, index, seq);
    });
    return tracker;
  }
  /// The chain as it stands; fails the test when there is none.
  TradeSummary chain(std::string_view id) {
    const TradeTracker tracker = track();
    const TradeSummary* found = tracker.find(id);
    EXPECT_NE(found, nullptr) << id;
    return found != nullptr ? *found : TradeSummary{};
  }
  TradeFigures figures(std::string_view id) { return figures_of(chain(id)); }

  std::unique_ptr<TelemetryBus> bus_;
  SourceId source_{};
  SourceId execution_{};
  Instrument nse_;
};

}  // namespace tapedeck
