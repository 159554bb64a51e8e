// Reads of the store compared with a scan of the same events in memory.
#include <gtest/gtest.h>

#include "query/tape.hpp"
#include "store_fixture.hpp"

namespace tapedeck::store {
namespace {

using testing::small_options;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

struct Found {
  std::uint64_t seq;
  std::string json;
  std::int64_t timestamp_ns;
  friend bool operator==(const Found&, const Found&) = default;
};
std::ostream& operator<<(std::ostream& out, const Found& found) {
  return out << found.seq << ' ' << found.json;
}

std::vector<Found> in_log(const EventLog& log, const CompiledFilter& filter, std::uint64_t first,
                          std::uint64_t end) {
  std::vector<Found> out;
  for (std::uint64_t seq = std::max(first, log.first_seq());
       seq < std::min(end, log.last_seq() + 1); ++seq) {
    const auto pin = log.pin(seq);
    const FrameIndex& index = pin->index(seq);
    const char* frame = pin->frame(index);
    if (!filter.matches(frame, index)) continue;
    out.push_back({seq, {frame + index.json_offset(), index.json_length()}, index.timestamp_ns});
  }
  return out;
}

void append(std::vector<Found>& out, const HistorySlice& slice) {
  for (const StoredFrames& block : slice.blocks) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      const FrameIndex& index = block.index[i];
      out.push_back({block.seqs[i],
                     {block.frame(i) + index.json_offset(), index.json_length()},
                     index.timestamp_ns});
    }
  }
}

std::vector<Found> forward(const Store& store, const CompiledFilter& filter, std::uint64_t first,
                           std::uint64_t end, const ReadLimits& limits) {
  std::vector<Found> out;
  for (std::uint64_t next = first; next < end;) {
    const HistorySlice slice = store.read_forward(filter, next, end, limits);
    EXPECT_EQ(slice.missing, 0U);
    EXPECT_GT(slice.next, next);
    if (slice.next <= next) break;
    append(out, slice);
    next = slice.next;
  }
  return out;
}

std::vector<Found> backward(const Store& store, const CompiledFilter& filter, std::uint64_t first,
                            std::uint64_t end, const ReadLimits& limits) {
  std::vector<Found> out;
  while (end > first) {
    const HistorySlice slice = store.read_backward(filter, first, end, limits);
    EXPECT_LT(slice.next, end);
    if (slice.next >= end) break;
    append(out, slice);
    end = slice.next;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<Filter> some_filters() {
  std::vector<Filter> filters(18);
  filters[1].symbol = {"S7"};
  filters[2].symbol = {"S7", "S8", "nothing"};
  filters[3].event_type = {"rare.5"};
  filters[4].order_id = {"O17"};
  filters[5].correlation_id = {"C17"};
  filters[5].event_type = {"signal_event", "order_event"};
  filters[6].strategy = {"momentum"};
  filters[7].engine = {"StrategyEngineV2"};
  filters[8].expression = "payload.qty > 50 && payload.symbol == 'S3'";
  filters[9].since = from_ns(1'763'000'001'000'000'000);
  filters[9].until = from_ns(1'763'000'001'500'000'000);
  filters[10].symbol = {"no such symbol"};
  filters[11].exchange = {"NSE"};
  filters[12].symbol = {"S1"};
  filters[12].since = from_ns(1'763'000'002'000'000'000);
  filters[13].event_type = {"order_event"};
  filters[13].expression = "payload.qty == 99";
  filters[14].expression = "type == 'order_event' && 'O17' == payload.order_id";
  filters[15].expression = "payload.symbol in ['S1', 'S2'] && (payload.qty > 10 || type == 'x')";
  filters[16].expression = "payload.symbol == 'S1' || payload.symbol == 'S2'";
  filters[17].expression = "payload.strategy_name == 'momentum' && payload.confidence > 0.9";
  return filters;
}

class StoreRead : public ::testing::TestWithParam<bool> {
 protected:
  StoreOptions options() {
    StoreOptions out = small_options(folder_.path());
    if (GetParam()) out.max_file_bytes = 300'000;  // several files
    return out;
  }
  TempFolder folder_;
};

TEST_P(StoreRead, FindsWhatAScanFindsForwardAndBackward) {
  StoreRun run(options());
  Traffic traffic(*run.bus);
  for (int i = 0; i < 20; ++i) {
    traffic.publish(500);
    run.settle();
  }
  const std::uint64_t end = run.log().last_seq() + 1;
  EXPECT_EQ(run.store.end_seq(), end);
  EXPECT_EQ(run.store.stats().events, 10'000U);
  EXPECT_EQ(run.store.stats().files > 1, GetParam());
  for (const Filter& wanted : some_filters()) {
    const CompiledFilter filter(wanted);
    for (const auto& [first, last] : {std::pair<std::uint64_t, std::uint64_t>{1, end},
                                      {end - 700, end},
                                      {4321, 6789},
                                      {5000, 5001}}) {
      const auto expected = in_log(run.log(), filter, first, last);
      EXPECT_EQ(forward(run.store, filter, first, last, {}), expected);
      EXPECT_EQ(backward(run.store, filter, first, last, {}), expected);
      const ReadLimits tight{.events = 7, .bytes = 5000, .looked_at = 100};
      EXPECT_EQ(forward(run.store, filter, first, last, tight), expected);
      EXPECT_EQ(backward(run.store, filter, first, last, tight), expected);
    }
  }
}

TEST_P(StoreRead, TheLatestOfEachKeyIsWhatAScanFinds) {
  StoreRun run(options());
  Traffic traffic(*run.bus);
  for (int i = 0; i < 20; ++i) {
    traffic.publish(500);
    run.settle();
  }
  const std::uint64_t end = run.log().last_seq() + 1;
  const std::vector<LatestKeys> all_keys = {{{Key::symbol, Key::strategy}, false},
                                            {{Key::symbol, Key::strategy, Key::engine}, true},
                                            {{}, true},
                                            {{Key::order_id}, false}};
  for (Filter wanted : some_filters()) {
    for (const auto& at : {std::optional<std::int64_t>{},
                           {1'763'000'003'000'000'000},
                           {1'763'000'000'000'000'001},
                           {1'763'000'000'100'000'000}}) {
      if (at) wanted.until = from_ns(*at);
      const CompiledFilter filter(wanted);
      for (const LatestKeys& keys : all_keys) {
        std::unordered_set<std::string> seen_in_log, seen_in_store;
        const Selection expected =
            select_latest(run.log(), filter, 1, end, keys, seen_in_log, 100'000);
        std::vector<Found> from_log, from_store;
        for (const auto& item : expected.items) {
          from_log.push_back({item.seq, std::string(item.json()), item.index->timestamp_ns});
        }
        append(from_store, run.store.read_latest(filter, keys, end, seen_in_store,
                                                 {.events = 100'000, .bytes = 1U << 30}));
        std::sort(from_store.begin(), from_store.end(),
                  [](const Found& a, const Found& b) { return a.seq > b.seq; });
        EXPECT_EQ(from_store, from_log);
        EXPECT_EQ(seen_in_store, seen_in_log);
      }
    }
  }
}

TEST_P(StoreRead, MoreSeriesThanTheTableTakesAreFoundAllTheSame) {
  StoreOptions few = options();
  few.max_series = 20;
  StoreRun run(few);
  Traffic(*run.bus).publish(3000);
  run.settle();
  const std::uint64_t end = run.log().last_seq() + 1;
  for (const Filter& wanted : some_filters()) {
    const CompiledFilter filter(wanted);
    const auto expected = in_log(run.log(), filter, 1, end);
    EXPECT_EQ(forward(run.store, filter, 1, end, {}), expected);
    EXPECT_EQ(backward(run.store, filter, 1, end, {}), expected);
    const LatestKeys keys{{Key::symbol}, true};
    std::unordered_set<std::string> seen_in_log, seen_in_store;
    select_latest(run.log(), filter, 1, end, keys, seen_in_log, 100'000);
    run.store.read_latest(filter, keys, end, seen_in_store, {.events = 100'000});
    EXPECT_EQ(seen_in_store, seen_in_log);
  }
}

INSTANTIATE_TEST_SUITE_P(, StoreRead, ::testing::Bool(), [](const auto& files) {
  return files.param ? "OfSeveralFiles" : "OfOneFile";
});

TEST(StoreCatchUp, ACallbackThatIsSlowerThanTheLogMissesNothing) {
  const TempFolder folder;
  StoreRun run(small_options(folder.path()), {.log_bytes = std::size_t{4} << 20});
  std::atomic<bool> go_on{false};
  std::vector<std::uint64_t> seqs;
  std::atomic<std::uint64_t> last{0};
  run.bus->subscribe({}, [&](const Event& event) {
    tapedeck::testing::wait_until([&] { return go_on.load(); });
    seqs.push_back(event.seq);
    last = event.seq;
  });
  const std::string filler(2000, 'x');
  for (int i = 0; i < 5000; ++i) {
    run.bus->publish(GenericEvent{"filler", {{"text", filler}, {"n", i}}});
    if (i % 500 == 0) run.settle();  // what is on disk may leave the log
  }
  run.settle();
  EXPECT_GT(run.log().first_seq(), 1U);
  go_on = true;
  tapedeck::testing::wait_until([&] { return last == 5000; });
  ASSERT_EQ(seqs.size(), 5000U);
  for (std::size_t i = 0; i < seqs.size(); ++i) ASSERT_EQ(seqs[i], i + 1);
  EXPECT_EQ(run.bus->get_stats().callback_missed_total, 0U);

  std::vector<std::uint64_t> resumed;
  std::atomic<std::uint64_t> resumed_last{0};
  run.bus->subscribe(
      {},
      [&](const Event& event) {
        resumed.push_back(event.seq);
        resumed_last = event.seq;
      },
      17);
  tapedeck::testing::wait_until([&] { return resumed_last == 5000; });
  EXPECT_EQ(resumed.front(), 17U);
  EXPECT_EQ(resumed.size(), 4984U);
}

}  // namespace
}  // namespace tapedeck::store
