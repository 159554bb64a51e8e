#include "query/event_query.hpp"

#include <algorithm>
#include <charconv>

#include "event/json_writer.hpp"
#include "query/filter_keys.hpp"

namespace tapedeck {
namespace {

Error invalid(const QueryParameter& parameter, std::string_view why) {
  return {"invalid_parameter",
          parameter.name + "=" + parameter.value.substr(0, 80) + ": " + std::string(why),
          parameter.name};
}

Result<bool> read_list(const QueryParameter& parameter, std::vector<std::string>& values) {
  std::string_view rest = parameter.value;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view value = rest.substr(0, comma);
    if (value.empty()) {
      return invalid(parameter,
                     "an empty value matches nothing; name one or leave the parameter out.");
    }
    values.emplace_back(value);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return true;
}

Result<bool> read_expression(const QueryParameter& parameter, EventQuery& query) {
  if (query.expression) return invalid(parameter, "given twice; join the two with &&.");
  auto compiled = Expression::compile(parameter.value);
  if (!compiled) return compiled.error();
  query.expression = std::move(compiled).value();
  query.filter.expression = parameter.value;
  return true;
}

Result<bool> read_bound(const QueryParameter& parameter, std::optional<Timestamp>& time,
                        std::optional<EventId>& id) {
  if (time || id) return invalid(parameter, "given twice.");
  time = parse_rfc3339(parameter.value);
  if (time) return true;
  id = parse_event_id(parameter.value);
  if (id) return true;
  return invalid(
      parameter,
      "must be an RFC 3339 time with an offset (2025-11-18T07:55:41Z; write + as %2B) or "
      "an event id.");
}

}  // namespace

std::optional<EventId> parse_event_id(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0 || dash > 32) return std::nullopt;
  const std::string_view epoch = text.substr(0, dash), number = text.substr(dash + 1);
  const bool plain = std::all_of(epoch.begin(), epoch.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
  });
  EventId id{std::string(epoch), 0};
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, id.seq);
  if (!plain || error != std::errc{} || stop != end) return std::nullopt;
  return id;
}

std::string format_event_id(std::string_view epoch, std::uint64_t seq) {
  return std::string(epoch) + "-" + std::to_string(seq);
}

Result<bool> read_filter_parameter(const QueryParameter& parameter, EventQuery& query) {
  for (const FilterKey& known : kFilterKeys) {
    if (known.name == parameter.name) return read_list(parameter, query.filter.*known.values);
  }
  if (parameter.name == "filter") return read_expression(parameter, query);
  if (parameter.name == "since") {
    query.since_text = parameter.value;
    return read_bound(parameter, query.filter.since, query.since_id);
  }
  if (parameter.name == "until") return read_bound(parameter, query.filter.until, query.until_id);
  return false;
}

std::optional<Error> reject_unknown(const QueryParameter& parameter) {
  if (parameter.name == "_" || parameter.name == "lastEventId") return std::nullopt;
  return Error{"unknown_parameter",
               "There is no parameter " + json::quoted(parameter.name.substr(0, 80)) +
                   " here; docs/contract.md lists those there are.",
               parameter.name.substr(0, 80)};
}

Result<std::int64_t> read_integer(const QueryParameter& parameter, std::int64_t min,
                                  std::int64_t max) {
  std::int64_t value = 0;
  const char* end = parameter.value.data() + parameter.value.size();
  const auto [stop, error] = std::from_chars(parameter.value.data(), end, value);
  if (error != std::errc{} || stop != end || value < min || value > max) {
    return invalid(parameter, "must be a whole number from " + std::to_string(min) + " to " +
                                  std::to_string(max) + ".");
  }
  return value;
}

}  // namespace tapedeck
