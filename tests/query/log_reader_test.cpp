#include "query/log_reader.hpp"

#include <gtest/gtest.h>

#include "bus/access.hpp"

namespace tapedeck {
namespace {

class LogReader : public ::testing::Test {
 protected:
  void publish(std::string_view symbol) {
    bus_.publish(SignalEvent{.symbol = symbol, .strategy_name = "m", .signal = "BUY"});
    bus_.flush();
  }
  static CompiledFilter symbol(const char* name) {
    Filter filter;
    filter.symbol = {name};
    return CompiledFilter(filter);
  }
  Selection latest(const LatestKeys& keys, std::size_t limit) {
    std::unordered_set<std::string> seen;
    return select_latest(log_, {}, 1, log_.last_seq() + 1, keys, seen, limit);
  }
  static std::vector<std::uint64_t> seqs(const Selection& selection) {
    std::vector<std::uint64_t> out;
    for (const auto& item : selection.items) out.push_back(item.seq);
    return out;
  }

  TelemetryBus bus_;
  const EventLog& log_ = BusAccess::log(bus_);
};

using Seqs = std::vector<std::uint64_t>;

TEST_F(LogReader, TheNewestComeFirstAndMoreSaysThatOlderOnesMatch) {
  for (const char* name : {"A", "B", "A", "A"}) publish(name);
  Selection two = select_newest(log_, symbol("A"), 1, 100, 2);
  EXPECT_EQ(seqs(two), (Seqs{4, 3}));
  EXPECT_TRUE(two.more);
  Selection all = select_newest(log_, symbol("A"), 1, 100, 3);
  EXPECT_EQ(seqs(all), (Seqs{4, 3, 1}));
  EXPECT_FALSE(all.more);
  EXPECT_EQ(seqs(select_newest(log_, {}, 2, 4, 10)), (Seqs{3, 2}));
  EXPECT_TRUE(select_newest(log_, {}, 5, 5, 10).items.empty());
}

TEST_F(LogReader, AReplayBeginsAtTheNthNewestMatch) {
  for (const char* name : {"A", "B", "A", "B"}) publish(name);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 0).seq, 5U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 1).seq, 3U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 2).seq, 1U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 9).seq, 1U);
  EXPECT_EQ(start_of_newest(log_, symbol("C"), 1, 9).seq, 5U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 9).found, 2U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 9).next, 1U);
  EXPECT_EQ(start_of_newest(log_, symbol("A"), 1, 1).next, 3U);
}

TEST_F(LogReader, LatestKeepsTheNewestOfEachKey) {
  for (const char* name : {"A", "B", "A", "C", "B"}) publish(name);
  EXPECT_EQ(seqs(latest({{Key::symbol}, false}, 10)), (Seqs{5, 4, 3}));
  const Selection cut = latest({{Key::symbol}, false}, 2);
  EXPECT_EQ(seqs(cut), (Seqs{5, 4}));
  EXPECT_TRUE(cut.more);
  EXPECT_EQ(seqs(latest({{}, true}, 10)), (Seqs{5}));
}

TEST_F(LogReader, ASelectionStaysReadableWhileTheLogMovesOn) {
  TelemetryBus small({.log_bytes = std::size_t{4} << 20});
  const EventLog& log = BusAccess::log(small);
  small.publish(SignalEvent{.symbol = "KEEP", .strategy_name = "m", .signal = "BUY"});
  small.flush();
  const Selection kept = select_newest(log, {}, 1, 2, 1);
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 200; ++i) {
    small.publish(GenericEvent{"filler", {{"text", filler}}});
    small.flush();
  }
  EXPECT_GT(log.first_seq(), 1U);
  EXPECT_NE(kept.items.at(0).json().find("\"symbol\":\"KEEP\""), std::string_view::npos);
}

}  // namespace
}  // namespace tapedeck
