// Rollups and trades agree with the events, over segments, files and restarts.
#include <gtest/gtest.h>

#include "query/aggregate_result.hpp"
#include "query/tape.hpp"
#include "store_fixture.hpp"

namespace tapedeck::store {
namespace {

using testing::small_options;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

std::string from_rollups(const Store& store, const AggregateQuery& query) {
  AggregateResult result(query);
  const auto added = result.add_rows(store);
  EXPECT_TRUE(added) << added.error().message;
  EXPECT_FALSE(result.needs_events());
  return result.json(AggregateOrigin::events);
}

std::string from_events(const Store& store, const AggregateQuery& query) {
  AggregateResult result(query);
  const CompiledFilter filter = compile(query.events);
  for (std::uint64_t next = store.first_seq(); next < store.end_seq();) {
    const HistorySlice slice = store.read_forward(filter, next, store.end_seq(), {});
    for (const StoredFrames& block : slice.blocks) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        EXPECT_TRUE(result.add_event(block.frame(i), block.index[i]));
      }
    }
    next = slice.next;
  }
  return result.json(AggregateOrigin::events);
}

void expect_agreement(const Store& store) {
  for (const char* group : {"type", "strategy", "symbol", "status", "engine"}) {
    const auto query = parse_aggregate_query(
        {{"group_by", group}, {"since", "2025-11-13T00:00:00Z"}, {"until", "2025-11-13T06:00:00Z"}},
        now(), default_value_fields());
    ASSERT_TRUE(query) << query.error().message;
    const std::string expected = from_events(store, *query);
    EXPECT_EQ(from_rollups(store, *query), expected);
    EXPECT_NE(expected.find("\"start\""), std::string::npos);
  }
}

class StoreDerived : public ::testing::TestWithParam<bool> {
 protected:
  StoreOptions options() {
    StoreOptions out = small_options(folder_.path());
    if (GetParam()) out.max_file_bytes = 300'000;
    return out;
  }
  TempFolder folder_;
};

TEST_P(StoreDerived, RollupsAgreeWithTheEventsOverRestarts) {
  {
    StoreRun run(options());
    Traffic traffic(*run.bus);
    for (int i = 0; i < 7; ++i) {
      traffic.publish(500);
      run.settle();
      expect_agreement(run.store);
    }
  }
  TempFolder crashed;
  {
    StoreRun run(options());
    expect_agreement(run.store);
    Traffic(*run.bus, 9).publish(700);
    run.settle();
    expect_agreement(run.store);
    std::filesystem::copy(folder_.path(), crashed.path(), std::filesystem::copy_options::recursive);
  }
  StoreOptions after_crash = options();
  after_crash.folder = crashed.path();
  StoreRun run(after_crash);
  expect_agreement(run.store);
}

std::vector<std::string> listed(const Store& store, const TradeQuery& query) {
  std::vector<std::string> out;
  store.visit_trades(query, [&](const TradeSummary& trade) {
    out.push_back(encode(trade));
    return true;
  });
  return out;
}

TEST_P(StoreDerived, TradesAreThoseOfAScanOverRestarts) {
  const auto expected = [](const Store& store, const TradeQuery& query) {
    const ScannedTrades scanned([&](const TradeEventVisitor& visit) {
      for (std::uint64_t next = store.first_seq(); next < store.end_seq();) {
        const HistorySlice slice = store.read_forward({}, next, store.end_seq(), {});
        for (const StoredFrames& block : slice.blocks) {
          for (std::size_t i = 0; i < block.size(); ++i) {
            visit(block.frame(i), block.index[i], block.seqs[i]);
          }
        }
        next = slice.next;
      }
    });
    std::vector<std::string> out;
    scanned.visit_trades(query, [&](const TradeSummary& trade) {
      out.push_back(encode(trade));
      return true;
    });
    return out;
  };
  std::vector<TradeQuery> queries(3);
  queries[1].outcomes = {TradeOutcome::filled};
  queries[2].filter.strategy = {"momentum"};
  for (int start = 0; start < 3; ++start) {
    StoreRun run(options());
    Traffic traffic(*run.bus, static_cast<unsigned>(start));
    for (int i = 0; i < 3; ++i) {
      traffic.publish(400);
      run.settle();
    }
    for (const TradeQuery& query : queries) {
      const auto trades = listed(run.store, query);
      EXPECT_EQ(trades, expected(run.store, query));
      EXPECT_GT(trades.size(), 20U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, StoreDerived, ::testing::Bool(), [](const auto& files) {
  return files.param ? "OfSeveralFiles" : "OfOneFile";
});

}  // namespace
}  // namespace tapedeck::store
