#include "app/alert_config_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "alert/json_fields.hpp"
#include "alert/message_text.hpp"
#include "alert/target.hpp"
#include "app/toml_json.hpp"
#include "auth/strict_json.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::app {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMostRules = 100'000, kMostGroups = 1'000'000, kMostFirings = 100'000,
                        kMostResolved = 100'000;
constexpr milliseconds kShortestSave{100}, kLongestSave{60'000};
const std::vector<std::string_view> kLimits{"max_rules", "max_groups", "max_firings_per_minute",
                                            "max_resolved", "save_interval"};

/// As it is written behind `rule` and `target`; never long, never with control characters.
std::string shown_name(std::string_view name) {
  return alert::is_rule_name(name) ? std::string(name) : json::quoted(name.substr(0, 80));
}

/// "max_rules: must be …" of an error whose sentence does not name its key.
std::string with_key(const Error& error) {
  const std::string path = alert::spoken(error.field);
  const std::string_view key = alert::short_name(path);
  return error.message.find(key) != std::string::npos ? error.message
                                                      : fmt::format("{}: {}", path, error.message);
}

}  // namespace

void AlertConfigReader::add_file(const std::string& path, Holds holds) {
  files_.push_back({path});
  const std::size_t file = files_.size() - 1;
  try {
    files_.back().table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    problems_.push_back({file, error.source().begin.line, std::string(error.description())});
    return;
  }
  for (const auto& [key, node] : files_.back().table) {
    if (key.str() == "alerts" && node.is_table()) {
      read_alerts(*node.as_table());
    } else if (key.str() == "alerts") {
      complain({file, &node}, "", "alerts: must be a table.");
    } else if (holds == Holds::alerts_only) {
      complain({file, &node}, "",
               fmt::format("{}: a file of alert rules has tables [alerts…] only.",
                           shown_name(key.str())));
    }
  }
}

void AlertConfigReader::read_alerts(const toml::table& alerts) {
  for (const auto& [key, node] : alerts) {
    if (key.str() == "rules") {
      add_tables(node, "rule", rules_);
    } else if (key.str() == "targets") {
      add_tables(node, "target", targets_);
    } else {
      add("alerts", key.str(), node, settings_);
    }
  }
}

void AlertConfigReader::add_tables(const toml::node& node, std::string_view what, Places& places) {
  const std::size_t file = files_.size() - 1;
  const auto* tables = node.as_table();
  if (tables == nullptr) {
    complain({file, &node}, "", fmt::format("must be tables [alerts.{}s.NAME].", what));
    return;
  }
  for (const auto& [name, table] : *tables) {
    if (table.is_table()) {
      add(what, name.str(), table, places);
    } else {
      complain({file, &table}, "",
               fmt::format("{} {}: must be a table [alerts.{}s.NAME].", what,
                           shown_name(name.str()), what));
    }
  }
}

void AlertConfigReader::add(std::string_view what, std::string_view name, const toml::node& node,
                            Places& places) {
  const Place place{files_.size() - 1, &node};
  const auto [at, is_new] = places.emplace(name, place);
  if (is_new) return;
  const Place& first = at->second;
  complain(place, "",
           fmt::format("{} {}: is there twice; {}:{} has it already.", what, shown_name(name),
                       files_[first.file].path, line_at(*first.node, "")));
}

CheckedAlerts AlertConfigReader::finish(const std::vector<std::string>& allow_addresses) {
  read_limits();
  read_delivery(allow_addresses);
  read_targets();
  read_rules();
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line) < std::tie(b.file, b.line);
  });
  CheckedAlerts out{std::move(config_), {}};
  for (const Problem& problem : problems_) {
    const std::string line = problem.line == 0 ? "" : fmt::format("{}:", problem.line);
    // What no file is to blame for comes behind all of them.
    out.problems.push_back(
        problem.file < files_.size()
            ? fmt::format("{}:{} {}", files_[problem.file].path, line, problem.sentence)
            : problem.sentence);
  }
  return out;
}

// --- settings ---

std::string AlertConfigReader::take_settings(const std::vector<std::string_view>* names) {
  taken_.clear();
  std::string out = "{";
  for (auto at = settings_.begin(); at != settings_.end();) {
    const auto& [name, place] = *at;
    if (names != nullptr && std::find(names->begin(), names->end(), name) == names->end()) {
      ++at;
      continue;
    }
    if (const auto value = toml_to_json(*place.node)) {
      out += fmt::format("{}{}:{}", out.size() == 1 ? "" : ",", json::quoted(name), *value);
    } else {
      complain(place, value.error().field,
               fmt::format("{}: {}", shown_name(name), value.error().message));
    }
    taken_.insert(*at);
    at = settings_.erase(at);
  }
  return out + "}";
}

void AlertConfigReader::complain_setting(const Error& error, const Places& places) {
  const std::string_view field = error.field;
  const std::size_t begin = field.starts_with('/') ? 1 : 0;
  const std::size_t end = std::min(field.find('/', begin), field.size());
  const auto at = places.find(field.substr(begin, end - begin));
  if (at != places.end()) {
    complain(at->second, field.substr(end), with_key(error));
  } else if (!places.empty()) {
    complain(places.begin()->second, "", with_key(error));
  } else {
    problems_.push_back({files_.size(), 0, error.message});
  }
}

void AlertConfigReader::read_limits() {
  const std::string text = take_settings(&kLimits);
  auth::StrictJson document;
  const auto object = document.parse_object(text);
  if (!object) return;  // made above: it is one
  const alert::JsonFields fields(*object, "", "alerts", "invalid_alerts", kLimits);
  alert::AlertLimits& limits = config_.limits;
  const auto guarded = [&](const auto& read) {
    try {
      read();
    } catch (const alert::FieldProblem& problem) {
      complain_setting(problem.error, taken_);
    }
  };
  const auto read = [&](std::string_view name, std::uint64_t least, std::uint64_t most,
                        std::size_t& to) {
    guarded([&] {
      std::uint64_t number = to;
      fields.read(name, number, least, most);
      to = number;
    });
  };
  read("max_rules", 1, kMostRules, limits.max_rules);
  read("max_groups", 1, kMostGroups, limits.max_groups);
  read("max_firings_per_minute", 1, kMostFirings, limits.max_firings_per_minute);
  read("max_resolved", 0, kMostResolved, limits.max_resolved);
  guarded([&] {
    alert::Duration interval = limits.save_interval;
    fields.read("save_interval", interval, kShortestSave, kLongestSave);
    limits.save_interval = std::chrono::duration_cast<milliseconds>(interval);
  });
}

void AlertConfigReader::read_delivery(const std::vector<std::string>& allow_addresses) {
  auto read = alert::parse_delivery_options(take_settings(nullptr));
  if (read) {
    config_.delivery = std::move(read).value();
  } else {
    complain_setting(read.error(), taken_);
  }
  if (allow_addresses.empty()) return;
  std::string list;
  for (const std::string& address : allow_addresses) {
    list += (list.empty() ? "" : ",") + json::quoted(address);
  }
  const auto given =
      alert::parse_delivery_options(fmt::format("{{\"allow_addresses\":[{}]}}", list));
  if (!given) {
    problems_.push_back(
        {files_.size(), 0, fmt::format("--alert-allow-address: {}", given.error().message)});
    return;
  }
  auto& allowed = config_.delivery.addresses.allowed;
  const auto& more = given->addresses.allowed;
  allowed.insert(allowed.end(), more.begin(), more.end());
}

// --- targets and rules ---

void AlertConfigReader::read_targets() {
  for (const auto& [name, place] : targets_) {
    const auto json = toml_to_json(*place.node);
    auto target = json ? alert::parse_target(name, *json) : Result<alert::Target>(json.error());
    if (target) {
      config_.delivery.targets.push_back(std::move(target).value());
    } else {
      complain(place, target.error().field,
               fmt::format("target {}: {}", shown_name(name), with_key(target.error())));
    }
  }
}

void AlertConfigReader::read_rules() {
  // Places are by name: files in the order they were given need a second look.
  for (std::size_t file = 0; file < files_.size(); ++file) {
    for (const auto& [name, place] : rules_) {
      if (place.file != file) continue;
      const auto json = toml_to_json(*place.node);
      auto rule = json ? alert::parse_rule(name, *json) : Result<alert::Rule>(json.error());
      if (!rule) {
        complain(place, rule.error().field,
                 fmt::format("rule {}: {}", shown_name(name), with_key(rule.error())));
        continue;
      }
      check_notify(name, *rule);
      config_.rules.push_back(std::move(rule).value());
    }
  }
  if (rules_.size() > config_.limits.max_rules) {
    problems_.push_back({files_.size(), 0,
                         fmt::format("There are {} alert rules, and max_rules of [alerts] is {}.",
                                     rules_.size(), config_.limits.max_rules)});
  }
}

void AlertConfigReader::check_notify(const std::string& name, const alert::Rule& rule) {
  for (std::size_t i = 0; i < rule.notify.size(); ++i) {
    const std::string problem = notify_problem(rule.notify[i], i + 1);
    if (problem.empty()) continue;
    complain(rules_.at(name), "/notify", fmt::format("rule {}: notify: {}", name, problem));
  }
}

std::string AlertConfigReader::notify_problem(const std::string& entry, std::size_t number) const {
  if (targets_.contains(entry)) return "";
  if (alert::is_target_url(entry)) {
    const auto target = alert::target_of_url(entry, config_.delivery.secret);
    return target ? "" : target.error().message;
  }
  // What is no name may be a URL that somebody mistyped, with a secret in it.
  const std::string shown =
      alert::is_rule_name(entry) ? entry : fmt::format("of the name that entry {} has", number);
  std::vector<std::string> names;
  for (const auto& [name, place] : targets_) names.push_back(shown_name(name));
  return names.empty()
             ? fmt::format("there is no target {}; none is defined, and URLs begin with https://.",
                           shown)
             : fmt::format("there is no target {}; there are {}.", shown, fmt::join(names, ", "));
}

void AlertConfigReader::complain(const Place& place, std::string_view pointer,
                                 std::string sentence) {
  problems_.push_back({place.file, line_at(*place.node, pointer), std::move(sentence)});
}

}  // namespace tapedeck::app
