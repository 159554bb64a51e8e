// The bodies of requests, format by format.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "alert/json_text.hpp"
#include "alert/message.hpp"
#include "base/machine.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// --- json ---

std::string plain_json(const Notification& n) {
  std::string out;
  JsonObject object(out);
  object.text("delivery", n.id).text("alert_id", n.alert_id).text("rule", n.rule);
  object.text("state", n.state).text("severity", to_string(n.severity));
  object.text("summary", n.summary).text("description", n.description);
  object.raw("group", group_json(n.group)).raw("value", number_json(n.value));
  object.text("event_id", n.event_id).raw("event", n.event_json.empty() ? "null" : n.event_json);
  object.raw("at", time_json(n.at_ns)).raw("started_at", time_json(n.started_ns));
  object.raw("resolved_at", time_json(n.resolved_ns));
  object.raw("suppressed", fmt::to_string(n.suppressed));
  object.end();
  return out;
}

std::string list_of(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ","));
}

std::string digest_json(const Message& message) {
  std::vector<std::string> alerts;
  for (const Notification& part : message.parts) alerts.push_back(plain_json(part));
  std::string out;
  JsonObject object(out);
  object.text("delivery", message.notification.id).text("state", "digest");
  object.raw("messages", fmt::to_string(message.messages));
  object.text("severity", to_string(message.notification.severity));
  object.text("summary", message.notification.summary);
  object.raw("rules", tally_json(message.rules)).raw("severities", tally_json(message.severities));
  object.raw("states", tally_json(message.states)).raw("at", time_json(message.notification.at_ns));
  object.raw("alerts", list_of(alerts));
  object.end();
  return out;
}

// --- for people ---

/// `[critical] feed_stale: …`; of what is no longer so, that it is not, said once.
std::string headline(const Notification& n) {
  if (n.state != "firing" && n.summary.starts_with(n.state)) return n.summary;
  const std::string_view what = n.state == "firing" ? to_string(n.severity) : n.state;
  return fmt::format("[{}] {}", what, n.summary);
}

std::string counted(const Tally& tally) {
  std::string out;
  for (const auto& [name, count] : tally) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count, name);
  }
  return out;
}

/// What there is to say beside the headline, line by line.
std::vector<std::string> details(const Message& message) {
  std::vector<std::string> lines;
  if (message.several()) {
    lines.push_back(fmt::format("{}; {}", counted(message.severities), counted(message.states)));
    for (const Notification& part : message.parts) lines.push_back(headline(part));
    const std::uint64_t more = message.messages - message.parts.size();
    if (more > 0) lines.push_back(fmt::format("and {} more", more));
    return lines;
  }
  const Notification& n = message.notification;
  if (!n.description.empty()) lines.push_back(n.description);
  for (const auto& [name, value] : n.group) lines.push_back(fmt::format("{}: {}", name, value));
  if (n.suppressed > 0) lines.push_back(fmt::format("{} more were not told", n.suppressed));
  lines.push_back(fmt::format("{} {}", n.rule, format_rfc3339(from_ns(n.at_ns))));
  return lines;
}

// --- slack ---

/// https://api.slack.com/reference/surfaces/formatting#escaping
std::string slack_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view colour_of(const Notification& n) {
  if (n.state == "resolved") return "#2e7d32";
  switch (n.severity) {
    case Severity::critical:
      return "#c62828";
    case Severity::warning:
      return "#ef6c00";
    default:
      return "#1565c0";
  }
}

std::string slack_json(const Message& message) {
  std::string attachment;
  JsonObject inner(attachment);
  inner.text("color", colour_of(message.notification));
  inner.text("text", slack_text(fmt::format("{}", fmt::join(details(message), "\n"))));
  inner.end();
  std::string out;
  JsonObject object(out);
  object.text("text", slack_text(headline(message.notification)));
  object.raw("attachments", list_of({attachment}));
  object.end();
  return out;
}

// --- telegram ---

/// As much as a message may have: its length counts UTF-16's units.
/// https://core.telegram.org/bots/api#sendmessage
std::string_view telegram_cut(std::string_view text) {
  constexpr std::size_t kMostUnits = 4096;
  std::size_t units = 0, at = 0;
  while (at < text.size()) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    units += bytes == 4 ? 2 : 1;
    if (units > kMostUnits) break;
    at = std::min(at + bytes, text.size());
  }
  return text.substr(0, at);
}

std::string telegram_json(const Message& message, const Target& target) {
  const std::string text =
      fmt::format("{}\n{}", headline(message.notification), fmt::join(details(message), "\n"));
  std::string out;
  JsonObject object(out);
  object.text("chat_id", target.chat_id).text("text", telegram_cut(text));
  object.raw("disable_web_page_preview", "true");
  object.end();
  return out;
}

// --- alertmanager ---

/// [a-zA-Z_][a-zA-Z0-9_]*
std::string label_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  std::string out;
  for (const char c : name) out += letter(c) || (c >= '0' && c <= '9') ? c : '_';
  if (out.empty() || !letter(out[0])) out.insert(0, 1, '_');
  return out;
}

using Labels = std::map<std::string, std::string>;

std::string labels_json(const Labels& labels) {
  std::string out;
  JsonObject object(out);
  for (const auto& [name, value] : labels) {
    if (!value.empty()) object.text(name, value);  // an empty one is none, to Prometheus
  }
  object.end();
  return out;
}

/// What the alert is told by: the same for what fires and what resolves it.
Labels labels_of(const Notification& n) {
  Labels labels{{"alertname", n.rule},
                {"severity", std::string(to_string(n.severity))},
                {"tapedeck", machine_name()}};
  if (n.state == "test") labels.emplace("tapedeck_test", "true");
  for (const auto& [name, value] : n.group) {
    std::string label = label_name(name);
    while (labels.contains(label)) label += '_';
    labels.emplace(std::move(label), value);
  }
  return labels;
}

std::string alert_json(const Notification& n, const Target& target, std::int64_t now_ns) {
  const Labels annotations{{"summary", n.summary},
                           {"description", n.description},
                           {"value", n.value ? number_json(n.value) : std::string()},
                           {"event_id", n.event_id}};
  std::string out;
  JsonObject object(out);
  object.raw("labels", labels_json(labels_of(n))).raw("annotations", labels_json(annotations));
  if (n.started_ns != 0) object.raw("startsAt", time_json(n.started_ns));
  if (n.state == "resolved") {
    object.raw("endsAt", time_json(n.resolved_ns != 0 ? std::min(n.resolved_ns, now_ns) : now_ns));
  } else if (target.repeat.count() > 0) {  // else Alertmanager's own resolve_timeout
    object.raw("endsAt", time_json(now_ns + 4 * target.repeat.count() * kNsPerSecond));
  }
  object.end();
  return out;
}

std::string alertmanager_json(const Message& message, const Target& target, std::int64_t now_ns) {
  std::vector<std::string> alerts;
  for (const Notification& part : message.parts) alerts.push_back(alert_json(part, target, now_ns));
  if (!message.several()) alerts.push_back(alert_json(message.notification, target, now_ns));
  return list_of(alerts);
}

}  // namespace

std::string webhook_body(const Message& message, const Target& target, std::int64_t now_ns) {
  switch (target.format) {
    case Format::slack:
      return slack_json(message);
    case Format::telegram:
      return telegram_json(message, target);
    case Format::alertmanager:
      return alertmanager_json(message, target, now_ns);
    default:
      return message.several() ? digest_json(message) : plain_json(message.notification);
  }
}

std::string heartbeat_body(std::int64_t now_ns, std::size_t queued, std::size_t dead) {
  std::string out;
  JsonObject object(out);
  object.text("state", "alive").raw("at", time_json(now_ns));
  object.raw("queued", fmt::to_string(queued)).raw("dead", fmt::to_string(dead));
  object.end();
  return out;
}

}  // namespace tapedeck::alert
