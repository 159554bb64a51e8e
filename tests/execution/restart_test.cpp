// What survives a restart: positions, order ids, the kill switch, and the orders that were at work.
#include <gtest/gtest.h>

#include "execution/execution_support.hpp"
#include "execution/saved_state.hpp"
#include "tapedeck/execution/charges.hpp"
#include "tapedeck/market/state_store.hpp"

namespace tapedeck::execution {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RestartTest : public EngineFixture {
 protected:
  RestartTest() { options_.state_store = &store_; }
  /// The engine dies without a word and another one starts on what it left.
  void crash_and_restart(Timestamp at) {
    engine_.reset();
    start_at_ = at;
    engine();
  }
  std::string described() {
    std::string text;
    for (const PositionView& p : engine().positions()) {
      text += p.symbol + "/" + p.strategy + " " + std::to_string(p.size) + " @" +
              std::to_string(p.entry_price) + " realized " + std::to_string(p.realized) +
              " charges " + std::to_string(p.charges) + " day " + std::to_string(p.day_pnl) + "\n";
    }
    return text;
  }
  /// A day of fills, with a crash after every one where it is asked for.
  std::string day(PnlBasis basis, bool crashes) {
    engine_.reset();
    market::StateStore store{file_.folder() / ((crashes ? "crashes" : "one-piece") +
                                               std::to_string(static_cast<int>(basis)))};
    options_.state_store = &store;
    options_.pnl_basis = basis;
    Timestamp at = start_at_ = at_ist(10, 0);
    for (const auto& [qty, value] : std::vector<std::pair<std::int64_t, double>>{
             {10, 1500}, {7, 1510.05}, {-5, 1490}, {-12, 1505.5}, {-9, 1506}, {4, 1499.95}}) {
      at += 10s;
      trade(qty > 0 ? Side::buy : Side::sell, std::abs(qty), at, value);
      if (crashes) crash_and_restart(at + 2s);
    }
    price(at + 10s, 1502.5);
    const std::string end = described();
    engine_.reset();
    options_.state_store = &store_;
    return end;
  }

  test::TemporaryFile file_{"unused", ""};
  market::StateStore store_{file_.folder() / "state"};
};

TEST_F(RestartTest, PositionsAreThoseOfAnUninterruptedRun) {
  for (const PnlBasis basis : {PnlBasis::average, PnlBasis::fifo}) {
    const std::string whole = day(basis, false);
    EXPECT_THAT(whole, HasSubstr("INFY/momentum -5 @"));
    EXPECT_EQ(day(basis, true), whole);
  }
}

TEST_F(RestartTest, PaperAndLiveAndTwoAccountsNeverMeet) {
  options_.mode = "paper";
  options_.account = "A";
  trade(Side::buy, 10, start_at_, 1500);
  options_.account = "B";
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(engine().positions(), IsEmpty());
  options_.account = "A";
  options_.mode = "live";
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(engine().positions(), IsEmpty());
  options_.mode = "paper";
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(engine().positions(), SizeIs(1));
}

TEST_F(RestartTest, OrderIdsGoOnWithinTheDay) {
  EXPECT_EQ(engine().submit(limit(Side::buy, 1, 1400), start_at_), "PAPER-20251118-0001");
  crash_and_restart(start_at_ + 10s);
  EXPECT_EQ(engine().submit(limit(Side::buy, 1, 1400), start_at_), "PAPER-20251118-0002");
  EXPECT_EQ(engine().submit(limit(Side::buy, 1, 1400), start_at_ + 24h), "PAPER-20251119-0001");
}

TEST_F(RestartTest, PaperOrdersAtWorkAreCancelledAsLost) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1400), start_at_);
  engine().advance_to(start_at_ + 1s);
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(statuses(id),
              ElementsAre("new", "submitted", "acknowledged", "open", "unknown", "cancelled"));
  EXPECT_EQ(field_of(orders(id).back(), "reason"),
            "lost in a restart: the broker does not have it");
  EXPECT_EQ(field_of(orders(id).back(), "correlation_id"), "D1");
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(statuses(id), SizeIs(6)) << "once";
}

TEST_F(RestartTest, OrdersOfAnEarlierDayHaveExpired) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1400), start_at_);
  engine().advance_to(start_at_ + 1s);
  crash_and_restart(start_at_ + 24h);
  EXPECT_EQ(statuses(id).back(), "expired");
}

TEST_F(RestartTest, LiveOrdersAtWorkAreAskedForAndGoOnWithWhatWasMissed) {
  live_ = true;
  const std::string id = engine().submit(intent(Side::buy, 10), start_at_);
  broker().say(id, OrderStatus::open, start_at_ + 1s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 2s);
  crash_and_restart(start_at_ + 10s);
  EXPECT_THAT(broker().asked, ElementsAre(id));
  EXPECT_THAT(broker().sent, IsEmpty());
  EXPECT_EQ(engine().positions()[0].size, 4);
  broker().fill(id, 4, 1500, "F1", start_at_ + 1s);
  broker().say({.order_id = id,
                .status = OrderStatus::filled,
                .at = start_at_ + 2s,
                .filled_qty = 10,
                .avg_price = 1500.6});
  EXPECT_EQ(engine().positions()[0].size, 10);
  EXPECT_EQ(engine().order(id)->status, OrderStatus::filled);
  EXPECT_NEAR(engine().order(id)->avg_price, 1500.6, 1e-9);
}

TEST_F(RestartTest, ChargesOfAHalfFilledOrderAreNotTakenTwice) {
  live_ = true;
  const std::string id = engine().submit(intent(Side::buy, 100), start_at_);
  broker().fill(id, 50, 1500, "F1", start_at_ + 1s);
  crash_and_restart(start_at_ + 10s);
  broker().fill(id, 50, 1500, "F2", start_at_ + 11s, OrderStatus::filled);
  const double whole = charges_of({.instrument = *instruments_.find("NSE", "INFY"),
                                   .side = Side::buy,
                                   .product = "MIS",
                                   .turnover = 150'000},
                                  market::ist_date(start_at_))
                           .total();
  EXPECT_NEAR(engine().positions()[0].charges, whole, 1e-6);
}

TEST_F(RestartTest, AFillSavedWithItsPositionButNotYetWithItsOrderIsNotBookedTwice) {
  live_ = true;
  const std::string id = engine().submit(intent(Side::buy, 10), start_at_);
  const std::string before = store_.load("engine").at("orders");
  broker().fill(id, 4, 1500, "F1", start_at_ + 1s);
  store_.save("engine", "orders", before);
  crash_and_restart(start_at_ + 10s);
  broker().fill(id, 4, 1500, "F1", start_at_ + 11s);
  broker().say({.order_id = id,
                .status = OrderStatus::cancelled,
                .at = start_at_ + 12s,
                .filled_qty = 4,
                .avg_price = 1500});
  EXPECT_EQ(engine().positions()[0].size, 4);
  EXPECT_EQ(engine().order(id)->filled_qty, 4);
}

TEST_F(RestartTest, SlicedOrdersEndWithTheirSlices) {
  market::InstrumentInfo infy = *instruments_.find("NSE", "INFY");
  infy.freeze_qty = 40;
  instruments_.add(infy);
  const std::string id = engine().submit(limit(Side::buy, 100, 1400), start_at_);
  engine().advance_to(start_at_ + 1s);
  crash_and_restart(start_at_ + 10s);
  EXPECT_EQ(statuses(id).back(), "cancelled");
  engine().advance_to(start_at_ + 5s);
  EXPECT_THAT(last_health(), HasSubstr(R"("open_orders":0)"));
}

TEST_F(RestartTest, APositionCarriedOverANightIsMarkedToTheLastPriceBefore) {
  OrderIntent delivery = intent(Side::buy, 10);
  delivery.product = "CNC";
  engine().submit(delivery, start_at_);
  price(start_at_ + 1s, 1500);
  price(at_ist(15, 29), 1520);
  engine().advance_to(at_ist(15, 29, 5));
  crash_and_restart(at_ist(9, 15) + 24h);
  price(at_ist(9, 16) + 24h, 1525);
  EXPECT_NEAR(engine().positions()[0].day_pnl, 50, 1e-9);
}

TEST_F(RestartTest, TheKillSwitchStaysOn) {
  engine();
  obey("kill", start_at_);
  crash_and_restart(start_at_ + 10s);
  EXPECT_TRUE(engine().is_killed());
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_), "kill_switch");
  EXPECT_THAT(last_health(), HasSubstr(R"("killed_by":"tester")"));
  obey("resume", start_at_);
  crash_and_restart(start_at_ + 10s);
  EXPECT_FALSE(engine().is_killed());
}

TEST_F(RestartTest, ACleanStopLeavesNoOrderBehind) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1400), start_at_);
  engine().advance_to(start_at_ + 1s);
  engine().stop(start_at_ + 2s);
  crash_and_restart(start_at_ + 10s);
  EXPECT_EQ(statuses(id).back(), "cancelled");
  EXPECT_THAT(statuses(id), SizeIs(6));
}

TEST_F(RestartTest, DamagedStateIsToldAndIgnored) {
  trade(Side::buy, 10, start_at_, 1500);
  OrderIntent other = intent(Side::buy, 5);
  other.strategy = "other";
  engine().submit(other, start_at_ + 2s);
  price(start_at_ + 3s, 1500);
  engine().submit(limit(Side::buy, 1, 1400), start_at_ + 4s);
  store_.save("engine", "position/NSE/INFY/MIS/momentum", "1\tnonsense");
  store_.save("engine", "orders", "what is this\n");
  store_.save("engine", "last_order_id", "PAPER-?");
  crash_and_restart(start_at_ + 10s);
  EXPECT_EQ(engine().counts().damaged_state, 2U);
  EXPECT_THAT(engine().positions(), SizeIs(1)) << "the other one is sound";
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(last_health(), HasSubstr(R"("damaged_state":2)"));
}

TEST(SavedState, EveryCutOfAPositionIsDamagedAndNoneCrashes) {
  PositionBook book(PnlBasis::fifo);
  const PositionKey key{"NSE", "M&M\t\\\n", "MIS", "momentum"};
  market::InstrumentInfo info = market::infer_instrument("M&M", market::make_date(2025, 11, 18));
  book.apply({key, 10, 100.05, 1.5, at_ist(10, 0)}, info);
  book.apply({key, 20, 101.1, 1.5, at_ist(10, 1)}, info);
  const std::string text = position_text(key, *book.find(key));
  const auto back = read_position(text, PnlBasis::fifo);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->first, key);
  EXPECT_EQ(position_text(back->first, back->second), text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(read_position(text.substr(0, size), PnlBasis::fifo)) << size;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = changed[at] == '9' ? '8' : '9';
    const auto read = read_position(changed, PnlBasis::fifo);  // anything but a crash
    EXPECT_TRUE(!read || read->second.lots.empty() == (read->second.size == 0)) << at;
  }
}

TEST(SavedState, APositionOfTheOtherBasisIsTakenOver) {
  PositionBook book(PnlBasis::average);
  const PositionKey key{"NSE", "INFY", "MIS", "momentum"};
  book.apply({key, -10, 100, 0, at_ist(10, 0)},
             market::infer_instrument("INFY", market::make_date(2025, 11, 18)));
  const auto read = read_position(position_text(key, *book.find(key)), PnlBasis::fifo);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->second.lots.size(), 1U);
  EXPECT_EQ(read->second.lots[0].qty, 10);
  EXPECT_EQ(read->second.entry_price(), 100);
}

}  // namespace
}  // namespace tapedeck::execution
