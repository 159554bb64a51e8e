// ExecutionEngine: turns order intents into orders at a broker, follows them through their states,
// and keeps the positions that come of it.
//
// Publishes an order_event on every transition, a position_event on every fill (going flat too) and
// at most once a second per open position while its price moves, and engine_health every 5 s of
// engine time. docs/engines.md has the rules: the gate before every order, slicing, square-off,
// commands, what happens to orders whose outcome is not known, and what survives a restart.
//
// One engine thread. A price costs one hash look-up while nothing is held or ordered in its symbol.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tapedeck/execution/broker.hpp"
#include "tapedeck/execution/execution_options.hpp"
#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"

namespace tapedeck::execution {

struct ExecutionCounts {
  std::uint64_t orders = 0;  ///< a sliced order counts its slices
  std::uint64_t fills = 0;
  std::uint64_t rejects = 0;
  std::uint64_t expired = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t refused_transitions = 0;  ///< of a paper broker: nothing changed
  std::uint64_t surprises = 0;            ///< of a live broker: taken over, and flagged
  std::uint64_t duplicate_updates = 0;    ///< known already, or late: nothing to tell
  std::uint64_t unknown_outcomes = 0;
  std::uint64_t refused_requests = 0;  ///< modifications and cancellations that made no sense
  std::uint64_t bad_prices = 0;        ///< no price: not used
  std::uint64_t damaged_state = 0;     ///< values of the state store that could not be read
};

/// What is known of an order.
struct OrderView {
  OrderStatus status = OrderStatus::created;
  std::int64_t qty = 0;
  std::int64_t filled_qty = 0;
  double avg_price = 0;
  double limit_price = 0;
};

/// What is held, and what it made, in rupees.
struct PositionView {
  std::string exchange;
  std::string symbol;
  std::string product;
  std::string strategy;
  std::int64_t size = 0;
  double entry_price = 0;
  double last_price = 0;
  double realized = 0;  ///< before charges
  double unrealized = 0;
  double day_pnl = 0;
  double charges = 0;
};

class ExecutionEngine final : public market::Engine,
                              public strategy::PnlSource,
                              public strategy::RiskGate {
 public:
  static constexpr std::string_view kName = "ExecutionEngine";
  using NewsSink = std::function<void(const strategy::OrderNews&)>;

  /// @param calendar,instruments must outlive the engine
  /// @param news told about every fill of an intent's order, and once that it is finished
  ExecutionEngine(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                  const market::InstrumentTable& instruments, std::unique_ptr<Broker> broker,
                  ExecutionOptions options, NewsSink news);
  ~ExecutionEngine() override;

  /// Sends an order, in slices when it is above the freeze quantity. A refused one is published
  /// too: `new`, then `rejected` with the gate's code.
  /// @return its id; of a sliced order the parent's
  std::string submit(const strategy::OrderIntent& intent, Timestamp now);
  /// Asks the broker to change an order at work; a sliced one takes prices only.
  /// @return why it was not asked: unknown_order, not_at_work, bad_quantity, bad_price,
  ///         too_many_modifications, or a code of the gate
  std::optional<strategy::RiskRefusal> modify(std::string_view order_id,
                                              const OrderChanges& changes, Timestamp now);
  /// @return why it was not asked: unknown_order, not_at_work
  std::optional<strategy::RiskRefusal> cancel(std::string_view order_id, Timestamp now,
                                              std::string_view reason = {});
  /// @return how many orders were asked for
  std::size_t cancel_all(Timestamp now, std::string_view reason = {});
  /// A price of the market: fills orders and marks positions.
  void on_price(const PriceUpdate& price);

  strategy::Pnl pnl(std::string_view strategy) const override;
  /// The gate every order passes; asking counts nothing.
  std::optional<strategy::RiskRefusal> refusal_of(const strategy::OrderIntent& intent,
                                                  Timestamp now) const override;
  std::optional<OrderView> order(std::string_view order_id) const;
  /// All positions there have been, flat ones too, by exchange, symbol, product and strategy.
  std::vector<PositionView> positions() const;
  const ExecutionCounts& counts() const noexcept;
  bool is_killed() const noexcept;

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override;
  /// kill, resume, flatten, square_off
  bool obey(const market::Command& command, Timestamp now) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::execution
