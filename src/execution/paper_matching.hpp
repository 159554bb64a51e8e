// At which price, if any, the paper market trades with an order. Pure functions, no state.
#pragma once

#include <optional>

#include "tapedeck/execution/broker.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::execution {

/// How an order meets a price.
struct Meeting {
  const OrderRequest& request;
  double limit = 0;      ///< of LIMIT, SL or market protection; 0: none
  bool rests = false;    ///< it has met a price before and waits at its limit
  bool auction = false;  ///< a closing auction: one price for all, no spread, no slippage
};

/// @return nothing when the order's limit is out of reach
std::optional<double> match(const Meeting& meeting, const PriceUpdate& price,
                            const PaperBrokerOptions& options) noexcept;
/// Whether the last trade reaches the trigger.
bool is_triggered(const OrderRequest& request, double price) noexcept;
/// The worst price that market protection leaves, on the tick; 0: there is no protection.
double protected_limit(const OrderRequest& request, double reference, market::IstDate date,
                       const PaperBrokerOptions& options) noexcept;

}  // namespace tapedeck::execution
