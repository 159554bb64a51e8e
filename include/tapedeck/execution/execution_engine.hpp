// ExecutionEngine: turns order intents into orders at a broker, follows them through their states,
// and keeps the positions that come of it.
//
// Publishes an order_event on every transition, a position_event on every fill (going flat too) and
// at most once a second per open position while its price moves, and engine_health every 5 s of
// engine time. Rules:
//   - A transition that cannot follow is refused: nothing changes, it is counted and makes the
//     engine `degraded` until the next health.
//   - Before an entry is sent, its margin (15 % of the value of derivatives, 20 % of shares) must
//   be
//     free: else `rejected`, reject_code insufficient_margin. Exits are never held back.
//   - Stopping cancels the orders that are still at work; positions stay.
//
// One engine thread. A price costs nothing while nothing is held or ordered in its symbol.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "market/heartbeat.hpp"
#include "tapedeck/execution/broker.hpp"
#include "tapedeck/execution/charges.hpp"
#include "tapedeck/execution/position_book.hpp"
#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"

namespace tapedeck::execution {

struct ExecutionOptions {
  double capital = 1'000'000;  ///< rupees that margins are taken from
  double margin_rate_derivatives = 0.15;
  double margin_rate_equity = 0.20;
  std::chrono::nanoseconds mark_every = std::chrono::seconds{1};
  std::chrono::nanoseconds health_every = std::chrono::seconds{5};
};

struct ExecutionCounts {
  std::uint64_t orders = 0;
  std::uint64_t fills = 0;
  std::uint64_t rejects = 0;
  std::uint64_t expired = 0;
  std::uint64_t refused_transitions = 0;
};

class ExecutionEngine final : public market::Engine,
                              public BrokerListener,
                              public strategy::PnlSource {
 public:
  static constexpr std::string_view kName = "ExecutionEngine";
  using NewsSink = std::function<void(const strategy::OrderNews&)>;

  /// @param instruments must outlive the engine
  /// @param news told about every change of every order
  ExecutionEngine(market::EnginePublisher publisher, const market::InstrumentTable& instruments,
                  std::unique_ptr<Broker> broker, ExecutionOptions options, NewsSink news);

  void submit(const strategy::OrderIntent& intent, Timestamp now);
  /// A price of the market: fills orders and marks positions.
  void on_price(const PriceUpdate& price);
  void on_broker_update(const BrokerUpdate& update) override;
  strategy::Pnl pnl(std::string_view strategy) const override;
  const ExecutionCounts& counts() const noexcept { return counts_; }
  const PositionBook& positions() const noexcept { return book_; }

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override { heartbeat_.mute(); }

 private:
  struct Order {
    strategy::OrderIntent intent;
    OrderRequest request;
    OrderStatus status = OrderStatus::created;
    std::int64_t filled = 0;
    double turnover = 0;
    double charged = 0;
    Charges charges;
    std::optional<Timestamp> sent_at;
    std::optional<Timestamp> acked_at;
    std::optional<Timestamp> filled_at;
  };
  /// Mean and last of a latency, in milliseconds of engine time.
  struct Latency {
    void add(std::chrono::nanoseconds t) noexcept;
    std::uint64_t count = 0;
    double sum_ms = 0;
    double last_ms = 0;
  };

  double margin_of(const market::InstrumentInfo& instrument, double value) const noexcept;
  double margin_used() const noexcept;
  std::string margin_problem(const Order& order) const;
  void move_on(Order& order, const BrokerUpdate& update);
  void book_fill(Order& order, const BrokerUpdate& update);
  void publish_order(const Order& order, const BrokerUpdate& update);
  void publish_position(const PositionKey& key, const Position& position, Timestamp at,
                        std::string_view correlation_id);
  void tell(const Order& order, Timestamp at, std::optional<double> trade_pnl);
  void publish_health(Timestamp at, std::string_view error = {});

  market::EnginePublisher publisher_;
  const market::InstrumentTable& instruments_;
  std::unique_ptr<Broker> broker_;
  ExecutionOptions options_;
  NewsSink news_;
  market::Heartbeat heartbeat_;
  Timestamp now_{};
  std::map<std::string, Order, std::less<>> orders_;  // not finished
  PositionBook book_;
  ExecutionCounts counts_;
  std::uint64_t refused_at_last_beat_ = 0;
  Latency ack_latency_;
  Latency fill_latency_;
};

}  // namespace tapedeck::execution
