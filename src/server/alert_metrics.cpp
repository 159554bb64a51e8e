#include "server/alert_metrics.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {
namespace {

using Type = MetricsText::Type;

constexpr std::size_t kSeverities = 3;
using BySeverity = std::array<std::uint64_t, kSeverities>;

void write_by_severity(MetricsText& out, std::string_view name, std::string_view help,
                       const BySeverity& counts) {
  out.family(name, Type::gauge, help);
  for (std::size_t i = 0; i < kSeverities; ++i) {
    out.value({{"severity", alert::to_string(static_cast<alert::Severity>(i))}}, counts[i]);
  }
}

void write_states(MetricsText& out, const std::vector<alert::RuleStatus>& rules) {
  BySeverity firing{}, pending{};
  for (const alert::RuleStatus& status : rules) {
    const auto severity = static_cast<std::size_t>(status.rule.severity);
    firing[severity] += status.firing;
    pending[severity] += status.pending;
  }
  write_by_severity(out, "tapedeck_alerts_firing", "Groups of alert rules that fire.", firing);
  write_by_severity(out, "tapedeck_alerts_pending",
                    "Groups whose condition holds, if not for long enough yet.", pending);
}

void write_figures(MetricsText& out, const alert::AlertFigures& figures) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::counter, help, value);
  };
  out.one("tapedeck_alert_rules", Type::gauge, "Alert rules.", std::uint64_t{figures.rules});
  counter("tapedeck_alert_firings_total", "Times that alert rules fired.", figures.firings_total);
  counter("tapedeck_alert_suppressed_total",
          "Firings that were not told: cooldown, silence, or too many a minute.",
          figures.suppressed_total);
  counter("tapedeck_alert_events_total", "Events that alert rules looked at.",
          figures.events_total);
  counter("tapedeck_alert_events_old_total",
          "Events that alert rules matched, but that were too old to fire.", figures.old_total);
  counter("tapedeck_alert_events_missed_total",
          "Events that were gone before alert rules could look at them.", figures.missed_total);
  out.one("tapedeck_alert_events_behind", Type::gauge,
          "Events that alert rules have not looked at yet.", figures.behind);
  out.one("tapedeck_alert_state_degraded", Type::gauge,
          "1 while the state of alerts cannot be kept over a restart.",
          std::uint64_t{figures.problem.empty() ? 0U : 1U});
}

struct TargetFigure {
  std::string_view name;
  Type type;
  std::string_view help;
  std::uint64_t (*value)(const alert::TargetStatus& target);
};

constexpr std::array kTargetFigures = {
    TargetFigure{"tapedeck_alert_deliveries_queued", Type::gauge,
                 "Notifications that wait to be delivered.",
                 [](const alert::TargetStatus& target) { return std::uint64_t{target.queued}; }},
    TargetFigure{"tapedeck_alert_deliveries_dead", Type::gauge,
                 "Notifications that were given up; they can be sent again.",
                 [](const alert::TargetStatus& target) { return std::uint64_t{target.dead}; }},
    TargetFigure{"tapedeck_alert_deliveries_delivered_total", Type::counter,
                 "Notifications that a target has taken.",
                 [](const alert::TargetStatus& target) { return target.delivered_total; }},
    TargetFigure{"tapedeck_alert_deliveries_failed_total", Type::counter,
                 "Attempts to deliver that failed.",
                 [](const alert::TargetStatus& target) { return target.failed_total; }}};

void write_targets(MetricsText& out, const std::vector<alert::TargetStatus>& targets) {
  for (const TargetFigure& figure : kTargetFigures) {
    std::map<std::string_view, std::uint64_t> by_name;
    for (const alert::TargetStatus& target : targets) by_name[target.name] += figure.value(target);
    if (by_name.empty()) continue;
    out.family(figure.name, figure.type, figure.help);
    for (const auto& [name, value] : by_name) out.value({{"target", name}}, value);
  }
}

}  // namespace

void write_alert_metrics(MetricsText& out, alert::AlertService& alerts) {
  write_states(out, alerts.rules());
  write_figures(out, alerts.figures());
  write_targets(out, alerts.deliveries().targets());
  out.one("tapedeck_alert_last_delivery_seconds", Type::gauge,
          "From the decision that an alert fires until its target had taken it, of the last one.",
          static_cast<double>(alerts.deliveries().last_latency_ns()) / 1e9);
}

}  // namespace tapedeck
