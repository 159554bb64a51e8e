// parse_rule: what somebody wrote becomes a Rule, or a sentence about what is wrong with it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "alert/filter_json.hpp"
#include "alert/json_fields.hpp"
#include "alert/message_template.hpp"
#include "alert/rule.hpp"
#include "alert/threshold_text.hpp"
#include "event/json_writer.hpp"
#include "filter/value_expression.hpp"
#include "query/filter_keys.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::string_view kCode = "invalid_rule";
constexpr Duration kShortest = std::chrono::milliseconds(1);
constexpr std::array kSeverities{Severity::info, Severity::warning, Severity::critical};
// Kite's names of the exchanges whose sessions a calendar may have.
constexpr std::array<std::string_view, 8> kExchanges{"NSE", "BSE", "NFO", "BFO",
                                                     "MCX", "CDS", "BCD", "NCO"};
constexpr std::array<std::string_view, 4> kConditions{"every", "count", "absence", "threshold"};
constexpr std::array<std::string_view, 23> kRuleKeys{
    "when",      "every",        "count",       "absence",       "threshold", "window",
    "min_count", "for",          "cooldown",    "resolve_after", "max_age",   "group_by",
    "severity",  "market_hours", "exchange",    "hours",         "while",     "forget",
    "message",   "notify",       "description", "enabled",       "name"};

using Object = auth::StrictJson::Object;

// --- which events ---

Filter read_when(const JsonFields& rule) {
  const auto value = rule.find("when");
  if (!value) {
    rule.fail("when", "a rule needs it: which events it is about; {} is all of them.");
  }
  Filter filter;
  if (const auto text = auth::text_of(*value)) {
    require_condition(*text, kCode, "/when");
    filter.expression = *text;
    return filter;
  }
  Object object;
  if (value->get(object) != simdjson::SUCCESS) {
    rule.fail("when",
              "must be an object of filters such as {\"event_type\":\"order_event\"}, or an "
              "expression as a text.");
  }
  return read_filter(JsonFields(object, "/when", "when", kCode, filter_key_names()));
}

std::optional<Guard> read_guard(const JsonFields& rule, const std::vector<std::string>& group_by) {
  const auto value = rule.find("while");
  if (!value) return std::nullopt;
  Object object;
  if (value->get(object) != simdjson::SUCCESS) {
    rule.fail("while",
              "must be an object of filters and `within`, such as "
              "{\"event_type\":\"engine_health\",\"within\":\"30s\"}.");
  }
  std::vector<std::string_view> keys(filter_key_names().begin(), filter_key_names().end());
  keys.insert(keys.end(), {"within", "by"});
  const JsonFields fields(object, "/while", "while", kCode, keys);
  Guard guard;
  guard.when = read_filter(fields);
  fields.read("within", guard.within, kShortest, kMaxWindow);
  fields.read_words("by", guard.by);
  for (const std::string& name : guard.by) {
    if (std::find(group_by.begin(), group_by.end(), name) == group_by.end()) {
      fields.fail("by", fmt::format("{} is not one of the rule's group_by.", json::quoted(name)));
    }
  }
  return guard;
}

void require_group_key(const JsonFields& rule, const std::string& name) {
  if (name == "type" || std::any_of(kFilterKeys.begin(), kFilterKeys.end(),
                                    [&](const FilterKey& key) { return key.name == name; })) {
    return;
  }
  const auto compiled = ValueExpression::compile(name);
  if (name.size() <= kMaxGroupByBytes && compiled && (*compiled)->is_field()) return;
  std::vector<std::string_view> keys;
  for (const FilterKey& key : kFilterKeys) keys.push_back(key.name);
  rule.fail("group_by", fmt::format("{} is none of type, {}, nor a field such as payload.product "
                                    "or source.host, of at most {} bytes.",
                                    json::quoted(name.substr(0, kMaxGroupByBytes)),
                                    fmt::join(keys, ", "), kMaxGroupByBytes));
}

std::vector<std::string> read_group_by(const JsonFields& rule) {
  std::vector<std::string> names;
  rule.read_words("group_by", names);
  if (names.size() > kMaxGroupBy) {
    rule.fail("group_by", fmt::format("at most {} of them, not {}.", kMaxGroupBy, names.size()));
  }
  for (const std::string& name : names) require_group_key(rule, name);
  return names;
}

// --- what makes it fire ---

Duration read_window(const JsonFields& rule, bool needed) {
  Duration window{};
  rule.read("window", window, kShortest, kMaxWindow);
  if (needed && window == Duration::zero()) {
    rule.fail("window", "say over which time, such as \"5m\".");
  }
  return window;
}

Threshold read_threshold(const JsonFields& rule) {
  std::string text;
  rule.read("threshold", text, kMaxRuleBytes);
  auto parsed = parse_threshold(text);
  if (!parsed) throw FieldProblem{std::move(parsed).error()};
  Threshold out = std::move(parsed).value();
  const bool newest = out.aggregate == Aggregate::last;
  out.window = read_window(rule, !newest);
  if (newest && rule.has("min_count")) {
    rule.fail("min_count", "last() looks at one event only; leave it out.");
  }
  rule.read("min_count", out.min_count, 1, Threshold::kMostMinCount);
  return out;
}

/// The one of every, count, absence and threshold that is there.
std::string_view kind_of(const JsonFields& rule) {
  std::string_view kind;
  for (const std::string_view name : kConditions) {
    if (!rule.has(name)) continue;
    if (!kind.empty()) {
      rule.fail(name,
                fmt::format("a rule has one of every, count, absence and threshold, and there "
                            "is {} already.",
                            kind));
    }
    kind = name;
  }
  if (kind.empty()) {
    throw FieldProblem{{std::string(kCode),
                        "A rule says when it fires: one of every, count, absence and threshold.",
                        ""}};
  }
  return kind;
}

/// What would be given in vain is told.
void refuse_unused(const JsonFields& rule, std::string_view kind) {
  const auto only = [&](std::string_view name, std::string_view kinds, bool used) {
    if (!used && rule.has(name)) {
      rule.fail(name, fmt::format("goes with {} only, and this rule has {}.", kinds, kind));
    }
  };
  only("window", "count and threshold", kind == "count" || kind == "threshold");
  only("min_count", "threshold", kind == "threshold");
  only("for", "count, absence and threshold", kind != "every");
  only("resolve_after", "every", kind == "every");
}

Condition read_condition(const JsonFields& rule) {
  const std::string_view kind = kind_of(rule);
  refuse_unused(rule, kind);
  if (kind == "every") {
    bool every = true;
    rule.read("every", every);
    if (!every) rule.fail("every", "must be true; `enabled` turns a rule off.");
    return Every{};
  }
  if (kind == "count") {
    Count count;
    rule.read("count", count.at_least, 1, Count::kMost);
    count.window = read_window(rule, true);
    return count;
  }
  if (kind == "absence") {
    Absence absence;
    rule.read("absence", absence.duration, kShortest, kMaxDuration);
    return absence;
  }
  return read_threshold(rule);
}

// --- the rest ---

Severity read_severity(const JsonFields& rule) {
  std::string word(to_string(Severity::warning));
  rule.read("severity", word, kMaxRuleBytes);
  const auto severity = std::find_if(kSeverities.begin(), kSeverities.end(),
                                     [&](Severity s) { return to_string(s) == word; });
  if (severity == kSeverities.end()) {
    rule.fail("severity", fmt::format("must be info, warning or critical, not {}.",
                                      json::quoted(word.substr(0, 40))));
  }
  return *severity;
}

/// "09:15"; midnight at the end of a day is "24:00".
std::optional<Duration> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto number = [](std::string_view digits) -> std::optional<unsigned> {
    unsigned value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
  };
  const auto hour = number(text.substr(0, 2)), minute = number(text.substr(3));
  if (!hour || !minute || *minute > 59) return std::nullopt;
  const Duration time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  return time <= std::chrono::hours(24) ? std::optional(time) : std::nullopt;
}

std::optional<TimeOfDay> read_hours(const JsonFields& rule) {
  if (!rule.has("hours")) return std::nullopt;
  std::string text;
  rule.read("hours", text, kMaxRuleBytes);
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto from = parse_clock(std::string_view(text).substr(0, dash));
  const auto to = parse_clock(std::string_view(text).substr(std::min(dash + 1, text.size())));
  if (!from || !to || *from >= *to) {
    rule.fail("hours", fmt::format("must be two times of a day in India, the earlier one first, "
                                   "such as \"09:15-15:30\", not {}.",
                                   json::quoted(text.substr(0, 40))));
  }
  return TimeOfDay{*from, *to};
}

std::string read_exchange(const JsonFields& rule) {
  std::string exchange = "NSE";
  rule.read("exchange", exchange, kMaxRuleBytes);
  if (std::find(kExchanges.begin(), kExchanges.end(), exchange) == kExchanges.end()) {
    rule.fail("exchange",
              fmt::format("there is no exchange {}; there are {}.",
                          json::quoted(exchange.substr(0, 40)), fmt::join(kExchanges, ", ")));
  }
  return exchange;
}

void require_name(const JsonFields& rule, std::string_view name) {
  if (!is_rule_name(name)) {
    rule.fail("name", fmt::format("a rule is called by 1 to 64 letters, digits or _ . -, not {}.",
                                  json::quoted(name.substr(0, 80))));
  }
  std::string given(name);
  rule.read("name", given, kMaxRuleBytes);
  if (given != name) {
    rule.fail("name", fmt::format("is {} here, but the rule is called {}; leave it out.",
                                  json::quoted(given.substr(0, 80)), name));
  }
}

Rule read_rule(std::string_view name, Object object) {
  const JsonFields fields(object, "", "a rule", kCode, kRuleKeys);
  require_name(fields, name);
  Rule rule;
  rule.name = name;
  fields.read("description", rule.description, kMaxDescriptionBytes);
  fields.read("enabled", rule.enabled);
  rule.when = read_when(fields);
  rule.condition = read_condition(fields);
  rule.severity = read_severity(fields);
  fields.read("for", rule.hold, Duration::zero(), kMaxDuration);
  fields.read("cooldown", rule.cooldown, Duration::zero(), kMaxDuration);
  fields.read("resolve_after", rule.resolve_after, kShortest, kMaxDuration);
  fields.read("max_age", rule.max_age, kShortest, kMaxDuration);
  rule.group_by = read_group_by(fields);
  fields.read("market_hours", rule.market_hours);
  rule.exchange = read_exchange(fields);
  rule.hours = read_hours(fields);
  rule.only_while = read_guard(fields, rule.group_by);
  fields.read("forget", rule.forget, kMaxRuleBytes);
  if (!rule.forget.empty()) require_condition(rule.forget, kCode, "/forget");
  fields.read("message", rule.message, MessageTemplate::kMaxTextBytes);
  fields.read_secrets("notify", rule.notify, kMaxNotifyBytes, kMaxNotify);
  const auto compiled = MessageTemplate::compile(rule);
  if (!compiled) throw FieldProblem{compiled.error()};
  return rule;
}

/// What is kept must be read again, and escapes can make it longer than what was sent.
void require_size(std::size_t bytes) {
  if (bytes <= kMaxRuleBytes) return;
  throw FieldProblem{{std::string(kCode),
                      fmt::format("A rule has at most {} bytes, not {}.", kMaxRuleBytes, bytes),
                      ""}};
}

}  // namespace

Result<Rule> parse_rule(std::string_view name, std::string_view json) {
  try {
    require_size(json.size());
    auth::StrictJson document;
    const auto object = document.parse_object(json);
    if (!object) {
      return Error{"malformed_json", fmt::format("The rule {}.", object.error().message), ""};
    }
    Rule rule = read_rule(name, *object);
    require_size(rule_json(rule).size());
    return rule;
  } catch (FieldProblem& problem) {
    return std::move(problem.error);
  }
}

}  // namespace tapedeck::alert
