// Who carries orders to a market: the paper broker here, a real one elsewhere. The engine talks to
// this interface only. One engine thread calls it; it answers through its listener on that thread,
// from inside those calls (a live broker queues what its connections hear until advance_to).
// No call may wait for the network: a live broker hands the request over and returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/execution/order_status.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"

namespace tapedeck::execution {

using strategy::OrderType;
using strategy::Validity;

struct OrderRequest {
  std::string order_id;
  market::InstrumentInfo instrument;
  strategy::Side side = strategy::Side::buy;
  std::int64_t qty = 0;
  OrderType type = OrderType::market;
  double limit_price = 0;  ///< of LIMIT and SL
  std::string product;
  std::string tag;           ///< comes back with the order: the correlation id, 20 alphanumerics
  double trigger_price = 0;  ///< of SL and SL-M
  Validity validity = Validity::day;
  double market_protection_pct = -1;  ///< of MARKET and SL-M; -1: the broker decides; 0: none
  double last_price = 0;              ///< of the market when it was sent; 0: not known
  std::string parent_order_id;        ///< of a slice
  std::int64_t slice_no = 0;          ///< 1 to slice_count
  std::int64_t slice_count = 0;
  std::string algo_id;
};

/// What a modification changes; what is not given stays.
struct OrderChanges {
  std::optional<std::int64_t> qty{};  ///< the whole order's, what is filled included
  std::optional<double> limit_price{};
  std::optional<double> trigger_price{};
};

/// News from the broker. Views are valid during the call.
struct BrokerUpdate {
  std::string_view order_id{};
  OrderStatus status = OrderStatus::unknown;
  Timestamp at{};
  std::string_view broker_status{};  ///< the broker's own word
  std::string_view reason{};
  std::string_view reject_code{};  ///< of a rejected order; with `open`: of a refused modification
  std::int64_t fill_qty = 0;       ///< of this fill; 0: none
  double fill_price = 0;
  std::string_view fill_id{};
  std::string_view exchange_order_id{};
  std::optional<Timestamp> exchange_at{};  ///< the exchange's own time, whole seconds
  /// All that is filled, where the broker tells it, and at which average: fills that were missed
  /// are booked from the difference.
  std::optional<std::int64_t> filled_qty{};
  double avg_price = 0;
  /// Answers request_status: the broker is sure that it has no such order. `status` means nothing.
  bool not_found = false;
};

class BrokerListener {
 public:
  virtual ~BrokerListener() = default;
  virtual void on_broker_update(const BrokerUpdate& update) = 0;
};

/// A price of the market.
struct PriceUpdate {
  Timestamp at{};
  std::string_view symbol{};
  double price = 0;             ///< of the last trade
  std::int64_t quantity = 0;    ///< traded at it; 0: not known
  std::string_view exchange{};  ///< empty: InstrumentTable::find decides
  double bid = 0;               ///< 0: not known
  double ask = 0;
};

class Broker {
 public:
  virtual ~Broker() = default;
  /// `paper`, `kite`, ...
  virtual std::string_view name() const = 0;
  /// A live broker is right about its orders even where that surprises.
  virtual bool is_live() const { return true; }
  /// Set once, before anything else.
  virtual void set_listener(BrokerListener* listener) = 0;
  /// The id of the next order: unique with account, engine_id and run.
  virtual std::string new_order_id(Timestamp now) = 0;
  /// After a restart: ids go on behind this one.
  virtual void resume_order_ids(std::string_view last_order_id) { (void)last_order_id; }
  /// An exception means that the outcome is not known; it is then asked for, never sent again.
  virtual void submit(const OrderRequest& request, Timestamp now) = 0;
  /// The order as it shall be. Answered with `open` or `trigger_pending`, with a reject_code when
  /// it stays as it was.
  virtual void modify(const OrderRequest& changed, Timestamp now) = 0;
  /// @return false when there is no such order at work
  virtual bool cancel(std::string_view order_id, Timestamp now) = 0;
  /// Asks what became of an order: answered by an update, at any time or never.
  virtual void request_status(std::string_view order_id, Timestamp now) = 0;
  virtual void on_price(const PriceUpdate& price) = 0;
  virtual Timestamp next_due() const = 0;
  virtual void advance_to(Timestamp now) = 0;
};

}  // namespace tapedeck::execution
