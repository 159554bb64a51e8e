#include "alert/alert_news.hpp"

#include <fmt/format.h>

#include <array>

#include "filter/value_expression.hpp"

namespace tapedeck::alert {
namespace {

/// Larger events are named by their id only.
constexpr std::size_t kMaxEventBytes = 8192;

/// What an alert_event takes over, so that filters find it beside what it is about.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kTakenOver{{
    {"symbol", "payload.symbol"},
    {"exchange", "payload.exchange"},
    {"strategy", "payload.strategy"},
    {"strategy_name", "payload.strategy_name"},
    {"engine_name", "payload.engine_name"},
    {"order_id", "payload.order_id"},
    {"correlation_id", "payload.correlation_id"},
}};

std::optional<std::string> value_in(const Group& group, std::string_view name,
                                    std::string_view path) {
  for (const auto& [key, value] : group) {
    const bool same = key == name || key == path || (key == "engine" && name == "engine_name");
    if (same && !value.empty()) return value;
  }
  return std::nullopt;
}

std::optional<std::string> value_in(const HeldEvent& event, std::string_view path) {
  const auto field = ValueExpression::compile(path);
  return field ? (*field)->to_text(event.frame.data(), event.index) : std::nullopt;
}

Map group_map(const Group& group) {
  Map map;
  for (const auto& [name, value] : group) map.set(name, value);
  return map;
}

std::string time_text(std::int64_t ns) {
  return format_rfc3339(from_ns(ns));
}

}  // namespace

void publish_change(TelemetryBus& bus, SourceId source, const AlertChange& change) {
  const AlertStatus& status = change.status;
  Map extra;
  extra.set("alert_id", status.alert_id).set("started_at", time_text(status.since_ns));
  if (!status.group.empty()) extra.set("group", group_map(status.group));
  if (status.state == AlertState::resolved) extra.set("resolved_at", time_text(status.resolved_ns));
  if (status.suppressed > 0) extra.set("suppressed", status.suppressed);
  for (const auto& [name, path] : kTakenOver) {
    auto value = value_in(status.group, name, path);
    if (!value && change.event != nullptr) value = value_in(*change.event, path);
    if (value) extra.set(name, *value);
  }
  bus.publish(AlertEvent{.rule = status.rule,
                         .state = to_string(status.state),
                         .severity = to_string(status.severity),
                         .summary = status.summary,
                         .value = status.value,
                         .event_id = status.event_id,
                         .extra = extra},
              kNow, source);
}

void publish_action(TelemetryBus& bus, SourceId source, const Action& action) {
  Map payload;
  payload.set("rule", action.rule).set("action", action.name);
  if (action.group != nullptr) payload.set("group", group_map(*action.group));
  if (!action.by.empty()) payload.set("by", action.by);
  if (action.until_ns != 0) payload.set("until", time_text(action.until_ns));
  if (!action.reason.empty()) payload.set("reason", action.reason);
  bus.publish(GenericEvent{.event_type = "alert_action", .payload = payload}, kNow, source);
}

std::string delivery_id(std::string_view alert_id, std::string_view what, std::string_view target) {
  std::uint32_t hash = 2166136261U;  // FNV-1a; the target itself may be a secret
  for (const char c : target) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return fmt::format("{}-{}-{:08x}", alert_id, what, hash);
}

Notification notification_of(const AlertChange& change, const std::string& target,
                             std::int64_t now_ns) {
  const AlertStatus& status = change.status;
  const bool resolved = status.state == AlertState::resolved;
  Notification out;
  // With `every` an alert is told again for each match: the event tells them apart.
  out.id = delivery_id(status.alert_id,
                       resolved ? "resolved" : "firing-" + status.event_id.substr(0, 48), target);
  out.target = target;
  out.rule = status.rule;
  out.alert_id = status.alert_id;
  out.state = to_string(status.state);
  out.severity = status.severity;
  out.summary = status.summary;
  out.description = change.rule->rule.description;
  out.group = status.group;
  out.value = status.value;
  out.event_id = status.event_id;
  if (change.event != nullptr && change.event->json().size() <= kMaxEventBytes) {
    out.event_json = change.event->json();
  }
  out.at_ns = now_ns;
  out.started_ns = status.since_ns;
  out.resolved_ns = resolved ? status.resolved_ns : 0;
  out.suppressed = status.suppressed;
  return out;
}

}  // namespace tapedeck::alert
