// What a trade costs besides its price: brokerage, taxes and fees of Indian intraday equity and
// futures, as a dated table. Pure functions, any thread.
#pragma once

#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"

namespace tapedeck::execution {

/// In rupees, each item rounded to the paisa.
struct Charges {
  double brokerage = 0;
  double stt = 0;       ///< securities transaction tax
  double exchange = 0;  ///< the exchange's transaction charge
  double sebi = 0;      ///< the regulator's turnover fee
  double stamp = 0;     ///< stamp duty, on buys
  double gst = 0;       ///< on brokerage, exchange and SEBI fees
  double total() const noexcept { return brokerage + stt + exchange + sebi + stamp + gst; }
};

/// The charges of one order whose fills are worth `turnover` rupees so far; the rates are those in
/// force on `date`. STT is rounded to the rupee, as contract notes do.
Charges charges_of(const market::InstrumentInfo& instrument, strategy::Side side, double turnover,
                   market::IstDate date) noexcept;

}  // namespace tapedeck::execution
