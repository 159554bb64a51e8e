// Makes of what fires and is over what is published and what is sent. Pure but for publishing.
#pragma once

#include <string>
#include <string_view>

#include "alert/evaluator.hpp"
#include "alert/notification.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::alert {

/// Publishes a change as `alert_event`.
void publish_change(TelemetryBus& bus, SourceId source, const AlertChange& change);

/// What people did: `alert_action` {rule, action, group?, by?, until?, reason?}.
struct Action {
  std::string_view rule;
  std::string_view name;         ///< acknowledge, silence, unsilence
  const Group* group = nullptr;  ///< nullptr: all of the rule
  std::string_view by{};
  std::int64_t until_ns = 0;  ///< 0: none
  std::string_view reason{};
};
void publish_action(TelemetryBus& bus, SourceId source, const Action& action);

/// A change for one target. @param now_ns UTC, when it was decided
Notification notification_of(const AlertChange& change, const std::string& target,
                             std::int64_t now_ns);

/// A name for a delivery; the same for the same things.
std::string delivery_id(std::string_view alert_id, std::string_view what, std::string_view target);

}  // namespace tapedeck::alert
