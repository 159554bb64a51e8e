// What a trader is warned by: whether a position has a stop, when it will be squared off, how much
// of the broker's quota is used.
#include <gtest/gtest.h>

#include "execution/execution_support.hpp"
#include "execution/saved_state.hpp"
#include "tapedeck/market/state_store.hpp"

namespace tapedeck::execution {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ProtectionTest : public EngineFixture {
 protected:
  OrderIntent stop(std::int64_t qty, double trigger, Side side = Side::sell) {
    OrderIntent order = intent(side, qty);
    order.type = strategy::OrderType::sl_m;
    order.trigger_price = trigger;
    order.is_exit = true;
    return order;
  }
  std::vector<std::string> positions() { return bus_.payloads("position_event"); }
  std::string last_position(const char* field) { return field_of(positions().back(), field); }
  /// A live position of 10 that was bought, by somebody who watches no stop.
  void hold_ten() {
    live_ = true;
    const std::string id = engine().submit(intent(Side::buy, 10), start_at_);
    broker().fill(id, 10, 1500, "F1", start_at_ + 1s);
  }
};

TEST_F(ProtectionTest, APositionWithoutAStopHasNoneProtected) {
  trade(Side::buy, 10, start_at_, 1500);
  EXPECT_EQ(last_position("protected_qty"), "0");
  EXPECT_THAT(positions().back(), Not(HasSubstr("protected_by")));
}

TEST_F(ProtectionTest, AStopThatTheBrokerHasProtectsItsUnits) {
  hold_ten();
  const std::string id = engine().submit(stop(6, 1450), start_at_ + 2s);
  EXPECT_THAT(positions(), SizeIs(1)) << "sent is not there yet";
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 3s);
  ASSERT_THAT(positions(), SizeIs(2)) << "told without a fill";
  EXPECT_EQ(last_position("protected_qty"), "6");
  EXPECT_EQ(last_position("protected_by"), "order");
  EXPECT_EQ(last_position("position_size"), "10");
}

TEST_F(ProtectionTest, NoMoreIsProtectedThanIsHeld) {
  hold_ten();
  const std::string id = engine().submit(stop(25, 1450), start_at_ + 2s);
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 3s);
  EXPECT_EQ(last_position("protected_qty"), "10");
}

TEST_F(ProtectionTest, OrdersOfTheSameSideOrWithoutATriggerProtectNothing) {
  hold_ten();
  const std::string more = engine().submit(stop(10, 1550, Side::buy), start_at_ + 2s);
  broker().say(more, OrderStatus::trigger_pending, start_at_ + 3s);
  const std::string target = engine().submit(limit(Side::sell, 10, 1600), start_at_ + 2s);
  broker().say(target, OrderStatus::open, start_at_ + 3s);
  EXPECT_THAT(positions(), SizeIs(1));
  EXPECT_EQ(last_position("protected_qty"), "0");
}

TEST_F(ProtectionTest, AStopThatIsBeingCancelledIsToldAsGone) {
  hold_ten();
  const std::string id = engine().submit(stop(10, 1450), start_at_ + 2s);
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 3s);
  engine().cancel(id, start_at_ + 4s, "by mistake");
  ASSERT_THAT(positions(), SizeIs(3));
  EXPECT_EQ(last_position("protected_qty"), "0");
  broker().say(id, OrderStatus::cancelled, start_at_ + 5s);
  EXPECT_THAT(positions(), SizeIs(3)) << "known already";
}

TEST_F(ProtectionTest, AStopWhoseOutcomeIsNotKnownProtectsNothingUntilItIs) {
  hold_ten();
  const std::string id = engine().submit(stop(10, 1450), start_at_ + 2s);
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 3s);
  engine().modify(id, {.qty = {}, .limit_price = {}, .trigger_price = 1460}, start_at_ + 4s);
  EXPECT_EQ(last_position("protected_qty"), "10") << "the old one is still there";
  engine().advance_to(start_at_ + 15s);  // no answer
  EXPECT_EQ(last_position("protected_qty"), "0");
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 16s);
  EXPECT_EQ(last_position("protected_qty"), "10");
}

TEST_F(ProtectionTest, AFillOfTheStopLeavesTheRestAsProtectedAsItWas) {
  hold_ten();
  const std::string id = engine().submit(stop(10, 1450), start_at_ + 2s);
  broker().say(id, OrderStatus::trigger_pending, start_at_ + 3s);
  broker().fill(id, 4, 1449, "F2", start_at_ + 4s);
  EXPECT_EQ(last_position("position_size"), "6");
  EXPECT_EQ(last_position("protected_qty"), "6");
  broker().fill(id, 6, 1449, "F3", start_at_ + 5s, OrderStatus::filled);
  EXPECT_EQ(last_position("position_size"), "0");
  EXPECT_THAT(positions().back(), Not(HasSubstr("protected_qty"))) << "nothing to protect";
}

TEST_F(ProtectionTest, AStrategyThatWatchesItsStopProtectsAllOfItAlsoAfterARestart) {
  const test::TemporaryFile file{"unused", ""};
  market::StateStore store{file.folder() / "state"};
  options_.state_store = &store;
  OrderIntent entry = intent(Side::sell, 10);
  entry.stop_watched = true;
  engine().submit(entry, start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_EQ(last_position("protected_qty"), "10");
  EXPECT_EQ(last_position("protected_by"), "strategy");
  engine_.reset();
  start_at_ += 10s;
  price(start_at_ + 2s, 1501);
  EXPECT_EQ(last_position("protected_by"), "strategy");
  engine_.reset();
  options_.state_store = nullptr;
}

TEST_F(ProtectionTest, StateOfTheVersionBeforeIsReadAsWatchedByNobody) {
  PositionBook book(PnlBasis::average);
  const PositionKey key{"NSE", "INFY", "MIS", "momentum"};
  book.apply({key, 10, 100, 0, at_ist(10, 0)},
             market::infer_instrument("INFY", market::make_date(2025, 11, 18)));
  std::string text = position_text(key, *book.find(key));
  ASSERT_TRUE(text.starts_with("2\t"));
  ASSERT_TRUE(text.ends_with("0\t"));
  text = "1" + text.substr(1, text.size() - 3);
  const auto read = read_position(text, PnlBasis::average);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->second.size, 10);
  EXPECT_FALSE(read->second.stop_watched);
}

TEST_F(ProtectionTest, AnIntradayPositionSaysWhenItWillBeClosed) {
  trade(Side::buy, 10, start_at_, 1500);
  EXPECT_EQ(last_position("square_off_at"), "2025-11-18T09:50:00.000000Z") << "15:20";
  OrderIntent carried = intent(Side::buy, 75, "NIFTY25NOVFUT");
  carried.product = "NRML";
  engine().submit(carried, start_at_ + 5s);
  price(start_at_ + 6s, 26000, "NIFTY25NOVFUT");
  EXPECT_EQ(last_position("product"), "NRML");
  EXPECT_THAT(positions().back(), Not(HasSubstr("square_off_at")));
}

TEST_F(ProtectionTest, NothingIsSquaredOffWhenThatIsSwitchedOff) {
  options_.square_off_mis = false;
  trade(Side::buy, 10, start_at_, 1500);
  EXPECT_THAT(positions().back(), Not(HasSubstr("square_off_at")));
  engine().advance_to(start_at_ + 10s);
  EXPECT_THAT(last_health(), HasSubstr(R"("intraday_positions":1)"));
  EXPECT_EQ(field_of(last_health(), "minutes_to_square_off"), "null");
}

TEST_F(ProtectionTest, HealthCountsIntradayPositionsAndTheMinutesToTheirSquareOff) {
  engine().advance_to(start_at_ + 5s);
  EXPECT_THAT(last_health(), HasSubstr(R"("intraday_positions":0,"intraday_symbols":[])"));
  EXPECT_EQ(field_of(last_health(), "minutes_to_square_off"), "null");
  trade(Side::buy, 10, start_at_ + 6s, 1500);
  engine().advance_to(at_ist(15, 10));
  EXPECT_THAT(last_health(), HasSubstr(R"("intraday_positions":1,"intraday_symbols":["INFY"])"));
  EXPECT_EQ(field_of(last_health(), "minutes_to_square_off"), "10.0");
}

TEST_F(ProtectionTest, HealthTellsTheQuotaAndBeginsItAnewEachDay) {
  engine().submit(limit(Side::buy, 1, 1400), start_at_);
  engine().advance_to(start_at_ + 5s);
  EXPECT_THAT(last_health(), HasSubstr(R"("orders_sent_today":1,"orders_per_day_limit":5000)"));
  engine().advance_to(start_at_ + 24h);
  EXPECT_EQ(field_of(last_health(), "orders_sent_today"), "0") << "before the day's first order";
}

TEST_F(ProtectionTest, WithoutALimitOfADayThereIsNone) {
  options_.limits.rates = {RateLimits{.per_day = 0}};
  engine().advance_to(start_at_ + 5s);
  EXPECT_EQ(field_of(last_health(), "orders_per_day_limit"), "null");
}

}  // namespace
}  // namespace tapedeck::execution
