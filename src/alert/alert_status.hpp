// What there is to see of rules and alerts, and how much of them there may be. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alert/notification.hpp"
#include "alert/rule.hpp"

namespace tapedeck::alert {

struct AlertLimits {
  std::size_t max_rules = 5000;
  std::size_t max_groups = 10'000;  ///< of a rule; beyond it new ones are counted, not watched
  /// Of a rule: alert_events and notifications of `firing`. What is over is counted and told with
  /// the next one.
  std::size_t max_firings_per_minute = 60;
  std::size_t max_resolved = 1000;  ///< alerts that are over and still listed, all rules together
  std::chrono::milliseconds save_interval{1000};  ///< at most so much is evaluated again after kill
};

/// Where a rule comes from.
enum class Origin : std::uint8_t { config, api };

struct RuleStatus {
  Rule rule;
  Origin origin = Origin::config;
  std::size_t firing = 0;  ///< groups
  std::size_t pending = 0;
  std::uint64_t matches_total = 0;  ///< since the process began
  std::uint64_t firings_total = 0;
  std::uint64_t suppressed_total = 0;      ///< by cooldown, silence or max_firings_per_minute
  std::uint64_t dropped_groups_total = 0;  ///< beyond max_groups
  std::int64_t last_fired_ns = 0;          ///< 0: never since it was made
  std::int64_t silenced_until_ns = 0;      ///< the whole rule; 0: not
};

enum class AlertState : std::uint8_t { pending, firing, resolved };
std::string_view to_string(AlertState state) noexcept;

/// One group of a rule.
struct AlertStatus {
  std::string alert_id;  ///< names this time that it fired; empty while pending
  std::string rule;
  AlertState state = AlertState::pending;
  Severity severity = Severity::warning;
  Group group;
  std::string summary;
  std::optional<double> value;
  std::string event_id;
  std::int64_t since_ns = 0;  ///< when the condition began to hold
  std::int64_t fired_ns = 0;
  std::int64_t resolved_ns = 0;
  std::uint64_t suppressed = 0;
  std::string acknowledged_by;  ///< empty: nobody did
  std::int64_t acknowledged_ns = 0;
  std::int64_t silenced_until_ns = 0;  ///< 0: not
};

}  // namespace tapedeck::alert
