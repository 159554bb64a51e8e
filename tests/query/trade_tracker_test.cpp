#include "query/trade_tracker.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "query/trade_fixture.hpp"
#include "query/trade_json.hpp"

namespace tapedeck {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TradeTrackerTest : public TradeFixture {
 protected:
  static std::vector<std::string> ids(const std::vector<TradeSummary>& trades) {
    std::vector<std::string> out;
    for (const TradeSummary& trade : trades) out.push_back(trade.correlation_id);
    return out;
  }
  /// Adds the events [first, end) of the log.
  void feed(TradeTracker& tracker, std::uint64_t first, std::uint64_t end) {
    scan()([&](const char* frame, const FrameIndex& index, std::uint64_t seq) {
      if (seq >= first && seq < end) tracker.add(frame, index, seq);
    });
  }
};

TEST_F(TradeTrackerTest, WhatChangedIsHandedOutOnceInTheOrderItChanged) {
  decide("A", "BUY", 0);
  decide("B", "BUY", 1);
  decide("C", "BUY", 2);
  publish(order("A", "new"), 3);
  TradeTracker tracker = track();
  EXPECT_THAT(ids(tracker.drain_changed()), ElementsAre("B", "C", "A"));
  EXPECT_THAT(tracker.drain_changed(), IsEmpty());
  publish(order("B", "new"), 4);
  bus_->flush();
  feed(tracker, 5, 6);
  EXPECT_THAT(ids(tracker.drain_changed()), ElementsAre("B"));
}

TEST_F(TradeTrackerTest, AnEmptyCorrelationIdIsNone) {
  for (const char* id : {"", "A"}) {
    bus_->publish(GenericEvent{"order_event",
                               {{"order_id", "O-1"},
                                {"symbol", "INFY"},
                                {"side", "BUY"},
                                {"status", "new"},
                                {"correlation_id", id}}});
  }
  TradeTracker tracker = track();
  EXPECT_THAT(ids(tracker.drain_changed()), ElementsAre("A"));
}

TEST_F(TradeTrackerTest, TheLeastRecentlyTouchedGoesAndItsChangeIsNotLost) {
  decide("A", "BUY", 0);
  decide("B", "BUY", 1);
  publish(order("A", "new"), 2);
  decide("C", "BUY", 3);
  TradeTracker tracker = track({.max_trades = 2});
  EXPECT_EQ(tracker.size(), 2U);
  EXPECT_EQ(tracker.find("B"), nullptr);
  EXPECT_NE(tracker.find("A"), nullptr);
  EXPECT_THAT(ids(tracker.drain_changed()), ElementsAre("B", "A", "C"));
  EXPECT_EQ(tracker.lost_changes(), 0U);
}

TEST_F(TradeTrackerTest, ChangesThatNobodyTakesAreBoundedAndCounted) {
  for (int i = 0; i < 7; ++i) decide("D" + std::to_string(i), "BUY", i);
  TradeTracker tracker = track({.max_trades = 2});
  EXPECT_THAT(ids(tracker.drain_changed()), ElementsAre("D0", "D1", "D5", "D6"));
  EXPECT_EQ(tracker.lost_changes(), 3U);
}

TEST_F(TradeTrackerTest, AForgottenPositionMakesProfitUnknownNotWrong) {
  trade("D1", "O-1", "BUY", 100, 10, 0, 5, 5, 0);
  PositionEvent other = position("D2", 1, 0, 0);
  other.symbol = "TCS";
  publish(other, 10);
  trade("D3", "O-3", "SELL", 110, 0, 100, 10, 5, 20);
  const TradeTracker small = track({.max_positions = 1});
  EXPECT_FALSE(figures_of(*small.find("D3")).realized_pnl.has_value());
  EXPECT_EQ(figures("D3").realized_pnl, 100.0);
}

TEST_F(TradeTrackerTest, ATradeIsFoundByItsIdOrByAnyOfItsOrders) {
  publish(order("D1", "new", "O-1"), 0);
  publish(order("D1", "new", "O-2"), 1);
  publish(order("D2", "new", "O-3"), 2);
  const TradeTracker tracker = track();
  EXPECT_EQ(tracker.find("D1")->correlation_id, "D1");
  EXPECT_EQ(tracker.find("O-2")->correlation_id, "D1");
  EXPECT_EQ(tracker.find("O-3")->correlation_id, "D2");
  EXPECT_EQ(tracker.find("O-4"), nullptr);
}

TEST_F(TradeTrackerTest, AReplayThatRunsAgainBeginsItsTradesAnew) {
  for (int run = 0; run < 2; ++run) {
    decide("D", "BUY", 0);
    publish(order("D", "new"), 1);
    publish(fill("D", "filled", 10, 100, 10, 100), 2);
  }
  EXPECT_EQ(chain("D").events, 3U);
  EXPECT_EQ(chain("D").first_id, "abc-4");
  decide("E", "BUY", 10);
  decide("E", "BUY", 10);  // delivered twice: the chain is not at its end
  EXPECT_EQ(chain("E").events, 2U);
}

TEST_F(TradeTrackerTest, RestoredTradesAreNotChangesAndGoOn) {
  decide("D", "BUY", 0);
  publish(order("D", "new"), 1);
  TradeTracker before = track();
  publish(fill("D", "filled", 10, 100, 10, 100), 2);
  bus_->flush();
  TradeTracker after;
  for (const TradeSummary& trade : before.drain_changed()) after.restore(trade);
  EXPECT_THAT(after.drain_changed(), IsEmpty());
  feed(after, 3, 4);
  const auto changed = after.drain_changed();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0], chain("D"));
}

TEST_F(TradeTrackerTest, AnOlderRestoredPositionDoesNotHideANewerOne) {
  trade("D1", "O-1", "BUY", 100, 10, 0, 5, 5, 0);
  trade("D2", "O-2", "BUY", 100, 20, 0, 10, 5, 10);
  TradeTracker before = track();
  auto trades = before.drain_changed();
  trade("D3", "O-3", "SELL", 110, 10, 100, 15, 5, 20);
  bus_->flush();
  for (int order = 0; order < 2; ++order) {
    TradeTracker after;
    for (const TradeSummary& one : trades) after.restore(one);
    feed(after, 7, 10);
    EXPECT_EQ(figures_of(*after.find("D3")).realized_pnl, 100.0);
    std::reverse(trades.begin(), trades.end());
  }
}

TEST_F(TradeTrackerTest, MergingARowWithItsContinuationTakesTheOneThatSawMore) {
  decide("D", "BUY", 0);
  const TradeSummary early = chain("D");
  publish(fill("D", "filled", 10, 100, 10, 100), 1);
  const TradeSummary late = chain("D");
  TradeSummary row = early;
  merge(row, late);
  EXPECT_EQ(row, late);
  merge(row, early);  // rows may come in any order
  EXPECT_EQ(row, late);
}

/// A market of two strategies in one symbol, whose books are kept as the execution engine's are.
class RandomMarket : public TradeTrackerTest {
 protected:
  struct Books {
    std::int64_t size = 0;
    double cost = 0, realized = 0, charges = 0;
  };
  struct Working {
    std::string id, order_id, parent_id, strategy, side;
    std::int64_t qty = 0, filled = 0, slice = 0;
    double value = 0, charges = 0;
  };

  void play(std::uint32_t seed, int steps) {
    random_.seed(seed);
    for (int step = 0; step < steps; ++step) {
      us_ += 1 + static_cast<std::int64_t>(random_() % 50);
      switch (random_() % 4) {
        case 0:
          open();
          break;
        case 1:
          move();
          break;
        default:
          fill_one();
      }
    }
  }

  void open() {
    const std::string n = std::to_string(++opened_);
    const char* strategy = random_() % 2 == 0 ? "a" : "b";
    if (random_() % 5 == 0) {
      veto("V" + n, "BUY", us_);
      return;
    }
    const char* side = random_() % 2 == 0 ? "BUY" : "SELL";
    decide("D" + n, side, us_, 100 + static_cast<double>(random_() % 100) / 20, "INFY", strategy);
    const std::int64_t slices = random_() % 4 == 0 ? 3 : 1;
    if (slices > 1) send({"D" + n, "P" + n, "", strategy, side, 30}, "new");
    for (std::int64_t i = 1; i <= slices; ++i) {
      Working one{"D" + n,
                  "O" + n + "-" + std::to_string(i),
                  slices > 1 ? "P" + n : "",
                  strategy,
                  side,
                  10,
                  0,
                  slices > 1 ? i : 0};
      send(one, "new");
      send(one, "submitted");
      working_.push_back(std::move(one));
    }
  }
  OrderEvent event_of(const Working& one, std::string_view status) {
    OrderEvent event = order(one.id, status, one.order_id, one.side, one.qty);
    event.strategy = one.strategy;
    event.parent_order_id = one.parent_id;
    if (one.slice > 0) event.slice_no = one.slice;
    event.filled_qty = one.filled;
    if (one.filled > 0) event.avg_price = one.value / static_cast<double>(one.filled);
    return event;
  }
  void send(const Working& one, std::string_view status) { publish(event_of(one, status), us_); }

  void move() {
    if (working_.empty()) return;
    const std::size_t which = random_() % working_.size();
    const char* states[] = {"acknowledged", "open", "unknown", "cancelled", "rejected"};
    const std::size_t state = random_() % 5;
    if (state == 4 && working_[which].filled > 0) return;
    send(working_[which], states[state]);
    if (state >= 3) working_.erase(working_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void fill_one() {
    if (working_.empty()) return;
    const std::size_t which = random_() % working_.size();
    Working& one = working_[which];
    const auto most = static_cast<std::uint32_t>(one.qty - one.filled);
    const auto qty = static_cast<std::int64_t>(1 + random_() % most);
    const double price = 100 + static_cast<double>(random_() % 100) / 20;
    one.filled += qty;
    one.value += price * static_cast<double>(qty);
    one.charges += 0.25;
    OrderEvent event = event_of(one, one.filled == one.qty ? "filled" : "partially_filled");
    event.fill_qty = qty;
    event.fill_price = price;
    event.charges.set("total", one.charges);
    publish(event, us_);
    tell_position(one, one.side == "BUY" ? qty : -qty, price);
    if (one.filled == one.qty)
      working_.erase(working_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  /// Average price: what was realised is rounded to paise, as it is published.
  void tell_position(const Working& one, std::int64_t qty, double price) {
    Books& books = books_[one.strategy];
    const bool reduces = books.size != 0 && (books.size > 0) != (qty > 0);
    const std::int64_t closed = reduces ? std::min(std::abs(books.size), std::abs(qty)) : 0;
    if (closed > 0) {
      const double cost = books.cost / static_cast<double>(std::abs(books.size));
      books.realized += (price - cost) * static_cast<double>(books.size > 0 ? closed : -closed);
      books.cost -= cost * static_cast<double>(closed);
    }
    books.cost += price * static_cast<double>(std::abs(qty) - closed);
    books.size += qty;
    books.charges += 0.25;
    PositionEvent event =
        position(one.id, books.size, std::round(books.realized * 100) / 100, books.charges);
    event.strategy = one.strategy;
    publish(event, us_);
  }

  std::mt19937 random_;
  std::int64_t us_ = 0;
  int opened_ = 0;
  std::vector<Working> working_;
  std::map<std::string, Books> books_;
};

TEST_F(RandomMarket, ProfitAndChargesOfTheTradesAddUpToThoseOfTheBooks) {
  play(7, 1500);
  double realized = 0, charges = 0;
  std::size_t traded = 0;
  track().visit([&](const TradeSummary& trade) {
    const TradeFigures figures = figures_of(trade);
    if (figures.filled_qty.value_or(0) == 0) return;
    ++traded;
    ASSERT_TRUE(figures.realized_pnl.has_value()) << trade.correlation_id;
    realized += *figures.realized_pnl;
    charges += *figures.charges;
  });
  EXPECT_GT(traded, 200U);
  double expected = 0, expected_charges = 0;
  for (const auto& [strategy, books] : books_) {
    expected += std::round(books.realized * 100) / 100;
    expected_charges += books.charges;
  }
  EXPECT_NEAR(realized, expected, 1e-6);
  EXPECT_NEAR(charges, expected_charges, 1e-6);
}

TEST_F(RandomMarket, ARestartAtAnyPointGivesWhatOneTrackerGives) {
  play(11, 160);
  const TradeTracker whole = track();
  const std::uint64_t end = BusAccess::log(*bus_).last_seq() + 1;
  ASSERT_GT(end, 200U);
  for (std::uint64_t cut = 1; cut <= end; ++cut) {
    TradeTracker before;
    feed(before, 1, cut);
    TradeTracker after;
    for (const TradeSummary& trade : before.drain_changed()) {
      auto stored = decode_trade(encode(trade));
      ASSERT_TRUE(stored.ok());
      after.restore(std::move(stored).value());
    }
    feed(after, cut, end);
    ASSERT_EQ(after.size(), whole.size());
    whole.visit([&](const TradeSummary& expected) {
      ASSERT_EQ(*after.find(expected.correlation_id), expected)
          << expected.correlation_id << " cut before " << cut;
    });
  }
}

TEST_F(RandomMarket, HalvesSeenByTwoTrackersAreMergedButForProfitThatNeitherCouldTell) {
  play(13, 160);
  const TradeTracker whole = track();
  const std::uint64_t end = BusAccess::log(*bus_).last_seq() + 1;
  std::size_t merged = 0;
  for (std::uint64_t cut = 1; cut <= end; ++cut) {
    TradeTracker before, after;
    feed(before, 1, cut);
    feed(after, cut, end);
    whole.visit([&](const TradeSummary& expected) {
      const TradeSummary* one = before.find(expected.correlation_id);
      const TradeSummary* two = after.find(expected.correlation_id);
      if (one == nullptr || two == nullptr) return;
      ++merged;
      TradeSummary both = *one;
      merge(both, *two);
      if (both.realized.incomplete) both.realized = expected.realized;
      if (both.position_charges.incomplete) both.position_charges = expected.position_charges;
      EXPECT_EQ(to_json(both), to_json(expected)) << cut;
      ASSERT_EQ(both, expected) << expected.correlation_id << " cut before " << cut;
    });
  }
  EXPECT_GT(merged, 100U);
}

}  // namespace
}  // namespace tapedeck
