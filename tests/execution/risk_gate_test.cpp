// Every limit at its edge, and that asking beforehand says what sending does.
#include <gtest/gtest.h>

#include "execution/execution_support.hpp"

namespace tapedeck::execution {
namespace {

using testing::ElementsAre;

class RiskGateTest : public EngineFixture {
 protected:
  /// What asking says, after making sure that sending says the same, once.
  std::string gate(const OrderIntent& order, Timestamp at) {
    const std::string asked = refusal(order, at);
    const auto sent_before = engine().counts().rejects;
    const std::string id = engine().submit(order, at);
    const auto told = orders(id);
    EXPECT_EQ(field_of(told[1], "reject_code"), asked);
    if (!asked.empty()) {
      EXPECT_THAT(fields(told, "status"), ElementsAre("new", "rejected"));
      EXPECT_NE(field_of(told[1], "reason"), "");
      EXPECT_EQ(engine().counts().rejects, sent_before + 1);
    }
    return asked;
  }
};

TEST_F(RiskGateTest, RefusesWhatNobodyKnowsAndWhatIsNoOrder) {
  EXPECT_EQ(gate(intent(Side::buy, 1, "NOSUCH"), start_at_), "unknown_symbol");
  EXPECT_EQ(gate(intent(Side::buy, 0), start_at_), "bad_quantity");
  EXPECT_EQ(gate(limit(Side::buy, 1, std::nan("")), start_at_), "bad_price");
  OrderIntent stop = limit(Side::buy, 1, 1500);
  stop.type = strategy::OrderType::sl;
  EXPECT_EQ(gate(stop, start_at_), "bad_price") << "it has no trigger price";
}

TEST_F(RiskGateTest, LimitsTheQuantityOfAnOrder) {
  options_.limits.max_quantity = 50;
  EXPECT_EQ(gate(intent(Side::buy, 51), start_at_), "max_quantity");
  EXPECT_EQ(gate(intent(Side::buy, 50), start_at_), "");
}

TEST_F(RiskGateTest, LimitsTheValueOfAnOrder) {
  options_.limits.max_notional = 15'000;
  EXPECT_EQ(gate(limit(Side::buy, 10, 1500.05), start_at_), "max_notional");
  EXPECT_EQ(gate(limit(Side::buy, 10, 1500), start_at_), "");
}

TEST_F(RiskGateTest, LimitsTheOrdersAtWorkButNotTheExits) {
  options_.limits.max_open_orders = 1;
  trade(Side::buy, 10, start_at_, 1500);
  EXPECT_EQ(gate(limit(Side::buy, 1, 1400), start_at_ + 2s), "");
  EXPECT_EQ(gate(limit(Side::buy, 1, 1400), start_at_ + 2s), "max_open_orders");
  EXPECT_EQ(gate(intent(Side::sell, 10), start_at_ + 2s), "");
}

TEST_F(RiskGateTest, KeepsPricesNearTheLastOne) {
  options_.limits.price_band_pct = 1;
  price(start_at_, 1500);
  EXPECT_EQ(gate(limit(Side::buy, 1, 1515.05), start_at_), "price_band");
  EXPECT_EQ(gate(limit(Side::buy, 1, 1515), start_at_), "");
  EXPECT_EQ(gate(limit(Side::buy, 1, 1485), start_at_), "");
}

TEST_F(RiskGateTest, KeepsPricesInsideTheDaysBand) {
  market::InstrumentInfo infy = *instruments_.find("NSE", "INFY");
  infy.lower_circuit = 1350;
  infy.upper_circuit = 1650;
  instruments_.add(infy);
  EXPECT_EQ(gate(limit(Side::buy, 1, 1349.95), start_at_), "circuit_limit");
  EXPECT_EQ(gate(limit(Side::sell, 1, 1650.05), start_at_), "circuit_limit");
  EXPECT_EQ(gate(limit(Side::buy, 1, 1350), start_at_), "");
}

TEST_F(RiskGateTest, LimitsTheRateOfExitsToo) {
  options_.limits.rates = {{.per_second = 2, .per_minute = 0, .per_day = 0}};
  trade(Side::buy, 10, start_at_, 1500);
  const Timestamp at = start_at_ + 2s;
  EXPECT_EQ(gate(intent(Side::sell, 4), at), "");
  EXPECT_EQ(gate(intent(Side::sell, 4), at), "");
  EXPECT_EQ(gate(intent(Side::sell, 2), at + 999ms), "rate_limit");
  EXPECT_EQ(gate(intent(Side::sell, 2), at + 1s), "");
}

TEST_F(RiskGateTest, AskingCountsNothing) {
  options_.limits.rates = {{.per_second = 1, .per_minute = 0, .per_day = 0}};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_), "");
  EXPECT_EQ(engine().counts().orders, 0U);
  EXPECT_TRUE(orders().empty());
}

TEST_F(RiskGateTest, TakesMarginByProductUntilNothingIsFree) {
  options_.capital = 3000;
  EXPECT_EQ(gate(limit(Side::buy, 11, 1500), start_at_), "margin") << "20 % of 16 500";
  EXPECT_EQ(gate(limit(Side::buy, 6, 1500), start_at_), "") << "1 800";
  EXPECT_EQ(gate(limit(Side::buy, 5, 1500), start_at_), "margin")
      << "an order at work ties up its margin";
  OrderIntent delivery = limit(Side::buy, 1, 1500);
  delivery.product = "CNC";
  EXPECT_EQ(gate(delivery, start_at_), "margin") << "all of it";
  EXPECT_EQ(gate(limit(Side::buy, 4, 1500), start_at_), "");
}

TEST_F(RiskGateTest, DoesNotTakeThePriceOfAnIndexForThatOfItsOption) {
  market::InstrumentInfo call = *instruments_.find({}, "NIFTY25NOV26000CE");
  call.strike = 26'000;
  instruments_.add(call);
  options_.capital = 75 * 200;
  OrderIntent own = intent(Side::buy, 75, "NIFTY25NOV26000CE");
  own.reference_price = 200;
  EXPECT_EQ(refusal(own, start_at_), "") << "its own price decided";
  OrderIntent on_index = own;
  on_index.signal_symbol = "NIFTY";
  ASSERT_EQ(refusal(on_index, start_at_), "margin");
  EXPECT_THAT(engine().refusal_of(on_index, start_at_)->reason, testing::HasSubstr("no price"));
}

TEST_F(RiskGateTest, TakesThePremiumOfOptionsBoughtAndAShareOfTheStrikeOfOptionsSold) {
  market::InstrumentInfo call = *instruments_.find({}, "NIFTY25NOV26000CE");
  call.strike = 26'000;
  instruments_.add(call);
  options_.capital = 75 * 26'000 * 0.15;
  price(start_at_, 200, "NIFTY25NOV26000CE");
  EXPECT_EQ(refusal(intent(Side::sell, 75, "NIFTY25NOV26000CE"), start_at_), "");
  EXPECT_EQ(refusal(intent(Side::sell, 150, "NIFTY25NOV26000CE"), start_at_), "margin");
  EXPECT_EQ(refusal(intent(Side::buy, 1425, "NIFTY25NOV26000CE"), start_at_), "");
  EXPECT_EQ(refusal(intent(Side::buy, 1500, "NIFTY25NOV26000CE"), start_at_), "margin");
}

TEST_F(RiskGateTest, ExitsNeedNoMarginButMoreThanIsHeldIsNoExit) {
  options_.capital = 3100;
  trade(Side::buy, 10, start_at_, 1500);
  EXPECT_EQ(refusal(intent(Side::sell, 11), start_at_ + 2s), "margin");
  OrderIntent named = intent(Side::buy, 10);
  named.is_exit = true;
  EXPECT_EQ(refusal(named, start_at_ + 2s), "margin") << "it adds, whatever it is called";
  EXPECT_EQ(gate(intent(Side::sell, 10), start_at_ + 2s), "");
  EXPECT_EQ(refusal(intent(Side::sell, 10), start_at_ + 2s), "margin")
      << "the exit at work takes it all";
}

TEST_F(RiskGateTest, ALossTakesMarginAwayAndAGainGivesNone) {
  options_.capital = 10'000;
  trade(Side::buy, 10, start_at_, 1500);
  const double before = engine().pnl({}).margin_available;
  price(start_at_ + 2s, 1400);
  const double loss = 10 * 100.05;
  EXPECT_NEAR(engine().pnl({}).margin_available, before - loss + 10 * 0.2 * 100.05 + 0.5, 1.0);
}

TEST_F(RiskGateTest, SharesThatAreNotHeldAreNotSoldForDelivery) {
  OrderIntent sale = intent(Side::sell, 10);
  sale.product = "CNC";
  EXPECT_EQ(gate(sale, start_at_), "short_delivery");
  OrderIntent purchase = intent(Side::buy, 10);
  purchase.product = "CNC";
  engine().submit(purchase, start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_EQ(gate(sale, start_at_ + 1s), "");
}

TEST_F(RiskGateTest, NoIntradayEntriesOnceTheSquareOffHasBegun) {
  EXPECT_EQ(refusal(intent(Side::buy, 1), at_ist(15, 19, 59, 999)), "");
  EXPECT_EQ(refusal(intent(Side::buy, 1), at_ist(15, 20)), "square_off");
  OrderIntent delivery = intent(Side::buy, 1);
  delivery.product = "CNC";
  EXPECT_EQ(refusal(delivery, at_ist(15, 20)), "");
}

}  // namespace
}  // namespace tapedeck::execution
