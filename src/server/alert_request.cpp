#include "server/alert_request.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "auth/strict_json.hpp"
#include "query/event_query.hpp"

namespace tapedeck {
namespace {

using alert::AlertState;
using alert::Severity;

template <typename T, std::size_t N>
using Words = std::array<std::pair<std::string_view, T>, N>;

constexpr Words<AlertState, 3> kStates = {{{"pending", AlertState::pending},
                                           {"firing", AlertState::firing},
                                           {"resolved", AlertState::resolved}}};
constexpr Words<Severity, 3> kSeverities = {
    {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}}};
constexpr Words<AlertPart, 4> kParts = {{{"rules", AlertPart::rules},
                                         {"alerts", AlertPart::alerts},
                                         {"targets", AlertPart::targets},
                                         {"status", AlertPart::status}}};

Error invalid(const QueryParameter& parameter, const std::string& what_it_must_be) {
  return {"invalid_parameter",
          parameter.name + "=" + parameter.value.substr(0, 80) + ": must be " + what_it_must_be,
          parameter.name};
}

/// The items of a comma list; nothing when one of them is empty.
std::optional<std::vector<std::string_view>> items_of(std::string_view list) {
  std::vector<std::string_view> items;
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    items.push_back(list.substr(0, comma));
    if (items.back().empty()) return std::nullopt;
    more = comma != std::string_view::npos;
    if (more) list.remove_prefix(comma + 1);
  }
  return items;
}

template <typename T, std::size_t N>
Error not_among(const QueryParameter& parameter, const Words<T, N>& words) {
  std::string names;
  for (const auto& [word, value] : words) {
    if (!names.empty()) names += ", ";
    names += word;
  }
  return invalid(parameter, "a list of " + names + ".");
}

template <typename T, std::size_t N>
Result<std::vector<T>> read_words(const QueryParameter& parameter, const Words<T, N>& words) {
  const auto items = items_of(parameter.value);
  if (!items) return not_among(parameter, words);
  std::vector<T> values;
  for (const std::string_view item : *items) {
    const auto known = std::find_if(words.begin(), words.end(),
                                    [&](const auto& word) { return word.first == item; });
    if (known == words.end()) return not_among(parameter, words);
    values.push_back(known->second);
  }
  return values;
}

/// Takes over a value that was read. @return why it could not be
template <typename T, typename U>
std::optional<Error> take(Result<T> value, U& out) {
  if (!value) return std::move(value).error();
  out = static_cast<U>(std::move(value).value());
  return std::nullopt;
}

std::optional<Error> read_parts(const QueryParameter& parameter, std::uint8_t& out) {
  const auto parts = read_words(parameter, kParts);
  if (!parts) return parts.error();
  out = 0;
  for (const AlertPart part : *parts) {
    out = static_cast<std::uint8_t>(out | static_cast<std::uint8_t>(part));
  }
  return std::nullopt;
}

std::optional<Error> read_names(const QueryParameter& parameter, std::vector<std::string>& out) {
  const auto items = items_of(parameter.value);
  if (!items) return invalid(parameter, "a list of names of rules.");
  out.assign(items->begin(), items->end());
  return std::nullopt;
}

std::optional<Error> read_time(const QueryParameter& parameter, std::optional<Timestamp>& out) {
  out = parse_rfc3339(parameter.value);
  if (out) return std::nullopt;
  return invalid(parameter,
                 "an RFC 3339 time with an offset (2025-11-18T07:55:41Z; write + as %2B).");
}

template <typename T>
bool is_among(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

}  // namespace

bool AlertQuery::takes(const alert::Rule& rule) const {
  return is_among(rules, rule.name) && is_among(severities, rule.severity);
}

bool AlertQuery::takes(const alert::AlertStatus& status) const {
  return is_among(states, status.state) && is_among(severities, status.severity) &&
         is_among(rules, status.rule);
}

Result<AlertQuery> read_alert_query(const std::vector<QueryParameter>& parameters) {
  AlertQuery query;
  const auto read = [&query](const QueryParameter& given) -> std::optional<Error> {
    if (given.name == "state") return take(read_words(given, kStates), query.states);
    if (given.name == "severity") return take(read_words(given, kSeverities), query.severities);
    if (given.name == "rule") return read_names(given, query.rules);
    if (given.name == "parts") return read_parts(given, query.parts);
    if (given.name == "limit") {
      return take(read_integer(given, 1, AlertQuery::kMaxLimit), query.limit);
    }
    return reject_unknown(given);
  };
  for (const QueryParameter& given : parameters) {
    if (auto error = read(given)) return std::move(*error);
  }
  return query;
}

Result<AlertTest> read_alert_test(const std::vector<QueryParameter>& parameters) {
  AlertTest test;
  const auto read = [&test](const QueryParameter& given) -> std::optional<Error> {
    if (given.name == "since") return read_time(given, test.query.since);
    if (given.name == "until") return read_time(given, test.query.until);
    if (given.name == "limit") {
      return take(read_integer(given, 1, AlertTest::kMaxEpisodes), test.query.limit);
    }
    if (given.name != "send") return reject_unknown(given);
    test.sends = given.value == "true";
    if (test.sends || given.value == "false") return std::nullopt;
    return invalid(given, "true or false.");
  };
  for (const QueryParameter& given : parameters) {
    if (auto error = read(given)) return std::move(*error);
  }
  return test;
}

Result<alert::Dispatcher::ListQuery> read_delivery_query(
    const std::vector<QueryParameter>& parameters) {
  alert::Dispatcher::ListQuery query;
  const auto read = [&query](const QueryParameter& given) -> std::optional<Error> {
    if (given.name == "target" || given.name == "rule") {
      (given.name == "rule" ? query.rule : query.target) = given.value;
      return std::nullopt;
    }
    if (given.name == "limit") return take(read_integer(given, 1, kMaxDeliveries), query.limit);
    if (given.name != "state") return reject_unknown(given);
    query.dead = given.value == "dead";
    if (*query.dead || given.value == "queued") return std::nullopt;
    return invalid(given, "queued or dead.");
  };
  for (const QueryParameter& given : parameters) {
    if (auto error = read(given)) return std::move(*error);
  }
  return query;
}

// --- bodies ---

namespace {

constexpr std::size_t kMaxShownName = 40;

Error invalid_member(std::string_view name, std::string sentence) {
  std::string pointer = "/";
  for (const char c : name.substr(0, kMaxShownName)) {
    if (c == '~') {
      pointer += "~0";  // RFC 6901 §3
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return {"invalid_parameter", std::move(sentence), std::move(pointer)};
}

std::optional<Error> read_text(std::string_view name, auth::StrictJson::Element value,
                               std::string& out) {
  const auto text = auth::text_of(value);
  if (!text || text->size() > AlertAction::kMaxText || !auth::is_printable(*text)) {
    return invalid_member(name, std::string(name) +
                                    " must be a text of at most 1000 bytes without control "
                                    "characters.");
  }
  out = *text;
  return std::nullopt;
}

std::optional<Error> read_group(auth::StrictJson::Element value, std::optional<alert::Group>& out) {
  constexpr const char* kWhat =
      "group must be an object of texts by the names of the rule's group_by, such as "
      "{\"symbol\":\"NIFTY\"}.";
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS || members.size() > alert::kMaxGroupBy) {
    return invalid_member("group", kWhat);
  }
  out.emplace();
  for (const auto member : members) {
    const auto text = auth::text_of(member.value);
    if (!text) return invalid_member("group", kWhat);
    out->emplace_back(member.key, *text);
  }
  return std::nullopt;
}

std::optional<Error> read_duration(auth::StrictJson::Element value, alert::Duration& out) {
  const auto text = auth::text_of(value);
  const auto duration = text ? alert::parse_duration(*text) : std::nullopt;
  if (!duration) {
    return invalid_member("for",
                          "for must be a text such as 30m, 1h or 2d, at most a year; 0s ends a "
                          "silence.");
  }
  out = *duration;
  return std::nullopt;
}

}  // namespace

Result<AlertAction> read_alert_action(std::string_view body, bool silences) {
  auth::StrictJson parser;
  const auto object = parser.parse_object(body.empty() ? "{}" : body);
  if (!object) return Error{"malformed_json", "The body " + object.error().message + ".", ""};
  AlertAction action;
  bool has_duration = false;
  for (const auto member : *object) {
    const std::string_view name = member.key;
    std::optional<Error> error;
    if (name == "group") {
      error = read_group(member.value, action.group);
    } else if (name == "by") {
      error = read_text(name, member.value, action.by);
    } else if (silences && name == "reason") {
      error = read_text(name, member.value, action.reason);
    } else if (silences && name == "for") {
      error = read_duration(member.value, action.how_long);
      has_duration = true;
    } else {
      error = invalid_member(name, silences ? "The body has for, group, by and reason only."
                                            : "The body has group and by only.");
    }
    if (error) return std::move(*error);
  }
  if (silences && !has_duration) {
    return invalid_member("for", R"(The body must say how long: {"for":"1h"}.)");
  }
  return action;
}

std::optional<alert::Group> ordered_group(const alert::Group& group,
                                          const std::vector<std::string>& group_by) {
  if (group.size() != group_by.size()) return std::nullopt;
  alert::Group ordered;
  for (const std::string& name : group_by) {
    const auto found = std::find_if(group.begin(), group.end(),
                                    [&](const auto& value) { return value.first == name; });
    if (found == group.end()) return std::nullopt;
    ordered.push_back(*found);
  }
  return ordered;
}

}  // namespace tapedeck
