// What a trade costs besides its price: brokerage, taxes and fees of Indian shares, futures and
// options at a discount broker, from dated tables (src/execution/charges_tables.hpp names the
// sources). Pure functions, any thread, no allocation.
#pragma once

#include <string_view>

#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"

namespace tapedeck::execution {

/// In rupees, each item rounded to the paisa.
struct Charges {
  double brokerage = 0;
  double stt = 0;              ///< securities transaction tax, whole rupees
  double exchange = 0;         ///< the exchange's transaction charge
  double sebi = 0;             ///< the regulator's turnover fee
  double stamp = 0;            ///< stamp duty, on buys
  double gst = 0;              ///< on brokerage, exchange and SEBI fees, and the auto square-off
  double auto_square_off = 0;  ///< the broker's fee for closing an intraday position itself
  double total() const noexcept {
    return brokerage + stt + exchange + sebi + stamp + gst + auto_square_off;
  }
};

struct ChargedOrder {
  const market::InstrumentInfo& instrument;
  strategy::Side side = strategy::Side::buy;
  std::string_view product;   ///< CNC: delivery; of shares anything else: intraday
  double turnover = 0;        ///< rupees, all fills of the order so far; of options the premium
  double square_off_fee = 0;  ///< rupees before GST; 0: not squared off by the broker
};

/// The charges of one order so far, at the rates in force on `date`: cumulative, so that the parts
/// of an order do not round up on their own.
Charges charges_of(const ChargedOrder& order, market::IstDate date) noexcept;

}  // namespace tapedeck::execution
