// DeliveryEntry: a message on its way to a target, and how it is kept in the store.
// Plain data; belongs to whoever holds the queue.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/message.hpp"
#include "base/error.hpp"

namespace tapedeck::alert {

struct DeliveryEntry {
  using Clock = std::chrono::steady_clock;

  std::uint64_t number = 0;  ///< grows in the order they were sent
  Message message;
  unsigned attempts = 0;
  std::string last_error;
  std::int64_t queued_ns = 0;    ///< wall clock; since when it is tried
  std::int64_t next_try_ns = 0;  ///< wall clock, for people
  Clock::time_point started{};   ///< the last attempt
  Clock::time_point not_before{};
  Clock::time_point deadline{};  ///< after it, an attempt that fails is the last
  bool in_flight = false;
  bool discarded = false;  ///< while in flight: it is not tried again

  const std::string& id() const noexcept { return message.notification.id; }
  const std::string& target() const noexcept { return message.notification.target; }
  /// Sorts by number; unique.
  std::string stored_name() const;
  /// Whether it is about a rule; of several, whether one of them is.
  bool is_about(std::string_view rule) const;
};

std::string entry_json(const DeliveryEntry& entry);
/// All but the times of this process. Error code: malformed_json.
Result<DeliveryEntry> parse_entry(std::string_view json);

}  // namespace tapedeck::alert
