// Notification: one thing to be told to one target, as it is kept, ordered, formatted and sent.
// Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/rule.hpp"
#include "base/error.hpp"

namespace tapedeck::alert {

/// A group's values by the names of group_by, in that order.
using Group = std::vector<std::pair<std::string, std::string>>;

struct Notification {
  /// Names the delivery: the same on every attempt and after a crash. Printable, at most 100 bytes.
  std::string id;
  std::string target;  ///< as in Rule::notify
  std::string rule;
  std::string alert_id;  ///< the same for what fires and what resolves it
  std::string state;     ///< firing, resolved, test
  Severity severity = Severity::warning;
  std::string summary;
  std::string description;
  Group group;
  std::optional<double> value;
  std::string event_id;    ///< what made it fire; empty: nothing did (absence)
  std::string event_json;  ///< that event; may be empty
  std::int64_t at_ns = 0;  ///< when it was decided, UTC
  std::int64_t started_ns = 0;
  std::int64_t resolved_ns = 0;  ///< of state resolved
  std::uint64_t suppressed = 0;  ///< matches since the last one that were not told
};

/// One line of JSON that parse_notification reads.
std::string notification_json(const Notification& notification);
/// Error code: malformed_json.
Result<Notification> parse_notification(std::string_view json);

}  // namespace tapedeck::alert
