// What passes between the strategy engine and whoever carries its decisions out: the wish for an
// order, and what became of it. Plain data.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::strategy {

enum class Side { buy, sell };
inline std::string_view to_string(Side side) noexcept {
  return side == Side::buy ? "BUY" : "SELL";
}
inline std::int64_t signed_qty(Side side, std::int64_t qty) noexcept {
  return side == Side::buy ? qty : -qty;
}

enum class OrderType { market, limit, sl, sl_m };
inline std::string_view to_string(OrderType type) noexcept {
  switch (type) {
    case OrderType::market:
      return "MARKET";
    case OrderType::limit:
      return "LIMIT";
    case OrderType::sl:
      return "SL";
    case OrderType::sl_m:
      break;
  }
  return "SL-M";
}

enum class Validity { day, ioc };
inline std::string_view to_string(Validity validity) noexcept {
  return validity == Validity::day ? "DAY" : "IOC";
}

struct OrderIntent {
  std::string strategy;
  std::string signal_exchange;  ///< with signal_symbol; empty: InstrumentTable::find decides
  std::string signal_symbol;    ///< whose candles decided
  std::string order_exchange;   ///< with order_symbol; empty: InstrumentTable::find decides
  std::string order_symbol;     ///< what is to be bought or sold
  Side side = Side::buy;
  std::int64_t qty = 0;  ///< units, not lots
  OrderType type = OrderType::market;
  double limit_price = 0;    ///< of LIMIT and SL
  double trigger_price = 0;  ///< of SL and SL-M
  Validity validity = Validity::day;
  /// How far a MARKET or SL-M order may go from the last price, in percent; -1: the broker decides.
  double market_protection_pct = -1;
  double reference_price = 0;  ///< of the signal's symbol at the decision
  bool is_exit = false;
  /// Of an entry: whoever decided it watches a stop of its own, so that the position is protected
  /// without a stop order.
  bool stop_watched = false;
  std::string product = "MIS";
  std::string reason;
  std::string correlation_id;
  std::string round_trip_id;
  Timestamp decided_at{};
  std::string basket_id;  ///< shared by the legs of a basket
  std::string algo_id;    ///< the exchange's id of the algorithm, where there is one
};

/// News about an order that came from an intent. Views are valid during the call.
struct OrderNews {
  std::string_view strategy;
  std::string_view signal_exchange;
  std::string_view signal_symbol;
  std::string_view order_exchange;
  std::string_view order_symbol;
  std::string_view correlation_id;
  Timestamp at{};
  bool finished = false;           ///< no more will come for this order
  std::int64_t position_size = 0;  ///< of the ordered symbol, after this
  /// When this fill closed the position: what the round trip made, after charges.
  std::optional<double> trade_pnl;
  std::string_view order_id{};  ///< of the order the intent became; of a sliced one the parent
};

/// Rupees for people: whole paise. For what is published, not for what is added up.
inline double to_paise(double rupees) noexcept {
  return std::round(rupees * 100.0) / 100.0 + 0.0;
}

/// Profit and loss of one strategy or of all.
struct Pnl {
  double realized = 0;  ///< since the books began, before charges
  double unrealized = 0;
  double charges = 0;
  double margin_used = 0;
  double margin_available = 0;
  std::int64_t open_positions = 0;
  double day_net = 0;  ///< since the session date began: realized and unrealized less charges
  double total() const noexcept { return realized + unrealized; }
  double net() const noexcept { return total() - charges; }
};

/// Who knows it.
class PnlSource {
 public:
  virtual ~PnlSource() = default;
  /// @param strategy empty: of all strategies together
  virtual Pnl pnl(std::string_view strategy) const = 0;
};

/// Why an order would not be sent.
struct RiskRefusal {
  /// veto_code and reject_code: margin, circuit_limit, freeze_qty, rate_limit, kill_switch,
  /// max_quantity, max_notional, max_open_orders, price_band
  std::string_view code;
  std::string reason;  ///< a sentence with the figures
};

/// Who can say so beforehand: the gate every order passes. Asking counts nothing and sends nothing.
class RiskGate {
 public:
  virtual ~RiskGate() = default;
  virtual std::optional<RiskRefusal> refusal_of(const OrderIntent& intent, Timestamp now) const = 0;
};

}  // namespace tapedeck::strategy
