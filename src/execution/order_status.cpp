#include "tapedeck/execution/order_status.hpp"

#include <cstdint>
#include <initializer_list>

namespace tapedeck::execution {
namespace {

using enum OrderStatus;

constexpr std::uint32_t bits(std::initializer_list<OrderStatus> all) {
  std::uint32_t set = 0;
  for (const OrderStatus status : all) set |= 1U << static_cast<unsigned>(status);
  return set;
}

/// What ends an order that the broker has, or leaves its end open.
constexpr std::uint32_t kEnds = bits({cancelled, rejected, expired, unknown, error});
/// What a working order may become.
constexpr std::uint32_t kWorking =
    kEnds | bits({partially_filled, filled, modify_pending, cancel_pending});

constexpr std::uint32_t followers(OrderStatus from) {
  switch (from) {
    case created:
      return bits({submitted, cancelled, rejected, error});
    case submitted:
      return bits({acknowledged, open, trigger_pending, partially_filled, filled, cancel_pending}) |
             kEnds;
    case acknowledged:
      return bits({open, trigger_pending}) | kWorking;
    case open:
      return kWorking;
    case trigger_pending:
    case partially_filled:  // open: a modification of the rest was accepted
      return bits({open}) | kWorking;
    case modify_pending:
      return bits({open, trigger_pending, partially_filled, filled, cancel_pending}) | kEnds;
    case cancel_pending:  // the cancellation may be refused
      return bits({open, trigger_pending, partially_filled, filled}) | kEnds;
    case unknown:  // whatever the broker says it is
      return bits({acknowledged, open, trigger_pending, partially_filled, filled, cancel_pending,
                   cancelled, rejected, expired, error});
    case filled:
    case cancelled:
    case rejected:
    case expired:
    case error:
      break;
  }
  return 0;
}

}  // namespace

std::string_view to_string(OrderStatus status) noexcept {
  switch (status) {
    case created:
      return "new";
    case submitted:
      return "submitted";
    case acknowledged:
      return "acknowledged";
    case open:
      return "open";
    case trigger_pending:
      return "trigger_pending";
    case modify_pending:
      return "modify_pending";
    case cancel_pending:
      return "cancel_pending";
    case partially_filled:
      return "partially_filled";
    case filled:
      return "filled";
    case cancelled:
      return "cancelled";
    case rejected:
      return "rejected";
    case expired:
      return "expired";
    case unknown:
      return "unknown";
    case error:
      break;
  }
  return "error";
}

bool is_final(OrderStatus status) noexcept {
  return followers(status) == 0;
}

bool can_follow(OrderStatus from, OrderStatus to) noexcept {
  return (followers(from) >> static_cast<unsigned>(to) & 1U) != 0;
}

}  // namespace tapedeck::execution
