#include "server/alert_json.hpp"

#include <fmt/format.h>

#include <array>

#include "alert/target.hpp"
#include "event/json_writer.hpp"
#include "server/json_text.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

std::string number_json(std::optional<double> number) {
  if (!number) return "null";
  std::array<char, json::kMaxNumber> text{};
  return {text.data(), json::write_number(text.data(), *number)};
}

/// null for what is not there
std::string text_json(std::string_view text) {
  return text.empty() ? std::string("null") : json::quoted(text);
}

std::string flag_json(bool flag) {
  return flag ? "true" : "false";
}

std::string group_json(const alert::Group& group) {
  JsonObject out;
  for (const auto& [name, value] : group) out.text(name, value);
  return out.json();
}

/// `{"ok":true,…}` and a line feed.
std::string answer_json(std::string_view members) {
  return fmt::format("{{\"ok\":true,{}}}\n", members);
}

std::string episode_json(const alert::BacktestEpisode& episode) {
  return JsonObject()
      .add("group", group_json(episode.group))
      .text("summary", episode.summary)
      .add("value", number_json(episode.value))
      .add("event_id", text_json(episode.event_id))
      .add("fired_at", moment_json(episode.fired_ns))
      .add("resolved_at", moment_json(episode.resolved_ns))
      .add("suppressed", std::to_string(episode.suppressed))
      .json();
}

}  // namespace

std::string moment_json(std::int64_t ns) {
  return ns == 0 ? std::string("null") : json::quoted(format_rfc3339(from_ns(ns)));
}

std::string rule_status_json(const alert::RuleStatus& status, Addresses addresses) {
  return JsonObject()
      .text("name", status.rule.name)
      .text("origin", status.origin == alert::Origin::config ? "config" : "api")
      .add("enabled", flag_json(status.rule.enabled))
      .text("severity", alert::to_string(status.rule.severity))
      .add("definition", alert::rule_json(status.rule, addresses == Addresses::hidden))
      .add("firing", std::to_string(status.firing))
      .add("pending", std::to_string(status.pending))
      .add("matches_total", std::to_string(status.matches_total))
      .add("firings_total", std::to_string(status.firings_total))
      .add("suppressed_total", std::to_string(status.suppressed_total))
      .add("dropped_groups_total", std::to_string(status.dropped_groups_total))
      .add("last_fired_at", moment_json(status.last_fired_ns))
      .add("silenced_until", moment_json(status.silenced_until_ns))
      .json();
}

std::string alert_status_json(const alert::AlertStatus& status) {
  return JsonObject()
      .add("alert_id", text_json(status.alert_id))
      .text("rule", status.rule)
      .text("state", alert::to_string(status.state))
      .text("severity", alert::to_string(status.severity))
      .add("group", group_json(status.group))
      .text("summary", status.summary)
      .add("value", number_json(status.value))
      .add("event_id", text_json(status.event_id))
      .add("since", moment_json(status.since_ns))
      .add("fired_at", moment_json(status.fired_ns))
      .add("resolved_at", moment_json(status.resolved_ns))
      .add("suppressed", std::to_string(status.suppressed))
      .add("acknowledged_by", text_json(status.acknowledged_by))
      .add("acknowledged_at", moment_json(status.acknowledged_ns))
      .add("silenced_until", moment_json(status.silenced_until_ns))
      .json();
}

std::string target_status_json(const alert::TargetStatus& status) {
  return JsonObject()
      .text("name", status.name)
      .text("format", alert::to_string(status.format))
      .add("queued", std::to_string(status.queued))
      .add("dead", std::to_string(status.dead))
      .add("delivered_total", std::to_string(status.delivered_total))
      .add("failed_total", std::to_string(status.failed_total))
      .add("digests_total", std::to_string(status.digests_total))
      .add("last_delivered_at", moment_json(status.last_delivered_ns))
      .add("last_error", text_json(status.last_error))
      .json();
}

std::string alert_figures_json(const alert::AlertFigures& figures) {
  return JsonObject()
      .add("rules", std::to_string(figures.rules))
      .add("pending", std::to_string(figures.pending))
      .add("firing", std::to_string(figures.firing))
      .add("events_total", std::to_string(figures.events_total))
      .add("old_total", std::to_string(figures.old_total))
      .add("missed_total", std::to_string(figures.missed_total))
      .add("behind", std::to_string(figures.behind))
      .add("firings_total", std::to_string(figures.firings_total))
      .add("suppressed_total", std::to_string(figures.suppressed_total))
      .add("problem", text_json(figures.problem))
      .json();
}

std::string delivery_json(const alert::Delivery& delivery) {
  const alert::Notification& told = delivery.notification;
  return JsonObject()
      .text("id", told.id)
      .add("number", std::to_string(delivery.number))
      .text("state", delivery.dead ? "dead" : "queued")
      .text("target", alert::shown_target(told.target))
      .text("rule", told.rule)
      .add("alert_id", text_json(told.alert_id))
      .text("alert_state", told.state)
      .text("severity", alert::to_string(told.severity))
      .text("summary", told.summary)
      .add("group", group_json(told.group))
      .add("messages", std::to_string(delivery.messages))
      .add("attempts", std::to_string(delivery.attempts))
      .add("last_error", text_json(delivery.last_error))
      .add("decided_at", moment_json(told.at_ns))
      .add("next_try_at", moment_json(delivery.dead ? 0 : delivery.next_try_ns))
      .json();
}

std::string backtest_json(std::string_view rule, const alert::BacktestResult& result) {
  JsonArray episodes;
  for (const alert::BacktestEpisode& episode : result.episodes) episodes.add(episode_json(episode));
  const std::string found = JsonObject()
                                .text("name", rule)
                                .add("since", moment_json(result.from_ns))
                                .add("until", moment_json(result.until_ns))
                                .add("events", std::to_string(result.events))
                                .add("matches", std::to_string(result.matches))
                                .add("firings", std::to_string(result.firings))
                                .add("suppressed", std::to_string(result.suppressed))
                                .add("dropped_groups", std::to_string(result.dropped_groups))
                                .add("missing", std::to_string(result.missing))
                                .add("episodes", episodes.json())
                                .json();
  return answer_json(fmt::format("\"backtest\":{}", found));
}

std::string sent_json(std::string_view rule, const SentMessages& sent) {
  JsonArray targets;
  for (const auto& [target, error] : sent) {
    targets.add(JsonObject()
                    .text("target", target)
                    .add("delivered", flag_json(!error))
                    .add("error", error ? json::quoted(error->message) : "null")
                    .json());
  }
  return answer_json(fmt::format("\"name\":{},\"sent\":{}", json::quoted(rule), targets.json()));
}

}  // namespace tapedeck
