// The inside of ExecutionEngine. Its parts by file: execution_engine.cpp (clock, figures),
// order_flow.cpp (what is sent), broker_news.cpp (what comes back), reconcile.cpp (answers that do
// not come, restarts), closing.cpp (commands and square-off), execution_telemetry.cpp (events).
//
// One engine thread. The broker may call back from inside its calls, and whoever hears the news may
// send orders from inside theirs: nothing here relies on an iterator over such a call.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "execution/latency_stats.hpp"
#include "execution/order.hpp"
#include "execution/order_gate.hpp"
#include "execution/price_board.hpp"
#include "market/heartbeat.hpp"
#include "tapedeck/execution/execution_engine.hpp"

namespace tapedeck::execution {

/// The product that is squared off within the day.
inline constexpr std::string_view kIntraday = "MIS";

class ExecutionEngine::Impl final : public BrokerListener {
 public:
  Impl(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
       const market::InstrumentTable& instruments, std::unique_ptr<Broker> broker,
       ExecutionOptions options, NewsSink news);

  // order_flow.cpp
  std::string submit(const strategy::OrderIntent& intent, Timestamp now, double fee = 0);
  std::optional<strategy::RiskRefusal> modify(std::string_view order_id,
                                              const OrderChanges& changes, Timestamp now);
  std::optional<strategy::RiskRefusal> cancel(std::string_view order_id, Timestamp now,
                                              std::string_view reason);
  std::size_t cancel_all(Timestamp now, std::string_view reason);
  std::optional<strategy::RiskRefusal> refusal_of(const strategy::OrderIntent& intent,
                                                  Timestamp now) const;
  // broker_news.cpp
  void on_broker_update(const BrokerUpdate& update) override;
  // closing.cpp
  bool obey(const market::Command& command, Timestamp now);
  // execution_engine.cpp
  void on_price(const PriceUpdate& price);
  strategy::Pnl pnl(std::string_view strategy) const;
  std::vector<PositionView> positions() const;
  const OrderTable& orders() const noexcept { return orders_; }
  const ExecutionCounts& counts() const noexcept { return counts_; }
  bool is_killed() const noexcept { return killed_; }
  void start(Timestamp now);
  Timestamp next_due() const;
  void advance_to(Timestamp now);
  void skip_to(Timestamp now);
  void fail(Timestamp now, std::string_view reason);
  void stop(Timestamp now);
  void stop_telemetry() { heartbeat_.mute(); }

 private:
  /// A position that is being closed, until it is flat and nothing works in it.
  struct Closing {
    std::string reason;
    double fee = 0;          ///< rupees for each order; of the automatic square-off
    bool automatic = false;  ///< waits for the market to open; a command does not
    int attempts = 0;
    Timestamp next_try{};
  };
  /// A command that is answered when its positions are closed.
  struct PendingCommand {
    market::Command command;
    Timestamp deadline{};
    std::set<PositionKey> keys;
    std::string failure;  ///< the first; empty: none
  };

  // order_flow.cpp
  void set_now(Timestamp now);
  OrderRequest request_of(const strategy::OrderIntent& intent,
                          const market::InstrumentInfo* instrument) const;
  Order& add_order(const strategy::OrderIntent& intent, OrderRequest request);
  void refuse(Order& order, const strategy::RiskRefusal& refusal);
  void send(Order& order);
  void send_slices(Order& parent, const std::vector<std::int64_t>& slices);
  std::optional<strategy::RiskRefusal> change_refusal(const Order& order,
                                                      const OrderRequest& wanted) const;
  std::optional<strategy::RiskRefusal> modify_slices(const Order& parent,
                                                     const OrderChanges& changes, Timestamp now);
  void ask_to_cancel(Order& order, std::string_view reason);
  std::optional<strategy::RiskRefusal> refused_request(std::string_view code, std::string reason);

  // broker_news.cpp
  void take_news(Order& order, BrokerUpdate update);
  bool take_fill(Order& order, BrokerUpdate& update);
  bool take_missed_fill(Order& order, const BrokerUpdate& update);
  OrderStatus status_with_fill(const Order& order, const BrokerUpdate& update) const;
  bool is_old_news(const Order& order, const BrokerUpdate& update) const;
  void take_status(Order& order, BrokerUpdate update);
  void apply(Order& order, const BrokerUpdate& update, bool surprise);
  void note_status(Order& order, OrderStatus before, const BrokerUpdate& update);
  void settle_modification(Order& order, const BrokerUpdate& update);
  void book_fill(Order& order, const BrokerUpdate& update, bool surprise);
  void move_position(Order& order, const BrokerUpdate& update, double charges);
  void update_parent(const Order& child, const BrokerUpdate& update);
  void follow_stops(const PositionKey& key, Timestamp at);
  std::int64_t stop_qty_of(const PositionKey& key, const Position& position) const;
  void tell(Order& order, Timestamp at, std::optional<double> trade_pnl);
  void surprised();

  // reconcile.cpp
  void expect_answer(Order& order);
  void ask_overdue();
  void not_found(Order& order, const BrokerUpdate& update);
  void restore();
  void restore_position(std::string_view text);
  void catch_up_orders();
  void reconcile_restored();
  void save_orders();
  void save_position(const PositionKey& key, const Position& position);
  void save_marks();
  std::string state_owner() const;
  void save(std::string_view name, std::string value);

  // closing.cpp
  void kill(const market::Command& command);
  void close_positions(const market::Command& command, bool intraday_only);
  void square_off();
  void begin_closing(const PositionKey& key, Closing closing);
  std::set<PositionKey> keys_at_work(bool intraday_only) const;
  void run_closings();
  bool is_closed(const PositionKey& key) const;
  void try_to_close(const PositionKey& key);
  void give_up(const PositionKey& key, const std::string& why);
  void answer_commands();
  strategy::OrderIntent closing_intent(const PositionKey& key, const Position& position,
                                       const std::string& reason, std::int64_t qty);

  // execution_engine.cpp
  void roll_day(market::IstDate date);
  double margin_available() const;
  double total_net() const;
  void mark(PriceSlot& slot, const PriceUpdate& price);
  void do_due_work();
  void beat(Timestamp due);
  void set_state(market::EngineState state);

  // execution_telemetry.cpp
  void publish_order(const Order& order, const BrokerUpdate& update, bool surprise = false);
  void publish_position(const PositionKey& key, const Position& position, Timestamp at,
                        const strategy::OrderIntent* intent);
  void publish_health(Timestamp at, std::string_view error = {});
  Map health_metrics(Timestamp at) const;
  Map orders_by_status() const;
  void add_intraday(Map& metrics, Timestamp at) const;
  std::optional<Timestamp> square_off_at(const PositionKey& key, const Position& position) const;

  market::EnginePublisher publisher_;
  const market::TradingCalendar& calendar_;
  const market::InstrumentTable& instruments_;
  std::unique_ptr<Broker> broker_;
  ExecutionOptions options_;
  NewsSink news_;
  market::Heartbeat heartbeat_;
  Timestamp now_{};
  market::IstDate today_{};
  OrderTable orders_;
  PositionBook book_;
  RateWindow rate_;
  SquareOffTimes square_off_;
  /// Of today_, by SessionGroup; Timestamp::max() where there is none.
  std::array<Timestamp, market::kSessionGroups.size()> square_off_today_{};
  OrderGate gate_;
  PriceBoard prices_;
  std::int64_t open_positions_ = 0;
  ExecutionCounts counts_;
  std::uint64_t troubles_ = 0;  ///< what makes the next health `degraded`
  std::uint64_t troubles_at_last_beat_ = 0;
  LatencyStats ack_latency_;
  LatencyStats fill_latency_;
  bool killed_ = false;
  std::string killed_by_;
  Timestamp next_square_off_ = Timestamp::max();
  Timestamp next_answer_due_ = Timestamp::max();
  std::map<PositionKey, Closing> closings_;
  std::vector<PendingCommand> commands_;
  std::uint64_t closing_ids_ = 0;
};

}  // namespace tapedeck::execution
