// AggregateQuery: what GET /api/telemetry/aggregates asks for, read from its parameters, and the
// decision whether rollups can answer it. Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "query/aggregate_fields.hpp"
#include "query/event_query.hpp"
#include "query/query_string.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {

enum class Metric : std::uint8_t { count, rate, sum, avg, min, max, p50, p90, p99 };
/// As in metric=, in that order.
inline constexpr std::array<std::string_view, 9> kMetricNames = {
    "count", "rate", "sum", "avg", "min", "max", "p50", "p90", "p99"};
/// As in interval=.
inline constexpr std::array<std::string_view, 5> kIntervalNames = {"1s", "1m", "5m", "1h", "1d"};
std::string_view name_of(Metric metric) noexcept;

struct AggregateQuery {
  /// Buckets that a range may span.
  static constexpr std::int64_t kMaxBuckets = 10'000;
  /// How far back a query without `since` looks.
  static constexpr std::chrono::hours kDefaultRange{1};

  Metric metric = Metric::count;
  std::string field;  // a path; empty for count and rate
  std::vector<Dimension> group_by;
  std::string interval_name = "1m";
  std::int64_t interval_ns = 60'000'000'000;
  /// The filters. Their since and until are those below, so that compile(events) selects exactly
  /// the events that count.
  EventQuery events;
  /// Whole buckets: since widened down, until widened up. Buckets are aligned to 1970 in UTC.
  std::int64_t since_ns = 0;
  std::int64_t until_ns = 0;  // exclusive
  std::int64_t now_ns = 0;    // of the request

  std::int64_t buckets() const noexcept { return (until_ns - since_ns) / interval_ns; }
  bool has_field() const noexcept { return metric != Metric::count && metric != Metric::rate; }
  bool is_quantile() const noexcept { return metric >= Metric::p50; }
};

/// @param now when until is left out
/// @param fields the paths that are aggregated (RollupOptions::fields)
/// Error codes: invalid_parameter, unknown_parameter, and those of the filters.
Result<AggregateQuery> parse_aggregate_query(const std::vector<QueryParameter>& parameters,
                                             Timestamp now, const std::vector<std::string>& fields);

/// The dimension whose rollups hold the answer; nothing when only the events do: filters (what the
/// caller may see included) other than event_type and one dimension, two dimensions among filters
/// and groups, buckets below a minute.
std::optional<Dimension> rollup_dimension(const AggregateQuery& query);

/// The values a dimension is filtered to, as given; nothing for a dimension that has no filter.
const std::vector<std::string>* filter_of(Dimension dimension, const Filter& filter) noexcept;

/// Where rows are kept; the store's side.
class RollupSource {
 public:
  virtual ~RollupSource() = default;
  /// Gives every row of the dimension that may hold a minute of the range (inclusive).
  virtual void visit_rollups(int dimension, std::int64_t first_minute, std::int64_t last_minute,
                             const std::function<void(std::string_view)>& sink) const = 0;
};

}  // namespace tapedeck
