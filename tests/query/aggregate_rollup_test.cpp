#include "query/aggregate_rollup.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "query/aggregate_frames.hpp"

namespace tapedeck {
namespace {

using testing::Frames;
using testing::TestFrame;

class RollupTest : public ::testing::Test {
 protected:
  void add(Rollup& rollup, std::string_view type, std::string_view time, std::string_view payload,
           std::string_view source = {}) {
    const TestFrame frame = frames_(type, time, payload, source);
    rollup.add(frame.bytes.data(), frame.index);
  }

  Frames frames_;
};

/// (minute of the day, type, value) -> count. A value of none is "-", an other one "*".
using Counts = std::map<std::tuple<std::int64_t, std::string, std::string>, std::uint64_t>;

void count_row(std::string_view row, Counts& counts) {
  RowReader reader(row);
  ASSERT_TRUE(reader.read_head());
  RowEntry entry;
  while (reader.next_entry(entry)) {
    const std::string value = entry.value == kNoValue ? "-"
                              : entry.value == kOtherValue
                                  ? "*"
                                  : std::string(reader.values()[entry.value - kFirstValue]);
    counts[{entry.minute % 1440, std::string(reader.types()[entry.type]), value}] += entry.count;
  }
  EXPECT_FALSE(reader.failed());
}

Counts counts_of(const std::vector<RollupRow>& rows, Dimension dimension) {
  Counts counts;
  for (const RollupRow& row : rows) {
    if (row.dimension == static_cast<int>(dimension)) count_row(row.data, counts);
  }
  return counts;
}

TEST_F(RollupTest, CountsByMinuteTypeAndValue) {
  Rollup rollup;
  add(rollup, "tick", "09:15:00", R"({"symbol":"A"})");
  add(rollup, "tick", "09:15:59.999999", R"({"symbol":"A"})");
  add(rollup, "tick", "09:16:00", R"({"symbol":"B"})");
  add(rollup, "note", "09:15:30", R"({"text":"none"})");
  const auto rows = rollup.drain();
  EXPECT_EQ(counts_of(rows, Dimension::symbol),
            (Counts{{{555, "tick", "A"}, 2}, {{556, "tick", "B"}, 1}, {{555, "note", "-"}, 1}}));
  EXPECT_EQ(counts_of(rows, Dimension::type),
            (Counts{{{555, "tick", "-"}, 2}, {{556, "tick", "-"}, 1}, {{555, "note", "-"}, 1}}));
}

TEST_F(RollupTest, AMinuteTakesItsFirstNanosecondAndNotItsLast) {
  Rollup rollup;
  add(rollup, "tick", "1969-12-31T23:59:59.999999Z", "{}");
  add(rollup, "tick", "1970-01-01T00:00:00Z", "{}");
  const auto rows = rollup.drain();
  std::set<std::int64_t> minutes;
  for (const RollupRow& row : rows) minutes.insert({row.first_minute, row.last_minute});
  EXPECT_EQ(minutes, (std::set<std::int64_t>{-1, 0}));
}

TEST_F(RollupTest, EveryDimensionHasItsView) {
  Rollup rollup;
  add(rollup, "order_event", "09:15:00",
      R"({"order_id":"1","symbol":"S","side":"BUY","status":"filled","strategy":"m"})",
      R"({"host":"h","engine_id":"e","account":"a","mode":"paper"})");
  add(rollup, "engine_health", "09:15:00", R"({"engine_name":"E","status":"active","metrics":{}})");
  const auto rows = rollup.drain();
  const auto order = [&](Dimension dimension) {
    for (const auto& [key, count] : counts_of(rows, dimension)) {
      if (std::get<1>(key) == "order_event") return std::get<2>(key);
    }
    return std::string("missing");
  };
  EXPECT_EQ(order(Dimension::symbol), "S");
  EXPECT_EQ(order(Dimension::strategy), "m");
  EXPECT_EQ(order(Dimension::engine), "-");
  EXPECT_EQ(order(Dimension::engine_id), "e");
  EXPECT_EQ(order(Dimension::host), "h");
  EXPECT_EQ(order(Dimension::account), "a");
  EXPECT_EQ(order(Dimension::mode), "paper");
  EXPECT_EQ(order(Dimension::status), "filled");
  EXPECT_EQ(counts_of(rows, Dimension::engine).at({555, "engine_health", "E"}), 1U);
  EXPECT_EQ(counts_of(rows, Dimension::status).at({555, "engine_health", "active"}), 1U);
}

TEST_F(RollupTest, RowsOfSeveralDrainsAddUp) {
  Rollup rollup;
  Counts counts;
  for (int i = 0; i < 3; ++i) {
    add(rollup, "tick", "09:15:00", R"({"symbol":"A"})");
    for (const RollupRow& row : rollup.drain()) {
      if (row.dimension == static_cast<int>(Dimension::symbol)) count_row(row.data, counts);
    }
  }
  EXPECT_EQ(counts, (Counts{{{555, "tick", "A"}, 3}}));
  EXPECT_TRUE(rollup.drain().empty());
}

TEST_F(RollupTest, ARowReachesOverOneDayAtMost) {
  Rollup rollup;
  add(rollup, "tick", "2022-01-03T09:15:00Z", "{}");
  add(rollup, "tick", "2025-11-18T00:00:00Z", "{}");
  add(rollup, "tick", "2025-11-18T23:59:00Z", "{}");
  add(rollup, "tick", "2025-11-19T00:00:00Z", "{}");
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  for (const RollupRow& row : rollup.drain()) {
    if (row.dimension == 0) ranges.emplace_back(row.first_minute, row.last_minute);
  }
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0].first, ranges[0].second);
  EXPECT_EQ(ranges[1].second - ranges[1].first, 1439);
  EXPECT_EQ(ranges[2].first, ranges[1].second + 1);
}

TEST_F(RollupTest, ValuesBeyondTheLimitAreCountedAsOther) {
  Rollup rollup({.max_groups = 2});
  for (const char* symbol : {"A", "B", "C", "D", "A"}) {
    add(rollup, "tick", "09:15:00", R"({"symbol":")" + std::string(symbol) + "\"}");
  }
  const auto rows = rollup.drain();
  EXPECT_EQ(counts_of(rows, Dimension::symbol),
            (Counts{{{555, "tick", "A"}, 2}, {{555, "tick", "B"}, 1}, {{555, "tick", "*"}, 2}}));
  EXPECT_EQ(counts_of(rows, Dimension::type), (Counts{{{555, "tick", "-"}, 5}}));
  add(rollup, "tick", "09:15:00", R"({"symbol":"D"})");  // the limit begins anew
  EXPECT_EQ(counts_of(rollup.drain(), Dimension::symbol), (Counts{{{555, "tick", "D"}, 1}}));
}

TEST_F(RollupTest, ASnapshotShowsWhatHasNotBeenDrainedAndKeepsIt) {
  Rollup rollup;
  add(rollup, "tick", "09:14:00", R"({"symbol":"A"})");
  add(rollup, "tick", "09:15:00", R"({"symbol":"A"})");
  add(rollup, "tick", "09:16:00", R"({"symbol":"A"})");
  const std::int64_t first = to_ns(*parse_rfc3339("2025-11-18T09:15:00Z")) / kMinuteNs;
  const auto snapshot = [&](int dimension, std::int64_t from, std::int64_t to) {
    Counts counts;
    rollup.snapshot(dimension, from, to, [&](std::string_view row) { count_row(row, counts); });
    return counts;
  };
  const int symbol = static_cast<int>(Dimension::symbol);
  EXPECT_EQ(snapshot(symbol, first, first), (Counts{{{555, "tick", "A"}, 1}}));
  EXPECT_EQ(snapshot(symbol, first, first + 9).size(), 2U);
  EXPECT_EQ(snapshot(symbol, first + 2, first + 9).size(), 0U);
  EXPECT_EQ(snapshot(99, first, first).size(), 0U);
  EXPECT_EQ(snapshot(-1, first, first).size(), 0U);
  EXPECT_EQ(counts_of(rollup.drain(), Dimension::symbol).size(), 3U);
  EXPECT_EQ(snapshot(symbol, first, first).size(), 0U);
}

TEST_F(RollupTest, FieldsAreKeptWithTheirSketch) {
  Rollup rollup({.fields = {"qty", "price"}});
  for (const char* price : {"100.5", "200.0", "-3.25"}) {
    add(rollup, "tick", "09:15:00", R"({"price":)" + std::string(price) + "}");
  }
  add(rollup, "tick", "09:16:00", R"({"price":7.5})");
  add(rollup, "note", "09:16:00", R"({"text":"x"})");
  const auto rows = rollup.drain();
  RowReader reader(rows.front().data);
  ASSERT_TRUE(reader.read_head());
  RowEntry entry;
  while (reader.next_entry(entry)) {
  }
  ASSERT_TRUE(reader.find_field(field_hash("price")));
  RowReader::Series series;
  ASSERT_TRUE(reader.next_series(series));
  EXPECT_EQ(series.entry, 0U);
  EXPECT_EQ(series.stats.count, 3U);
  EXPECT_EQ(series.stats.sum, 297.25);
  EXPECT_EQ(series.stats.min, -3.25);
  EXPECT_EQ(series.stats.max, 200.0);
  const auto sketch = QuantileSketch::decode(series.sketch);
  ASSERT_TRUE(sketch.ok());
  QuantileSketch expected;
  for (const double price : {100.5, 200.0, -3.25}) expected.add(price);
  EXPECT_EQ(*sketch, expected);
  ASSERT_TRUE(reader.next_series(series));
  EXPECT_EQ(series.stats.count, 1U);
  EXPECT_EQ(series.stats.sum, 7.5);
  EXPECT_FALSE(reader.next_series(series));
  EXPECT_FALSE(reader.failed());
}

TEST_F(RollupTest, ARowKnowsWhichFieldsWereLookedFor) {
  Rollup rollup({.fields = {"qty", "price"}});
  add(rollup, "tick", "09:15:00", "{}");
  const auto rows = rollup.drain();
  const auto has = [&](std::string_view field) {
    RowReader reader(rows.front().data);
    EXPECT_TRUE(reader.read_head());
    RowEntry entry;
    while (reader.next_entry(entry)) {
    }
    RowReader::Series series;
    const bool found = reader.find_field(field_hash(field));
    EXPECT_FALSE(reader.next_series(series));
    EXPECT_FALSE(reader.failed());
    return found;
  };
  EXPECT_TRUE(has("qty"));
  EXPECT_TRUE(has("price"));
  EXPECT_FALSE(has("confidence"));
}

TEST_F(RollupTest, MemoryIsReportedSoThatTheCallerCanFlush) {
  Rollup rollup({.max_bytes = std::size_t{1} << 20});
  int added = 0;
  while (!rollup.wants_flush() && added < 100'000) {
    add(rollup, "tick", "09:15:00",
        R"({"symbol":"S)" + std::to_string(added % 500) + R"(","price":)" + std::to_string(added) +
            "}");
    ++added;
  }
  EXPECT_TRUE(rollup.wants_flush());
  EXPECT_GT(added, 500);
  EXPECT_LT(added, 50'000);
  EXPECT_GE(rollup.approximate_bytes(), std::size_t{1} << 20);
  const auto rows = rollup.drain();
  EXPECT_FALSE(rollup.wants_flush());
  std::uint64_t total = 0;
  for (const auto& [key, count] : counts_of(rows, Dimension::symbol)) total += count;
  EXPECT_EQ(total, static_cast<std::uint64_t>(added));
  for (int i = 0; i < 1'000; ++i) add(rollup, "tick", "09:15:00", R"({"symbol":"A"})");
  EXPECT_FALSE(rollup.wants_flush());  // tables that have grown once do not count for ever
  EXPECT_LT(rollup.approximate_bytes(), std::size_t{1} << 17);
}

TEST_F(RollupTest, ManyTypesWithTheSameNumberAreKeptApart) {
  Rollup rollup;  // frames made outside of a log all have the type number 0
  for (int i = 0; i < 300; ++i) add(rollup, "type" + std::to_string(i % 100), "09:15:00", "{}");
  const Counts counts = counts_of(rollup.drain(), Dimension::type);
  EXPECT_EQ(counts.size(), 100U);
  EXPECT_EQ(counts.at({555, "type42", "-"}), 3U);
}

TEST_F(RollupTest, OriginsBeyondTheirNumbersAreCountedAsOther) {
  Rollup rollup({.max_groups = RollupOptions::kMostGroups});
  constexpr int kHosts = 300, kEngines = 300;  // 90 000 different origins
  for (int i = 0; i < kHosts * kEngines; ++i) {
    add(rollup, "tick", "09:15:00", "{}",
        R"({"host":"h)" + std::to_string(i / kEngines) + R"(","engine_id":"e)" +
            std::to_string(i % kEngines) + "\"}");
  }
  const auto rows = rollup.drain();
  const Counts hosts = counts_of(rows, Dimension::host);
  EXPECT_EQ(hosts.at({555, "tick", "h0"}), 300U);
  EXPECT_EQ(hosts.at({555, "tick", "*"}), 90'000U - 65'535U);  // one number is the others'
  EXPECT_EQ(counts_of(rows, Dimension::type), (Counts{{{555, "tick", "-"}, 90'000}}));
}

TEST_F(RollupTest, MomentsAtTheEndsOfTimeHaveTheirMinutes) {
  Rollup rollup;
  TestFrame frame = frames_("tick", "09:15:00", "{}");
  for (const std::int64_t ns : {INT64_MIN, INT64_MAX}) {
    frame.index.timestamp_ns = ns;
    rollup.add(frame.bytes.data(), frame.index);
  }
  std::vector<std::int64_t> minutes;
  for (const RollupRow& row : rollup.drain()) {
    Counts counts;
    count_row(row.data, counts);
    EXPECT_EQ(counts.size(), 1U);
    if (row.dimension == 0) minutes.push_back(row.first_minute);
  }
  EXPECT_EQ(minutes, (std::vector<std::int64_t>{-153'722'868, 153'722'867}));
}

TEST(RollupOptions, OutOfRangeAreRefused) {
  EXPECT_THROW(Rollup({.max_groups = 0}), std::invalid_argument);
  EXPECT_THROW(Rollup({.max_groups = RollupOptions::kMostGroups + 1}), std::invalid_argument);
  EXPECT_NO_THROW(Rollup({.max_groups = RollupOptions::kMostGroups}));
  EXPECT_THROW(Rollup({.fields = {"a", "a"}}), std::invalid_argument);
  EXPECT_THROW(Rollup({.fields = {"a."}}), std::invalid_argument);
}

}  // namespace
}  // namespace tapedeck
