#include "execution/order_slicer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tapedeck::execution {
namespace {

using enum OrderStatus;

bool any_is(std::span<const Order* const> children, OrderStatus status) {
  return std::any_of(children.begin(), children.end(),
                     [&](const Order* child) { return child->status == status; });
}

std::int64_t filled_of(std::span<const Order* const> children) {
  std::int64_t filled = 0;
  for (const Order* child : children) filled += child->filled;
  return filled;
}

OrderStatus working_state(std::span<const Order* const> children) {
  if (any_is(children, unknown)) return unknown;
  if (filled_of(children) > 0) return partially_filled;
  constexpr std::array kFurthest{cancel_pending, modify_pending, open, trigger_pending,
                                 acknowledged};
  for (const OrderStatus status : kFurthest) {
    if (any_is(children, status)) return status;
  }
  return submitted;
}

OrderStatus final_state(std::span<const Order* const> children, std::int64_t filled) {
  const bool all_rejected =
      filled == 0 && std::all_of(children.begin(), children.end(),
                                 [](const Order* child) { return child->status == rejected; });
  if (all_rejected) return rejected;
  if (any_is(children, error)) return error;
  return any_is(children, expired) ? expired : cancelled;
}

}  // namespace

std::vector<std::int64_t> slices_of(std::int64_t qty, const market::InstrumentInfo& instrument,
                                    std::int64_t max_slices) {
  const std::int64_t freeze = instrument.freeze_qty;
  if (freeze <= 0 || qty <= freeze) return {qty};
  const std::int64_t lot = std::max<std::int64_t>(instrument.lot_size, 1);
  const std::int64_t most = freeze / lot * lot;
  if (most == 0 || (qty - 1) / most >= max_slices) return {};
  std::vector<std::int64_t> slices;
  for (std::int64_t left = qty; left > 0; left -= most) slices.push_back(std::min(left, most));
  return slices;
}

ParentState parent_state(std::span<const Order* const> children, std::int64_t parent_qty) {
  const bool finished = std::all_of(children.begin(), children.end(),
                                    [](const Order* child) { return is_final(child->status); });
  ParentState state;
  if (!finished) {
    state.status = working_state(children);
    return state;
  }
  const std::int64_t filled = filled_of(children);
  if (filled >= parent_qty) {
    state.status = OrderStatus::filled;
    return state;
  }
  state.status = final_state(children, filled);
  const auto failed = std::find_if(children.begin(), children.end(), [](const Order* child) {
    return child->status != OrderStatus::filled;
  });
  state.reason =
      fmt::format("{} of {} filled; slice {} of {} is {}", filled, parent_qty,
                  (*failed)->request.slice_no, children.size(), to_string((*failed)->status));
  return state;
}

}  // namespace tapedeck::execution
