#include "query/aggregate_query.hpp"

#include <algorithm>
#include <array>

#include "query/aggregate_rollup.hpp"

namespace tapedeck {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
/// How long each of kIntervalNames is.
constexpr std::array<std::int64_t, kIntervalNames.size()> kIntervalsNs = {
    kSecondNs, 60 * kSecondNs, 300 * kSecondNs, 3600 * kSecondNs, 86400 * kSecondNs};

Error invalid(std::string_view name, std::string_view value, std::string_view why) {
  return {"invalid_parameter",
          std::string(name) + "=" + std::string(value.substr(0, 80)) + ": " + std::string(why),
          std::string(name)};
}
Error invalid(const QueryParameter& parameter, std::string_view why) {
  return invalid(parameter.name, parameter.value, why);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

Result<bool> read_metric(const QueryParameter& parameter, AggregateQuery& query) {
  const auto at = std::find(kMetricNames.begin(), kMetricNames.end(), parameter.value);
  if (at == kMetricNames.end()) {
    return invalid(parameter, "must be count, rate, sum, avg, min, max, p50, p90 or p99.");
  }
  query.metric = static_cast<Metric>(at - kMetricNames.begin());
  return true;
}

Result<bool> read_interval(const QueryParameter& parameter, AggregateQuery& query) {
  const auto at = std::find(kIntervalNames.begin(), kIntervalNames.end(), parameter.value);
  if (at == kIntervalNames.end()) return invalid(parameter, "must be 1s, 1m, 5m, 1h or 1d.");
  query.interval_name = *at;
  query.interval_ns = kIntervalsNs[static_cast<std::size_t>(at - kIntervalNames.begin())];
  return true;
}

Result<bool> read_group_by(const QueryParameter& parameter, AggregateQuery& query) {
  std::string_view rest = parameter.value;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const auto dimension = dimension_named(rest.substr(0, comma));
    if (!dimension) {
      return invalid(parameter,
                     "must be a list of type, symbol, strategy, engine, engine_id, host, account, "
                     "mode, status.");
    }
    auto& chosen = query.group_by;
    if (std::find(chosen.begin(), chosen.end(), *dimension) != chosen.end()) {
      return invalid(parameter, "names " + std::string(name_of(*dimension)) + " twice.");
    }
    chosen.push_back(*dimension);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return true;
}

/// @return false for a parameter of another name
Result<bool> read_own_parameter(const QueryParameter& parameter, AggregateQuery& query) {
  if (parameter.name == "metric") return read_metric(parameter, query);
  if (parameter.name == "interval") return read_interval(parameter, query);
  if (parameter.name == "group_by") return read_group_by(parameter, query);
  if (parameter.name != "field") return false;
  if (parameter.value.empty()) return invalid(parameter, "names no field; leave it out.");
  query.field = parameter.value;
  return true;
}

std::optional<Error> read_parameters(const std::vector<QueryParameter>& parameters,
                                     AggregateQuery& query) {
  std::vector<std::string_view> taken;
  for (const QueryParameter& parameter : parameters) {
    const auto own = read_own_parameter(parameter, query);
    if (!own) return own.error();
    if (*own) {
      if (std::find(taken.begin(), taken.end(), parameter.name) != taken.end()) {
        return invalid(parameter, "given twice.");
      }
      taken.push_back(parameter.name);
      continue;
    }
    const auto filter = read_filter_parameter(parameter, query.events);
    if (!filter) return filter.error();
    if (*filter) continue;
    if (auto error = reject_unknown(parameter)) return error;
  }
  return std::nullopt;
}

std::optional<Error> check_field(const AggregateQuery& query,
                                 const std::vector<std::string>& fields) {
  const std::string metric(name_of(query.metric));
  if (!query.has_field()) {
    if (query.field.empty()) return std::nullopt;
    return invalid("field", query.field, "metric=" + metric + " counts events; leave field out.");
  }
  if (query.field.empty()) {
    return Error{"invalid_parameter",
                 "metric=" + metric + " needs field=, one of " + joined(fields) + ".", "field"};
  }
  if (std::find(fields.begin(), fields.end(), query.field) != fields.end()) return std::nullopt;
  return invalid("field", query.field,
                 "is not aggregated; those that are: " + joined(fields) + ".");
}

std::optional<Error> set_range(AggregateQuery& query, Timestamp now) {
  EventQuery& events = query.events;
  if (events.since_id || events.until_id) {
    const bool since = events.since_id.has_value();
    return Error{"invalid_parameter",
                 "Aggregates are by time: since and until must be RFC 3339 times here, not event "
                 "ids.",
                 since ? "since" : "until"};
  }
  const Timestamp until = events.filter.until.value_or(now);
  const Timestamp since = events.filter.since.value_or(until - AggregateQuery::kDefaultRange);
  if (since > until) {
    return invalid("since", format_rfc3339(since),
                   "lies behind until (" + format_rfc3339(until) + "), where the range ends.");
  }
  query.now_ns = to_ns(now);
  query.since_ns = floor_div(to_ns(since), query.interval_ns) * query.interval_ns;
  query.until_ns = (floor_div(to_ns(until), query.interval_ns) + 1) * query.interval_ns;
  if (query.buckets() > AggregateQuery::kMaxBuckets) {
    return invalid("interval", query.interval_name,
                   "the range spans " + std::to_string(query.buckets()) + " buckets, more than " +
                       std::to_string(AggregateQuery::kMaxBuckets) +
                       "; take a longer interval or a later since.");
  }
  events.filter.since = from_ns(query.since_ns);
  events.filter.until = from_ns(query.until_ns - 1);
  return std::nullopt;
}

constexpr std::array<Dimension, 7> kFiltered = {
    Dimension::symbol, Dimension::strategy, Dimension::engine, Dimension::engine_id,
    Dimension::host,   Dimension::account,  Dimension::mode};

/// Whether it asks for what rollups do not know.
bool needs_events(const Filter& filter) {
  return !filter.expression.empty() || !filter.exchange.empty() || !filter.run_id.empty() ||
         !filter.order_id.empty() || !filter.correlation_id.empty();
}

}  // namespace

std::string_view name_of(Metric metric) noexcept {
  return kMetricNames[static_cast<std::size_t>(metric)];
}

Result<AggregateQuery> parse_aggregate_query(const std::vector<QueryParameter>& parameters,
                                             Timestamp now,
                                             const std::vector<std::string>& fields) {
  AggregateQuery query;
  if (auto error = read_parameters(parameters, query)) return *error;
  if (auto error = check_field(query, fields)) return *error;
  if (auto error = set_range(query, now)) return *error;
  return query;
}

const std::vector<std::string>* filter_of(Dimension dimension, const Filter& filter) noexcept {
  switch (dimension) {
    case Dimension::type:
      return &filter.event_type;
    case Dimension::symbol:
      return &filter.symbol;
    case Dimension::strategy:
      return &filter.strategy;
    case Dimension::engine:
      return &filter.engine;
    case Dimension::engine_id:
      return &filter.engine_id;
    case Dimension::host:
      return &filter.host;
    case Dimension::account:
      return &filter.account;
    case Dimension::mode:
      return &filter.mode;
    case Dimension::status:
      break;
  }
  return nullptr;
}

std::optional<Dimension> rollup_dimension(const AggregateQuery& query) {
  const Filter& filter = query.events.filter;
  const Filter& within = query.events.within;
  if (query.interval_ns < kMinuteNs || needs_events(filter) || needs_events(within)) {
    return std::nullopt;
  }
  Dimension needed = Dimension::type;
  const auto need = [&](Dimension dimension) {
    if (dimension == Dimension::type || dimension == needed) return true;
    if (needed != Dimension::type) return false;
    needed = dimension;
    return true;
  };
  for (const Dimension dimension : query.group_by) {
    if (!need(dimension)) return std::nullopt;
  }
  for (const Dimension dimension : kFiltered) {
    const bool asked =
        !filter_of(dimension, filter)->empty() || !filter_of(dimension, within)->empty();
    if (asked && !need(dimension)) return std::nullopt;
  }
  return needed;
}

}  // namespace tapedeck
