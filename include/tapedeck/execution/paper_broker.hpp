// A broker that trades against the feed's prices, with the rules of the real one. Deterministic:
// its clock is the engine's, its chance comes from the seed.
//
// An order is acknowledged ack_latency after it was submitted and looks at the prices of its symbol
// from then on. It buys at the ask and sells at the bid (without them: half a spread from the last
// trade), worsened by slippage_ticks when it takes; LIMIT and market protection bound that price,
// and what rests fills at its limit once the market is there. SL and SL-M wait for their trigger.
// What an IOC order does not get at its first price is cancelled. A cancellation takes effect at
// once, a modification after ack_latency. Orders end with their own session (`expired`); LIMIT
// orders carry into a closing auction and fill at its price.
//
// Rejected, with a code: bad_quantity, bad_price, off_lot, off_tick, over_freeze, outside_band,
// market_protection_missing, slm_on_options, market_on_stock_options, not_tradable, market_closed,
// simulated. Order ids: PAPER-YYYYMMDD-NNNN, numbered within the day.
//
// One engine thread. A price without an order of its symbol costs one hash look-up at most.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "tapedeck/execution/broker.hpp"

namespace tapedeck::execution {

struct PaperBrokerOptions {
  std::chrono::nanoseconds ack_latency = std::chrono::milliseconds{25};
  double spread_ticks = 0;      ///< between bid and ask where the feed has none
  double slippage_ticks = 1;    ///< of an order that takes
  std::int64_t fill_limit = 0;  ///< units, at least a lot, an order gets at one price; 0: all
  double volume_share = 0;      ///< of the quantity traded at a price, for all orders; 0: no limit
  double reject_probability = 0;  ///< [0, 1]: orders rejected by chance
  std::uint64_t seed = 1;
  /// Percent that market protection -1 (automatic) stands for.
  double automatic_protection_pct = 3;
  /// From when MARKET and SL-M need market protection, and options take no SL-M.
  market::IstDate protection_required_from = market::make_date(2026, 4, 1);
  market::IstDate no_slm_on_options_from = market::make_date(2021, 9, 27);
  /// From the start of a closing auction: when orders are taken, until when MARKET and LIMIT orders
  /// are, and from when it trades (NSE from 2026-08-03; orders end at the earliest random close).
  std::chrono::minutes auction_orders_from{5};
  std::chrono::minutes auction_market_until{10};
  std::chrono::minutes auction_orders_until{13};
  std::chrono::minutes auction_trades_from{15};
};

class PaperBroker final : public Broker {
 public:
  /// @param calendar must outlive the broker
  PaperBroker(const market::TradingCalendar& calendar, PaperBrokerOptions options);
  ~PaperBroker() override;
  PaperBroker(const PaperBroker&) = delete;
  PaperBroker& operator=(const PaperBroker&) = delete;

  std::string_view name() const override { return "paper"; }
  bool is_live() const override { return false; }
  void set_listener(BrokerListener* listener) override;
  std::string new_order_id(Timestamp now) override;
  void resume_order_ids(std::string_view last_order_id) override;
  void submit(const OrderRequest& request, Timestamp now) override;
  void modify(const OrderRequest& changed, Timestamp now) override;
  bool cancel(std::string_view order_id, Timestamp now) override;
  void request_status(std::string_view order_id, Timestamp now) override;
  void on_price(const PriceUpdate& price) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::execution
