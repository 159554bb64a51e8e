// A broker that trades against the feed's prices. Deterministic: its clock is the engine's.
//
// An order is acknowledged ack_latency after it was submitted and fills at the first price of its
// symbol after that: a MARKET order at that price worsened by slippage_ticks, a LIMIT order when
// the price has reached its limit, at the limit. With fill_limit set, each price fills at most that
// many units. Orders end with their session (`expired`). Rejected, with a code: bad_quantity,
// lot_size, tick_size, not_tradable, market_closed. Order ids: PAPER-YYYYMMDD-NNNN, numbered within
// the day.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "tapedeck/execution/broker.hpp"

namespace tapedeck::execution {

struct PaperBrokerOptions {
  std::chrono::nanoseconds ack_latency = std::chrono::milliseconds{25};
  double slippage_ticks = 1;
  std::int64_t fill_limit = 0;  ///< units per price; 0: all at once
};

class PaperBroker final : public Broker {
 public:
  PaperBroker(const market::TradingCalendar& calendar, PaperBrokerOptions options)
      : calendar_(calendar), options_(options) {}

  std::string_view name() const override { return "paper"; }
  void set_listener(BrokerListener* listener) override { listener_ = listener; }
  std::string new_order_id(Timestamp now) override;
  void submit(const OrderRequest& request, Timestamp now) override;
  bool cancel(std::string_view order_id, Timestamp now) override;
  void on_price(const PriceUpdate& price) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;

 private:
  struct Order {
    OrderRequest request;
    bool acknowledged = false;
    Timestamp ack_at{};
    Timestamp expires_at{};
    std::int64_t remaining = 0;
    int fills = 0;
  };
  struct Refusal {
    std::string_view code;
    std::string reason;
  };

  Refusal refusal_of(const OrderRequest& request, Timestamp now) const;
  void tell(const Order& order, OrderStatus status, Timestamp at, std::string_view reason = {},
            std::string_view reject_code = {});
  /// @return whether the order is done
  bool fill(Order& order, const PriceUpdate& price);

  const market::TradingCalendar& calendar_;
  PaperBrokerOptions options_;
  BrokerListener* listener_ = nullptr;
  std::map<std::string, Order, std::less<>> orders_;  // at work, in the order of ids
  market::IstDate id_date_{};
  std::uint64_t ids_ = 0;
};

}  // namespace tapedeck::execution
