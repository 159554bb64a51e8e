// Orders above the freeze quantity: how they are cut, and what their parent's state is.
// Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "execution/order.hpp"

namespace tapedeck::execution {

/// The quantities an order is sent in: itself, or whole lots of at most the freeze quantity.
/// @return empty when it cannot be cut into `max_slices`
std::vector<std::int64_t> slices_of(std::int64_t qty, const market::InstrumentInfo& instrument,
                                    std::int64_t max_slices);

struct ParentState {
  OrderStatus status = OrderStatus::submitted;
  std::string reason;
  std::string reject_code;
};

/// While a child is at work: `unknown` if one is, else `partially_filled` once there is a fill,
/// else what the child furthest from its end says. At the end: `filled` when all is filled;
/// `rejected` when nothing is and every child was; else `error`, `expired` or `cancelled`, the
/// first that any child is (a child that was rejected counts as cancelled), the reason naming how
/// much was filled and the first slice that failed.
ParentState parent_state(std::span<const Order* const> children, std::int64_t parent_qty);

}  // namespace tapedeck::execution
