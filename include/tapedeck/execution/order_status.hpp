// The life of an order: its states and which may follow which. Pure functions, any thread, a few
// instructions each.
#pragma once

#include <array>
#include <string_view>

namespace tapedeck::execution {

enum class OrderStatus {
  created,  ///< told as `new`
  submitted,
  acknowledged,
  open,
  trigger_pending,
  modify_pending,
  cancel_pending,
  partially_filled,
  filled,
  cancelled,
  rejected,
  expired,
  unknown,  ///< sent, outcome not known
  error,
};

inline constexpr std::array kOrderStatuses{
    OrderStatus::created,         OrderStatus::submitted,
    OrderStatus::acknowledged,    OrderStatus::open,
    OrderStatus::trigger_pending, OrderStatus::modify_pending,
    OrderStatus::cancel_pending,  OrderStatus::partially_filled,
    OrderStatus::filled,          OrderStatus::cancelled,
    OrderStatus::rejected,        OrderStatus::expired,
    OrderStatus::unknown,         OrderStatus::error};

std::string_view to_string(OrderStatus status) noexcept;
/// Whether nothing can follow.
bool is_final(OrderStatus status) noexcept;
/// Whether an order may go from one state to the other.
bool can_follow(OrderStatus from, OrderStatus to) noexcept;

}  // namespace tapedeck::execution
