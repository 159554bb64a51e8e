// Operations on what is made of events: aggregates and trades.
#include "query/aggregate_fields.hpp"
#include "query/aggregate_query.hpp"
#include "query/trade_query.hpp"
#include "server/operation_tables.hpp"

namespace tapedeck::tables {
namespace {

std::vector<std::string_view> dimension_names() {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    out.push_back(name_of(static_cast<Dimension>(i)));
  }
  return out;
}

std::vector<std::string_view> outcome_names() {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(kLastTradeOutcome); ++i) {
    out.push_back(to_string(static_cast<TradeOutcome>(i)));
  }
  return out;
}

Operation aggregates() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/aggregates",
                .id = "aggregateEvents",
                .tag = "Figures",
                .summary = "Counts and figures by time",
                .description =
                    "Buckets are aligned in UTC; both bounds are widened to whole "
                    "buckets, at most 10 000 of them."};
  out.parameters = joined(
      joined(filter_keys(), bounds(ParameterKind::time)),
      {expression(),
       {.name = "metric",
        .kind = ParameterKind::word,
        .description = "count and rate are of events, the others of a field.",
        .words = {kMetricNames.begin(), kMetricNames.end()},
        .default_value = R"("count")"},
       {.name = "field",
        .description = "One of the configured paths in the payload, such as price; the error for "
                       "any other lists them. Left out with count and rate.",
        .format = "value-field",
        .example = R"("price")"},
       {.name = "group_by",
        .kind = ParameterKind::words,
        .description = "What is counted apart.",
        .words = dimension_names(),
        .unique = true},
       {.name = "interval",
        .kind = ParameterKind::word,
        .description = "The length of a bucket.",
        .words = {kIntervalNames.begin(), kIntervalNames.end()},
        .default_value = R"("1m")"}});
  out.answers = {{.description = "The figures.", .schema = "Aggregates"}};
  out.errors = history_errors();
  return out;
}

Operation trades() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/trades",
                .id = "listTrades",
                .tag = "Figures",
                .summary = "Decisions and what became of them, newest first",
                .description =
                    "since and until bound the moment of the decision. `next` of an answer, given "
                    "as `cursor`, pages towards older ones."};
  out.parameters =
      joined(joined(filter_keys({"event_type", "engine"}), bounds(ParameterKind::time)),
             {{.name = "outcome",
               .kind = ParameterKind::words,
               .description = "What became of them.",
               .words = outcome_names()},
              {.name = "side",
               .kind = ParameterKind::word,
               .description = "In which direction; in capitals or not.",
               .words = {"BUY", "SELL", "buy", "sell"}},
              {.name = "limit",
               .kind = ParameterKind::integer,
               .description = "How many at most; more than 1000 counts as 1000.",
               .min = 1,
               .max = INT64_MAX,
               .default_value = "100"},
              {.name = "cursor",
               .description = "The `next` of an earlier answer.",
               .pattern = "^-?[0-9]{1,18}~.+$",
               .format = "trade-cursor"},
              {.name = "event_type", .kind = ParameterKind::refused},
              {.name = "engine", .kind = ParameterKind::refused},
              {.name = "filter", .kind = ParameterKind::refused}});
  out.answers = {{.description = "A page of trades.", .schema = "TradePage"}};
  out.errors = {"invalid_parameter", "busy", "store_unreadable", "store_slow"};
  return out;
}

Operation trade() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/trades/{id}",
                .id = "getTrade",
                .tag = "Figures",
                .summary = "One trade and the chain of its events"};
  out.parameters = {{.name = "id",
                     .description = "The correlation_id, or the order_id of one of its orders.",
                     .pattern = "^[\\s\\S]+$",
                     .in = ParameterPlace::path}};
  out.answers = {
      {.description = "The trade and its events, oldest first.", .schema = "TradeChain"}};
  out.errors = {"not_found", "busy", "store_unreadable", "store_slow"};
  return out;
}

}  // namespace

std::vector<Operation> figure_operations() {
  return {aggregates(), trades(), trade()};
}

}  // namespace tapedeck::tables
