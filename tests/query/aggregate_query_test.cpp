#include "query/aggregate_query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/aggregate_frames.hpp"

namespace tapedeck {
namespace {

using testing::aggregate_query;
using ::testing::HasSubstr;
using testing::kTestNow;
using Parameters = std::vector<QueryParameter>;

Error error_of(const Parameters& parameters) {
  const auto query = parse_aggregate_query(parameters, kTestNow, {"price", "metrics.net_pnl"});
  if (!query) return query.error();
  ADD_FAILURE() << "was taken";
  return {};
}

std::string range_of(const Parameters& parameters) {
  const AggregateQuery query = aggregate_query(parameters);
  return format_rfc3339(from_ns(query.since_ns)).substr(0, 19) + " " +
         format_rfc3339(from_ns(query.until_ns)).substr(0, 19);
}

TEST(AggregateQuery, WithoutParametersItCountsTheLastHourByMinutes) {
  const AggregateQuery query = aggregate_query({});
  EXPECT_EQ(query.metric, Metric::count);
  EXPECT_EQ(query.interval_name, "1m");
  EXPECT_TRUE(query.group_by.empty());
  EXPECT_EQ(range_of({}), "2025-11-18T09:00:00 2025-11-18T10:01:00");
  EXPECT_EQ(query.buckets(), 61);  // the one that now is in included
}

TEST(AggregateQuery, ReadsEveryParameter) {
  const AggregateQuery query = aggregate_query({{"metric", "p99"},
                                                {"field", "price"},
                                                {"group_by", "symbol,type"},
                                                {"interval", "5m"},
                                                {"mode", "paper"},
                                                {"_", "1"}});
  EXPECT_EQ(query.metric, Metric::p99);
  EXPECT_EQ(query.field, "price");
  EXPECT_EQ(query.group_by, (std::vector{Dimension::symbol, Dimension::type}));
  EXPECT_EQ(query.interval_ns, 300'000'000'000);
  EXPECT_EQ(query.events.filter.mode, std::vector<std::string>{"paper"});
}

TEST(AggregateQuery, EveryMetricAndIntervalHasItsName) {
  for (const char* metric : {"count", "rate", "sum", "avg", "min", "max", "p50", "p90", "p99"}) {
    Parameters parameters = {{"metric", metric}};
    const bool counts = parameters[0].value == "count" || parameters[0].value == "rate";
    if (!counts) parameters.push_back({"field", "price"});
    EXPECT_EQ(name_of(aggregate_query(parameters).metric), metric);
  }
  const auto seconds = [](const char* interval) {
    return aggregate_query({{"interval", interval}}).interval_ns / 1'000'000'000;
  };
  EXPECT_EQ(seconds("1s"), 1);
  EXPECT_EQ(seconds("1m"), 60);
  EXPECT_EQ(seconds("5m"), 300);
  EXPECT_EQ(seconds("1h"), 3600);
  EXPECT_EQ(seconds("1d"), 86400);
}

TEST(AggregateQuery, BoundsAreWidenedToWholeBuckets) {
  const QueryParameter since{"since", "2025-11-18T09:14:59.9Z"};
  const QueryParameter until{"until", "2025-11-18T09:15:00Z"};
  EXPECT_EQ(range_of({since, until}), "2025-11-18T09:14:00 2025-11-18T09:16:00");
  EXPECT_EQ(range_of({since, until, {"interval", "1s"}}),
            "2025-11-18T09:14:59 2025-11-18T09:15:01");
  EXPECT_EQ(range_of({since, until, {"interval", "1h"}}),
            "2025-11-18T09:00:00 2025-11-18T10:00:00");
  EXPECT_EQ(range_of({since, until, {"interval", "1d"}}),
            "2025-11-18T00:00:00 2025-11-19T00:00:00");
  EXPECT_EQ(range_of({until}), "2025-11-18T08:15:00 2025-11-18T09:16:00");
  EXPECT_EQ(range_of({{"since", "1969-12-31T23:59:30Z"}, {"until", "1969-12-31T23:59:59Z"}}),
            "1969-12-31T23:59:00 1970-01-01T00:00:00");
  const AggregateQuery query = aggregate_query({since, until});
  EXPECT_EQ(to_ns(*query.events.filter.since), query.since_ns);
  EXPECT_EQ(to_ns(*query.events.filter.until), query.until_ns - 1);
}

TEST(AggregateQuery, ARangeHasAtMostTenThousandBuckets) {
  const auto until = [](std::int64_t buckets) {
    return QueryParameter{"until", format_rfc3339(from_ns((buckets - 1) * 60'000'000'000))};
  };
  const QueryParameter since{"since", "1970-01-01T00:00:00Z"};
  EXPECT_EQ(aggregate_query({since, until(AggregateQuery::kMaxBuckets)}).buckets(),
            AggregateQuery::kMaxBuckets);
  const Error error = error_of({since, until(AggregateQuery::kMaxBuckets + 1)});
  EXPECT_EQ(error.field, "interval");
  EXPECT_THAT(error.message, HasSubstr("10001 buckets"));
  EXPECT_THAT(error.message, HasSubstr("longer interval"));
}

TEST(AggregateQuery, WrongValuesAreErrorsThatNameThem) {
  const std::vector<std::pair<Parameters, std::string>> wrong = {
      {{{"metric", "median"}}, "metric"},
      {{{"metric", ""}}, "metric"},
      {{{"interval", "2m"}}, "interval"},
      {{{"group_by", "symbol,colour"}}, "group_by"},
      {{{"group_by", "symbol,"}}, "group_by"},
      {{{"group_by", "symbol,symbol"}}, "group_by"},
      {{{"metric", "sum"}}, "field"},
      {{{"metric", "sum"}, {"field", "colour"}}, "field"},
      {{{"field", "price"}}, "field"},
      {{{"field", ""}}, "field"},
      {{{"metric", "rate"}, {"field", "price"}}, "field"},
      {{{"metric", "count"}, {"metric", "rate"}}, "metric"},
      {{{"interval", "1m"}, {"interval", "1m"}}, "interval"},
      {{{"since", "9f3c21-5"}}, "since"},
      {{{"until", "9f3c21-5"}}, "until"},
      {{{"since", "yesterday"}}, "since"},
      {{{"since", "2025-11-18T10:00:01Z"}}, "since"},
      {{{"symbol", ""}}, "symbol"},
  };
  for (const auto& [parameters, field] : wrong) {
    const Error error = error_of(parameters);
    EXPECT_EQ(error.code, "invalid_parameter") << error.message;
    EXPECT_EQ(error.field, field) << error.message;
  }
  EXPECT_EQ(error_of({{"intervall", "1m"}}).code, "unknown_parameter");
  EXPECT_EQ(error_of({{"filter", "payload.x =="}}).code, "invalid_filter");
  EXPECT_THAT(error_of({{"metric", "sum"}, {"field", "colour"}}).message,
              HasSubstr("price, metrics.net_pnl"));
  EXPECT_THAT(error_of({{"since", "9f3c21-5"}}).message, HasSubstr("by time"));
}

std::string plan(const Parameters& parameters) {
  const auto dimension = rollup_dimension(aggregate_query(parameters));
  return dimension ? std::string(name_of(*dimension)) : "events";
}

TEST(AggregateQuery, OneDimensionIsAnsweredFromItsRollups) {
  EXPECT_EQ(plan({}), "type");
  EXPECT_EQ(plan({{"group_by", "type"}, {"event_type", "a,b"}}), "type");
  EXPECT_EQ(plan({{"group_by", "strategy"}}), "strategy");
  EXPECT_EQ(plan({{"group_by", "type,strategy"}, {"event_type", "a"}}), "strategy");
  EXPECT_EQ(plan({{"group_by", "strategy"}, {"strategy", "x"}}), "strategy");
  EXPECT_EQ(plan({{"group_by", "status"}}), "status");
  for (const char* name :
       {"symbol", "strategy", "engine", "engine_id", "host", "account", "mode"}) {
    EXPECT_EQ(plan({{name, "x,y"}}), name);
    EXPECT_EQ(plan({{"group_by", "type"}, {name, "x"}}), name);
    EXPECT_EQ(plan({{"group_by", name}, {"interval", "1d"}}), name);
  }
}

TEST(AggregateQuery, WhatRollupsDoNotKeepIsAnsweredFromTheEvents) {
  EXPECT_EQ(plan({{"group_by", "symbol,strategy"}}), "events");
  EXPECT_EQ(plan({{"group_by", "symbol"}, {"strategy", "x"}}), "events");
  EXPECT_EQ(plan({{"symbol", "A"}, {"mode", "paper"}}), "events");
  EXPECT_EQ(plan({{"interval", "1s"}}), "events");
  EXPECT_EQ(plan({{"filter", "payload.price > 1"}}), "events");
  for (const char* name : {"exchange", "run_id", "order_id", "correlation_id"}) {
    EXPECT_EQ(plan({{name, "x"}}), "events");
  }
}

}  // namespace
}  // namespace tapedeck
