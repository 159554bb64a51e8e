#include "query/aggregate_result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>

#include "query/aggregate_frames.hpp"

namespace tapedeck {
namespace {

using testing::aggregate_query;
using testing::Frames;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::StoredRows;
using testing::TestFrame;
using Parameters = std::vector<QueryParameter>;

/// Events, and the same events rolled up in several rows.
class History {
 public:
  explicit History(RollupOptions options = {}) : rollup_(std::move(options)) {}

  void add(TestFrame frame) {
    rollup_.add(frame.bytes.data(), frame.index);
    frames_.push_back(std::move(frame));
  }
  void add(std::string_view type, std::string_view time, std::string_view payload,
           std::string_view source = {}) {
    add((*encode_)(type, time, payload, source));
  }
  void drain() { rows_.keep(rollup_.drain()); }

  std::string from_events(const AggregateQuery& query) const {
    AggregateResult result(query);
    const CompiledFilter filter = compile(query.events);
    for (const TestFrame& frame : frames_) {
      if (!filter.matches(frame.bytes.data(), frame.index)) continue;
      const auto added = result.add_event(frame.bytes.data(), frame.index);
      EXPECT_TRUE(added.ok()) << added.error().message;
    }
    return result.json(AggregateOrigin::events);
  }
  /// What is stored and what has not been drained, as the store gives them.
  std::string from_rollups(const AggregateQuery& query) const {
    AggregateResult result(query);
    const auto stored = result.add_rows(rows_);
    EXPECT_TRUE(stored.ok()) << stored.error().message;
    rollup_.snapshot(static_cast<int>(rollup_dimension(query).value()), query.since_ns / kMinuteNs,
                     query.until_ns / kMinuteNs - 1, [&](std::string_view row) {
                       const auto added = result.add_row(row);
                       EXPECT_TRUE(added.ok()) << added.error().message;
                     });
    EXPECT_FALSE(result.needs_events());
    return result.json(AggregateOrigin::rollup);
  }
  const StoredRows& rows() const { return rows_; }

 private:
  std::unique_ptr<Frames> encode_ = std::make_unique<Frames>();
  Rollup rollup_;
  StoredRows rows_;
  std::vector<TestFrame> frames_;
};

/// An answer without its numbers, and the numbers.
struct Answer {
  std::string shape;
  std::vector<double> values;
};
Answer parts_of(const std::string& json) {
  Answer out;
  const std::string mark = "\"value\":";
  std::size_t at = 0;
  for (std::size_t next = 0; (next = json.find(mark, at)) != std::string::npos; at = next) {
    next += mark.size();
    out.shape += json.substr(at, next - at);
    const std::size_t end = json.find_first_of(",}", next);
    out.values.push_back(std::stod(json.substr(next, end - next)));
    next = end;
  }
  out.shape += json.substr(at);
  const std::size_t source = out.shape.find("\"source\":\"");
  out.shape.erase(source, out.shape.find(',', source) - source);
  return out;
}

void expect_same(const std::string& from_rollups, const std::string& from_events) {
  const Answer rolled = parts_of(from_rollups), read = parts_of(from_events);
  EXPECT_EQ(rolled.shape, read.shape);
  ASSERT_EQ(rolled.values.size(), read.values.size());
  for (std::size_t i = 0; i < read.values.size(); ++i) {
    // Sums of thousands of prices, added in another order.
    EXPECT_NEAR(rolled.values[i], read.values[i], 1e-6 + 1e-9 * std::abs(read.values[i]));
  }
}

std::string buckets_of(const std::string& json) {
  return json.substr(json.find("\"buckets\":"));
}

History three_ticks() {
  History history;
  history.add("tick", "09:15:00", R"({"symbol":"B","price":10.0})", R"({"mode":"paper"})");
  history.add("tick", "09:15:10", R"({"symbol":"A","price":20.5})", R"({"mode":"live"})");
  history.add("tick", "09:17:10", R"({"symbol":"A","price":1.0})", R"({"mode":"live"})");
  history.add("note", "09:15:30", R"({"text":"none"})");
  return history;
}

TEST(AggregateResult, HasTheShapeTheContractShows) {
  const AggregateQuery query = aggregate_query({{"metric", "avg"},
                                                {"field", "price"},
                                                {"group_by", "symbol,type"},
                                                {"until", "2025-11-18T09:20:00Z"},
                                                {"since", "2025-11-18T09:15:30Z"}});
  const std::string expected =
      R"({"ok":true,"metric":"avg","field":"price","group_by":["symbol","type"],"interval":"1m",)"
      R"("since":"2025-11-18T09:15:00.000000Z","until":"2025-11-18T09:21:00.000000Z",)"
      R"("source":"events","buckets":[{"start":"2025-11-18T09:15:00.000000Z","groups":[)"
      R"({"key":{"symbol":"A","type":"tick"},"value":20.5,"count":1},)"
      R"({"key":{"symbol":"B","type":"tick"},"value":10.0,"count":1}]},)"
      R"({"start":"2025-11-18T09:17:00.000000Z","groups":[)"
      R"({"key":{"symbol":"A","type":"tick"},"value":1.0,"count":1}]}]})"
      "\n";
  EXPECT_EQ(three_ticks().from_events(query), expected);
}

TEST(AggregateResult, WithoutGroupsThereIsOneWithAnEmptyKey) {
  const std::string expected = R"("buckets":[{"start":"2025-11-18T09:00:00.000000Z","groups":[)"
                               R"({"key":{},"value":4,"count":4}]}]})"
                               "\n";
  const AggregateQuery query = aggregate_query({{"interval", "1h"}});
  EXPECT_EQ(buckets_of(three_ticks().from_rollups(query)), expected);
  EXPECT_EQ(buckets_of(three_ticks().from_events(query)), expected);
}

TEST(AggregateResult, AnEmptyRangeHasNoBuckets) {
  const AggregateQuery query = aggregate_query({{"until", "2025-11-18T08:00:00Z"}});
  EXPECT_EQ(buckets_of(three_ticks().from_rollups(query)), "\"buckets\":[]}\n");
  EXPECT_EQ(buckets_of(three_ticks().from_events(query)), "\"buckets\":[]}\n");
}

TEST(AggregateResult, TheRateIsEventsPerSecondOfTheBucket) {
  const AggregateQuery query = aggregate_query({{"metric", "rate"}, {"event_type", "tick"}});
  const std::string json = three_ticks().from_rollups(query);
  EXPECT_THAT(json, HasSubstr(R"("value":0.03333333333333333,"count":2)"));
  EXPECT_THAT(json, HasSubstr("\"field\":null"));
}

TEST(AggregateResult, EventsWithoutAValueAreAGroupOfTheirOwnAtTheEnd) {
  const AggregateQuery query = aggregate_query({{"group_by", "symbol"}, {"interval", "1d"}});
  const std::string expected =
      R"([{"key":{"symbol":"A"},"value":2,"count":2},{"key":{"symbol":"B"},"value":1,"count":1},)"
      R"({"key":{"symbol":null},"value":1,"count":1}])";
  EXPECT_THAT(three_ticks().from_rollups(query), HasSubstr(expected));
  EXPECT_THAT(three_ticks().from_events(query), HasSubstr(expected));
}

TEST(AggregateResult, ABucketThatIsNotOverSaysSo) {
  History history;
  history.add("tick", "09:59:59", "{}");
  history.add("tick", "10:00:00", "{}");
  const std::string json = history.from_rollups(aggregate_query({}));
  EXPECT_THAT(json, HasSubstr(R"({"start":"2025-11-18T09:59:00.000000Z","groups")"));
  EXPECT_THAT(json, HasSubstr(R"({"start":"2025-11-18T10:00:00.000000Z","partial":true,"groups")"));
}

TEST(AggregateResult, ADayBeginsAtMidnightUtc) {
  History history;
  history.add("tick", "2025-11-17T23:59:59.999999Z", "{}");
  history.add("tick", "2025-11-18T00:00:00Z", "{}");
  const AggregateQuery query =
      aggregate_query({{"interval", "1d"}, {"since", "2025-11-17T05:30:00Z"}});
  const std::string json = history.from_rollups(query);
  EXPECT_THAT(json,
              HasSubstr(R"({"start":"2025-11-17T00:00:00.000000Z","groups":[{"key":{},"value":1)"));
  EXPECT_THAT(json, HasSubstr(R"({"start":"2025-11-18T00:00:00.000000Z","partial":true)"));
  expect_same(json, history.from_events(query));
}

TEST(AggregateResult, KeysAreSpelledAsInTheEvents) {
  History history;
  history.add("tick", "09:15:00", R"({"symbol":"M\"M \\ é\n"})");
  const AggregateQuery query = aggregate_query({{"group_by", "symbol"}});
  const std::string expected = R"({"symbol":"M\u0022M \u005c é\u000a"})";
  EXPECT_THAT(history.from_rollups(query), HasSubstr(expected));
  EXPECT_THAT(history.from_events(query), HasSubstr(expected));
  const Parameters filtered = {{"group_by", "symbol"}, {"symbol", "M\"M \\ é\n"}};
  EXPECT_THAT(history.from_rollups(aggregate_query(filtered)), HasSubstr(expected));
  EXPECT_THAT(history.from_events(aggregate_query(filtered)), HasSubstr(expected));
}

TEST(AggregateResult, AnEmptyValueIsNotNone) {
  History history;
  history.add("tick", "09:15:00", R"({"symbol":""})");
  const AggregateQuery query = aggregate_query({{"group_by", "symbol"}});
  EXPECT_THAT(history.from_rollups(query), HasSubstr(R"("key":{"symbol":""})"));
  EXPECT_THAT(history.from_events(query), HasSubstr(R"("key":{"symbol":""})"));
}

TEST(AggregateResult, SumsThatNoDoubleHoldsAreNull) {
  History history;
  for (int i = 0; i < 2; ++i) history.add("tick", "09:15:00", R"({"price":1.5e308})");
  for (const char* metric : {"sum", "avg"}) {
    const auto query = aggregate_query({{"metric", metric}, {"field", "price"}});
    EXPECT_THAT(history.from_rollups(query), HasSubstr("\"value\":null,\"count\":2"));
    EXPECT_THAT(history.from_events(query), HasSubstr("\"value\":null,\"count\":2"));
  }
}

TEST(AggregateResult, QuantilesStayBetweenTheSmallestAndTheLargestNumber) {
  History history;
  history.add("tick", "09:15:00", R"({"price":19755.05})");
  const auto query = aggregate_query({{"metric", "p99"}, {"field", "price"}});
  EXPECT_THAT(history.from_rollups(query), HasSubstr("\"value\":19755.05,"));
  EXPECT_THAT(history.from_events(query), HasSubstr("\"value\":19755.05,"));
}

TEST(AggregateResult, AQuantileOutsideOfTheErrorSaysSo) {
  History history;
  for (int i = 0; i < 1200; ++i) {  // more bins than a sketch keeps
    char price[40];
    std::snprintf(price, sizeof price, R"({"price":%.17e})", std::pow(10.0, i / 100.0));
    history.add("tick", "09:15:00", price);
  }
  const Parameters low = {{"metric", "p50"}, {"field", "price"}};
  EXPECT_THAT(history.from_rollups(aggregate_query(low)), Not(HasSubstr("inexact")));
  for (int i = 0; i < 2000; ++i) history.add("tick", "09:15:00", R"({"price":1.0})");
  EXPECT_THAT(history.from_rollups(aggregate_query(low)),
              HasSubstr(",\"inexact\":true,\"count\":3200"));
  EXPECT_THAT(history.from_events(aggregate_query(low)),
              HasSubstr(",\"inexact\":true,\"count\":3200"));
}

// --- both ways agree ---

/// A day of trading in miniature, out of order, rolled up in many rows.
History random_history() {
  History history;
  std::mt19937_64 random(7);
  const auto pick = [&](auto... names) {
    const char* all[] = {names...};
    return std::string(all[random() % sizeof...(names)]);
  };
  const std::int64_t begin = to_ns(*parse_rfc3339("2025-11-18T06:00:00Z"));
  for (int i = 0; i < 6'000; ++i) {
    std::string payload = R"({"n":)" + std::to_string(i);
    const auto text = [&](const char* name, const std::string& value) {
      if (random() % 5 != 0) payload += ",\"" + std::string(name) + "\":\"" + value + "\"";
    };
    text("symbol", pick("NIFTY", "SBIN", "M&M", "A", "B"));
    text("strategy", pick("momentum", "reversion"));
    text("strategy_name", pick("momentum", "late"));
    text("engine_name", pick("E1", "E2"));
    text("status", pick("filled", "open", "rejected"));
    const double number = std::round(std::normal_distribution(100.0, 400.0)(random) * 100) / 100;
    if (random() % 3 != 0) payload += ",\"price\":" + std::to_string(number);
    if (random() % 3 == 0) {
      payload += ",\"metrics\":{\"net_pnl\":" + std::to_string(number * 7) + "}";
    }
    const std::string source = R"({"host":")" + pick("a1", "a2") + R"(","engine_id":")" +
                               pick("x", "y", "z") + R"(","account":")" + pick("main", "test") +
                               R"(","mode":")" + pick("paper", "live") + "\"}";
    const auto at = begin + static_cast<std::int64_t>(random() % 14'400'000'000) * 1000;
    history.add(pick("tick", "trade", "note"), format_rfc3339(from_ns(at)), payload + "}", source);
    if (random() % 400 == 0) history.drain();
  }
  return history;
}

const History& trading_day() {
  static const History history = random_history();
  return history;
}

const std::vector<Parameters>& metrics() {
  static const std::vector<Parameters> all = [] {
    std::vector<Parameters> out = {{{"metric", "count"}}, {{"metric", "rate"}}};
    for (const char* metric : {"sum", "avg", "min", "max", "p50", "p90", "p99"}) {
      out.push_back({{"metric", metric}, {"field", "price"}});
      out.push_back({{"metric", metric}, {"field", "metrics.net_pnl"}});
    }
    return out;
  }();
  return all;
}

void expect_both_ways_agree(const Parameters& rest) {
  for (Parameters parameters : metrics()) {
    parameters.insert(parameters.end(), rest.begin(), rest.end());
    const AggregateQuery query = aggregate_query(parameters);
    const std::string events = trading_day().from_events(query);
    SCOPED_TRACE(events.substr(0, 200));
    EXPECT_THAT(events, HasSubstr("\"groups\""));
    expect_same(trading_day().from_rollups(query), events);
  }
}

TEST(AggregatesBothWays, AgreeForEveryMetricAndGroup) {
  for (std::size_t i = 0; i < kDimensionCount; ++i) {
    const std::string name(name_of(static_cast<Dimension>(i)));
    expect_both_ways_agree(
        {{"group_by", name}, {"interval", "1h"}, {"since", "2025-11-18T06:00:00Z"}});
  }
}

TEST(AggregatesBothWays, AgreeForTypeBesideADimensionInEitherOrder) {
  expect_both_ways_agree({{"group_by", "type,strategy"}});
  expect_both_ways_agree({{"group_by", "symbol,type"}, {"interval", "5m"}});
}

TEST(AggregatesBothWays, AgreeUnderFilters) {
  expect_both_ways_agree({{"event_type", "tick,note"}});
  expect_both_ways_agree({{"event_type", "trade"}, {"symbol", "SBIN,M&M"}});
  expect_both_ways_agree({{"strategy", "late"}, {"group_by", "type"}});
  expect_both_ways_agree({{"strategy", "momentum,late"}, {"group_by", "strategy"}});
  expect_both_ways_agree({{"mode", "live"}, {"group_by", "mode"}});
  expect_both_ways_agree({{"engine", "E2"}});
  expect_both_ways_agree({{"host", "a2"}, {"group_by", "type,host"}});
}

TEST(AggregatesBothWays, AgreeOnBoundsInTheMiddleOfABucket) {
  for (const char* interval : {"1m", "5m", "1h", "1d"}) {
    expect_both_ways_agree({{"interval", interval},
                            {"since", "2025-11-18T06:31:17.5Z"},
                            {"until", "2025-11-18T08:44:59.999999Z"}});
  }
}

TEST(AggregatesBothWays, OneSecondBucketsAddUpToTheMinute) {
  const Parameters range = {{"since", "2025-11-18T07:00:00Z"}, {"until", "2025-11-18T07:59:59Z"}};
  Parameters seconds = range, minutes = range;
  seconds.push_back({"interval", "1s"});
  const auto sum = [](const std::string& json) {
    double total = 0;
    for (const double value : parts_of(json).values) total += value;
    return total;
  };
  const double total = sum(trading_day().from_events(aggregate_query(seconds)));
  EXPECT_GT(total, 1000);
  EXPECT_EQ(total, sum(trading_day().from_rollups(aggregate_query(minutes))));
}

TEST(AggregatesBothWays, SeveralDimensionsAreGroupedFromTheEvents) {
  const AggregateQuery query = aggregate_query({{"group_by", "mode,symbol,status"},
                                                {"interval", "1d"},
                                                {"symbol", "SBIN"},
                                                {"filter", "payload.status == 'open'"}});
  const std::string json = trading_day().from_events(query);
  EXPECT_THAT(json, HasSubstr(R"([{"key":{"mode":"live","symbol":"SBIN","status":"open"},)"));
  EXPECT_THAT(json, HasSubstr(R"(,{"key":{"mode":"paper","symbol":"SBIN","status":"open"},)"));
  EXPECT_EQ(parts_of(json).values.size(), 2U);
}

// --- what rollups do not know ---

TEST(AggregateResult, AFilterThatMayMeanAnOtherValueNeedsTheEvents) {
  History history({.max_groups = 1});
  history.add("tick", "09:15:00", R"({"symbol":"A","price":1.0})");
  history.add("tick", "09:15:00", R"({"symbol":"B","price":2.0})");
  history.drain();
  const auto needs_events = [&](const Parameters& parameters) {
    AggregateResult result(aggregate_query(parameters));
    EXPECT_TRUE(result.add_rows(history.rows()).ok());
    return result.needs_events();
  };
  EXPECT_TRUE(needs_events({{"symbol", "B"}}));
  EXPECT_TRUE(needs_events({{"symbol", "A"}, {"metric", "sum"}, {"field", "price"}}));
  EXPECT_FALSE(needs_events({{"symbol", "B"}, {"event_type", "note"}}));
  EXPECT_FALSE(needs_events({{"symbol", "B"}, {"until", "2025-11-18T09:10:00Z"}}));
  EXPECT_FALSE(needs_events({{"group_by", "symbol"}}));
}

TEST(AggregateResult, ValuesBeyondTheLimitAreAnExplicitOtherGroup) {
  History history({.max_groups = 1});
  history.add("tick", "09:15:00", R"({"symbol":"A"})");
  history.add("tick", "09:15:00", R"({"symbol":"B"})");
  history.add("tick", "09:15:00", "{}");
  EXPECT_THAT(history.from_rollups(aggregate_query({{"group_by", "symbol"}})),
              HasSubstr(R"([{"key":{"symbol":"A"},"value":1,"count":1},)"
                        R"({"key":{"symbol":null},"value":1,"count":1},)"
                        R"({"key":{"symbol":null},"other":true,"value":1,"count":1}])"));
}

TEST(AggregateResult, AFieldThatWasNotLookedForThenNeedsTheEvents) {
  History history({.fields = {"qty"}});
  history.add("tick", "09:15:00", R"({"price":1.0})");
  history.drain();
  const auto needs_events = [&](const Parameters& parameters) {
    AggregateResult result(aggregate_query(parameters));
    EXPECT_TRUE(result.add_rows(history.rows()).ok());
    return result.needs_events();
  };
  EXPECT_TRUE(needs_events({{"metric", "max"}, {"field", "price"}}));
  EXPECT_FALSE(needs_events({{"metric", "max"}, {"field", "qty"}}));
  EXPECT_FALSE(
      needs_events({{"metric", "max"}, {"field", "price"}, {"until", "2025-11-18T09:10:00Z"}}));
}

TEST(AggregateResult, AQueryThatRollupsCannotAnswerNeedsTheEvents) {
  AggregateResult result(aggregate_query({{"interval", "1s"}}));
  EXPECT_TRUE(result.add_rows(StoredRows()).ok());
  EXPECT_TRUE(result.needs_events());
}

// --- limits and damage ---

TEST(AggregateResult, MoreGroupsThanAnAnswerHoldsAreAnError) {
  Frames encode;
  AggregateResult from_events(aggregate_query({{"group_by", "symbol"}}));
  Rollup rollup({.max_groups = AggregateResult::kMaxCells + 1});
  for (std::size_t i = 0; i <= AggregateResult::kMaxCells; ++i) {
    const auto frame = encode("tick", "09:15:00", R"({"symbol":")" + std::to_string(i) + "\"}");
    rollup.add(frame.bytes.data(), frame.index);
    const auto added = from_events.add_event(frame.bytes.data(), frame.index);
    ASSERT_EQ(added.ok(), i < AggregateResult::kMaxCells) << i;
    if (added) continue;
    EXPECT_THAT(added.error().message, HasSubstr("longer interval"));
  }
  AggregateResult from_rows(aggregate_query({{"group_by", "symbol"}}));
  StoredRows rows;
  rows.keep(rollup.drain());
  const auto added = from_rows.add_rows(rows);
  ASSERT_FALSE(added.ok());
  EXPECT_EQ(added.error().code, "invalid_parameter");
}

std::string one_row(Dimension dimension) {
  Rollup rollup({.fields = {"price"}});
  Frames encode;
  for (const char* price : {"1.5", "2.5", "1e9"}) {
    const auto frame =
        encode("tick", "09:15:00", R"({"symbol":"SBIN","price":)" + std::string(price) + "}");
    rollup.add(frame.bytes.data(), frame.index);
  }
  for (RollupRow& row : rollup.drain()) {
    if (row.dimension == static_cast<int>(dimension)) return row.data;
  }
  return {};
}

TEST(AggregateResult, ARowCutOffAnywhereIsAnError) {
  const std::string row = one_row(Dimension::symbol);
  const auto query =
      aggregate_query({{"group_by", "symbol"}, {"metric", "p50"}, {"field", "price"}});
  for (std::size_t length = 0; length < row.size(); ++length) {
    AggregateResult result(query);
    const auto added = result.add_row(std::string_view(row).substr(0, length));
    ASSERT_FALSE(added.ok()) << length;
    EXPECT_EQ(added.error().code, "corrupt_aggregate");
  }
  EXPECT_TRUE(AggregateResult(query).add_row(row).ok());
}

TEST(AggregateResult, ASketchThatDoesNotFitItsCountLeavesNoHalfGroupBehind) {
  std::string row = one_row(Dimension::symbol);
  ++row.back();  // the count of the sketch's last bin
  AggregateResult result(
      aggregate_query({{"metric", "p50"}, {"field", "price"}, {"symbol", "SBIN"}}));
  EXPECT_FALSE(result.add_row(row).ok());
  EXPECT_EQ(buckets_of(result.json(AggregateOrigin::rollup)), "\"buckets\":[]}\n");
}

TEST(AggregateResult, ARowOfAnotherDimensionIsAnError) {
  AggregateResult result(aggregate_query({{"group_by", "symbol"}}));
  EXPECT_FALSE(result.add_row(one_row(Dimension::mode)).ok());
}

TEST(AggregateResult, ARowOfAnotherFormatIsAnError) {
  std::string row = one_row(Dimension::symbol);
  row[0] = static_cast<char>(kRowFormat + 1);
  EXPECT_FALSE(AggregateResult(aggregate_query({{"group_by", "symbol"}})).add_row(row).ok());
}

TEST(AggregateResult, TextThatWouldBreakTheAnswerIsAnError) {
  const auto query = aggregate_query({{"group_by", "symbol"}});
  for (const char* bad : {"SB\"N", "SB\\N", "SB\nN", "SB\xff\x01", "\\u00", "\\x0022", "S\xc3(N"}) {
    std::string row = one_row(Dimension::symbol);
    const std::string text = (std::string(bad) + "xxxx").substr(0, 4);
    row.replace(row.find("SBIN"), 4, text);
    AggregateResult result(query);
    EXPECT_FALSE(result.add_row(row).ok()) << bad;
  }
  std::string row = one_row(Dimension::symbol);
  row.replace(row.find("tick"), 4, "ti\"k");
  EXPECT_FALSE(AggregateResult(query).add_row(row).ok());
}

TEST(AggregateResult, DamagedRowsNeverCrashNorBreakTheJson) {
  std::mt19937_64 random(3);
  const auto query =
      aggregate_query({{"group_by", "symbol"}, {"metric", "p99"}, {"field", "price"}});
  const std::string row = one_row(Dimension::symbol);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = row;
    for (std::uint64_t hits = 1 + random() % 3; hits > 0; --hits) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    AggregateResult result(query);
    const auto added = result.add_row(damaged);
    if (!added) ++refused;
    const std::string json = result.json(AggregateOrigin::rollup);
    ASSERT_EQ(std::count(json.begin(), json.end(), '"') % 2, 0) << json;
    ASSERT_EQ(json.find_first_of("\\"), std::string::npos) << json;
  }
  EXPECT_GT(refused, 5'000);
}

}  // namespace
}  // namespace tapedeck
