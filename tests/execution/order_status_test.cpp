#include "tapedeck/execution/order_status.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace tapedeck::execution {
namespace {

/// The whole table as words: from a state to every state that may follow.
const std::map<std::string, std::set<std::string>> kFollowers{
    {"new", {"submitted", "cancelled", "rejected", "error"}},
    {"submitted",
     {"acknowledged", "open", "trigger_pending", "partially_filled", "filled", "cancel_pending",
      "cancelled", "rejected", "expired", "unknown", "error"}},
    {"acknowledged",
     {"open", "trigger_pending", "modify_pending", "cancel_pending", "partially_filled", "filled",
      "cancelled", "rejected", "expired", "unknown", "error"}},
    {"open",
     {"modify_pending", "cancel_pending", "partially_filled", "filled", "cancelled", "rejected",
      "expired", "unknown", "error"}},
    {"trigger_pending",
     {"open", "modify_pending", "cancel_pending", "partially_filled", "filled", "cancelled",
      "rejected", "expired", "unknown", "error"}},
    {"partially_filled",
     {"open", "modify_pending", "cancel_pending", "partially_filled", "filled", "cancelled",
      "rejected", "expired", "unknown", "error"}},
    {"modify_pending",
     {"open", "trigger_pending", "partially_filled", "filled", "cancel_pending", "cancelled",
      "rejected", "expired", "unknown", "error"}},
    {"cancel_pending",
     {"open", "trigger_pending", "partially_filled", "filled", "cancelled", "rejected", "expired",
      "unknown", "error"}},
    {"unknown",
     {"acknowledged", "open", "trigger_pending", "partially_filled", "filled", "cancel_pending",
      "cancelled", "rejected", "expired", "error"}},
    {"filled", {}},
    {"cancelled", {}},
    {"rejected", {}},
    {"expired", {}},
    {"error", {}},
};

TEST(OrderStatus, EveryPairOfStatesFollowsTheTable) {
  ASSERT_EQ(kFollowers.size(), kOrderStatuses.size());
  for (const OrderStatus from : kOrderStatuses) {
    const auto& followers = kFollowers.at(std::string(to_string(from)));
    for (const OrderStatus to : kOrderStatuses) {
      EXPECT_EQ(can_follow(from, to), followers.contains(std::string(to_string(to))))
          << to_string(from) << " to " << to_string(to);
    }
    EXPECT_EQ(is_final(from), followers.empty()) << to_string(from);
  }
}

}  // namespace
}  // namespace tapedeck::execution
