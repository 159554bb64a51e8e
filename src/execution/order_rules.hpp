// What the exchange and the broker reject of an order as it is written, before any market is asked:
// quantity, lot, freeze quantity, tick, price band, order types. Dated where the rule is.
// Pure functions, one thread.
#pragma once

#include <string>
#include <string_view>

#include "tapedeck/execution/broker.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::execution {

/// Why an order is rejected; an empty code: it is not.
struct OrderRefusal {
  std::string_view code;
  std::string reason;
};

bool has_limit(OrderType type) noexcept;
bool has_trigger(OrderType type) noexcept;
bool is_on_tick(double price, double tick) noexcept;

/// The rules that need no clock but the date.
OrderRefusal rule_broken_by(const OrderRequest& request, const PaperBrokerOptions& options,
                            market::IstDate date);
/// Whether the market takes such an order at that moment.
OrderRefusal closed_for(const OrderRequest& request, const PaperBrokerOptions& options,
                        const market::TradingCalendar& calendar, Timestamp now);

}  // namespace tapedeck::execution
