// Who carries orders to a market: the paper broker here, a real one elsewhere. The engine talks to
// this interface only. One engine thread calls it; it answers through its listener, from inside
// those calls.
#pragma once

#include <cstdint>
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
  double limit_price = 0;  ///< of a LIMIT order
  std::string product;
  std::string tag;  ///< comes back with the order: the correlation id
};

/// News from the broker. Views are valid during the call.
struct BrokerUpdate {
  std::string_view order_id;
  OrderStatus status = OrderStatus::unknown;
  Timestamp at{};
  std::string_view broker_status;  ///< the broker's own word
  std::string_view reason;
  std::string_view reject_code;
  std::int64_t fill_qty = 0;  ///< of this fill; 0: none
  double fill_price = 0;
  std::string_view fill_id;
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
  /// Set once, before anything else.
  virtual void set_listener(BrokerListener* listener) = 0;
  /// The id of the next order: unique with account, engine_id and run.
  virtual std::string new_order_id(Timestamp now) = 0;
  virtual void submit(const OrderRequest& request, Timestamp now) = 0;
  /// @return false when there is no such order at work
  virtual bool cancel(std::string_view order_id, Timestamp now) = 0;
  virtual void on_price(const PriceUpdate& price) = 0;
  virtual Timestamp next_due() const = 0;
  virtual void advance_to(Timestamp now) = 0;
};

}  // namespace tapedeck::execution
