// One order as the engine knows it, and the table of them: those at work, and the finished ones for
// as long as late news of them must be recognised. A parent is an order that was cut into slices;
// it has no broker of its own, its children have.
//
// One thread. Addresses stay valid until the order is forgotten (forget_finished).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "execution/position_book.hpp"
#include "tapedeck/execution/broker.hpp"
#include "tapedeck/execution/charges.hpp"

namespace tapedeck::execution {

struct Order {
  strategy::OrderIntent intent;
  OrderRequest request;
  OrderStatus status = OrderStatus::created;
  std::int64_t filled = 0;
  Money turnover = 0;
  Charges charges;
  double square_off_fee = 0;  ///< rupees; 0: not an automatic square-off
  std::string exchange_order_id;
  std::optional<Timestamp> sent_at;
  std::optional<Timestamp> acked_at;
  std::optional<Timestamp> exchange_at;
  std::optional<Timestamp> filled_at;
  Timestamp updated_at{};
  std::vector<std::string> children;  ///< of a parent, in the order of slices
  std::set<std::string, std::less<>> fill_ids;
  /// Units booked from the broker's total because their own news had not come; when it comes late,
  /// it is known already.
  std::int64_t reconciled = 0;
  std::optional<OrderRequest> wanted;  ///< a modification that is not answered yet
  std::int64_t modifications = 0;
  bool cancel_wanted = false;
  bool restored = false;       ///< from before a restart
  bool told_finished = false;  ///< whoever wished for it knows that it is over
  /// When the answer to the last request is overdue, or the broker is asked again.
  Timestamp answer_due = Timestamp::max();
  std::chrono::nanoseconds ask_again{};

  bool is_parent() const noexcept { return !children.empty(); }
  bool is_child() const noexcept { return !request.parent_order_id.empty(); }
  std::int64_t remaining() const noexcept {
    return request.qty > filled ? request.qty - filled : 0;
  }
  double avg_price() const noexcept { return filled > 0 ? to_rupees(divide(turnover, filled)) : 0; }
  PositionKey key() const {
    return {request.instrument.exchange, request.instrument.symbol, request.product,
            intent.strategy};
  }
};

/// What the order's fills have cost, at the rates of a moment.
Charges charges_so_far(const Order& order, Timestamp at);

class OrderTable {
 public:
  using Orders = std::map<std::string, Order, std::less<>>;

  Order& add(const std::string& id) { return working_[id]; }
  /// At work or finished; null when it is not known (any more).
  Order* find(std::string_view id);
  const Order* find(std::string_view id) const;
  bool is_working(std::string_view id) const { return working_.contains(id); }
  /// Moves an order between the two halves, after its status.
  void file(Order& order);
  /// Forgets the oldest finished orders beyond `keep`.
  void forget_finished(std::size_t keep);

  Orders& working() noexcept { return working_; }
  const Orders& working() const noexcept { return working_; }
  /// Orders at a broker that are not finished (parents are not counted).
  std::int64_t open_orders() const noexcept;
  /// Units that orders at work would still take off the position of `key`, on that side.
  std::int64_t pending(const PositionKey& key, strategy::Side side) const noexcept;
  /// The part of these that waits in stop orders (SL, SL-M) the broker has. One whose outcome is
  /// not known, or that is being cancelled, protects nothing.
  std::int64_t in_stops(const PositionKey& key, strategy::Side side) const noexcept;

 private:
  Orders working_;
  Orders finished_;
  std::deque<std::string> finished_ids_;  // oldest first
};

}  // namespace tapedeck::execution
