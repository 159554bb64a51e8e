#include "alert/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alert/json_text.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::size_t kRulesInSummary = 5;

std::string summary_of(const Message& bundle) {
  std::vector<std::pair<std::string, std::uint64_t>> rules(bundle.rules.begin(),
                                                           bundle.rules.end());
  std::stable_sort(rules.begin(), rules.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string names;
  for (std::size_t i = 0; i < std::min(rules.size(), kRulesInSummary); ++i) {
    names += fmt::format("{}{} ({})", i == 0 ? "" : ", ", rules[i].first, rules[i].second);
  }
  const std::size_t more = rules.size() - std::min(rules.size(), kRulesInSummary);
  return fmt::format("{} alerts: {}{}", bundle.messages, names,
                     more == 0 ? "" : fmt::format(" and {} more rules", more));
}

}  // namespace

std::string tally_json(const Tally& tally) {
  std::string out;
  JsonObject object(out);
  for (const auto& [name, count] : tally) object.raw(name, fmt::to_string(count));
  object.end();
  return out;
}

Message make_bundle(std::vector<Notification> parts, Format format, std::string id) {
  Message bundle;
  bundle.messages = parts.size();
  Notification& own = bundle.notification;
  own.id = std::move(id);
  own.target = parts.front().target;
  own.at_ns = parts.front().at_ns;
  own.state = "digest";
  own.severity = Severity::info;
  for (Notification& part : parts) {
    ++bundle.rules[part.rule];
    ++bundle.severities[std::string(to_string(part.severity))];
    ++bundle.states[part.state];
    own.severity = std::max(own.severity, part.severity);
    own.suppressed += part.suppressed;
    bundle.part_ids.push_back(part.id);
    part.event_json.clear();
  }
  if (format != Format::alertmanager && parts.size() > Message::kShownInDigest) {
    parts.resize(Message::kShownInDigest);
  }
  bundle.parts = std::move(parts);
  own.summary = summary_of(bundle);
  return bundle;
}

}  // namespace tapedeck::alert
