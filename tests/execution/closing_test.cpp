// Getting out: kill, resume, flatten, square_off and the automatic square-off.
#include <gtest/gtest.h>

#include "execution/execution_support.hpp"

namespace tapedeck::execution {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ClosingTest : public EngineFixture {
 protected:
  /// Walks the clock with a price every second, as a feed would.
  void walk(Timestamp from, int seconds, double value, const char* symbol = "INFY") {
    for (int i = 0; i <= seconds; ++i) price(from + i * 1s, value, symbol);
  }
  std::string first_answer() { return bus_.payloads("command_event").front(); }
};

TEST_F(ClosingTest, KillCancelsEverythingAndBlocksEntriesUntilResume) {
  trade(Side::buy, 10, start_at_, 1500);
  const std::string id = engine().submit(limit(Side::buy, 5, 1400), start_at_ + 2s);
  engine().advance_to(start_at_ + 3s);
  EXPECT_TRUE(obey("kill", start_at_ + 3s));
  EXPECT_EQ(field_of(orders(id).back(), "status"), "cancelled");
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_ + 3s), "kill_switch");
  EXPECT_EQ(refusal(intent(Side::sell, 11), start_at_ + 3s), "kill_switch") << "it would turn it";
  EXPECT_EQ(refusal(intent(Side::sell, 10), start_at_ + 3s), "") << "leaving stays possible";
  EXPECT_THAT(first_answer(), AllOf(HasSubstr(R"("command":"kill")"), HasSubstr(R"("by":"tester")"),
                                    HasSubstr(R"("state":"done")")));
  engine().advance_to(start_at_ + 6s);
  EXPECT_THAT(last_health(),
              AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr(R"("kill_switch":true)")));
  EXPECT_TRUE(obey("resume", start_at_ + 6s));
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_ + 6s), "");
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

TEST_F(ClosingTest, KillBlocksEvenWhatHearsOfTheCancellations) {
  engine().submit(limit(Side::buy, 5, 1400), start_at_);
  engine().advance_to(start_at_ + 1s);
  on_news_ = [this](const strategy::OrderNews& news) {
    if (news_count_ < 10) engine().submit(limit(Side::buy, 5, 1400), news.at);
  };
  obey("kill", start_at_ + 1s);
  EXPECT_THAT(fields(orders(), "reject_code"), Contains("kill_switch"));
  EXPECT_THAT(last_health(), HasSubstr(R"("open_orders":0)"));
}

TEST_F(ClosingTest, KillWorksWithABrokerThatDoesNotAnswer) {
  const std::string id = (live_ = true, engine().submit(intent(Side::buy, 5), start_at_));
  EXPECT_TRUE(obey("kill", start_at_ + 1s));
  EXPECT_THAT(commands(), ElementsAre("done"));
  EXPECT_THAT(broker().cancelled, ElementsAre(id));
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_ + 1s), "kill_switch");
  engine().advance_to(start_at_ + 20s);
  EXPECT_EQ(field_of(orders(id).back(), "status"), "unknown") << "and it is asked for";
  EXPECT_THAT(broker().asked, Contains(id));
  EXPECT_THAT(broker().sent, SizeIs(1));
}

TEST_F(ClosingTest, FlattenCancelsEverythingThenClosesEveryPositionAndAnswersWhenItIsDone) {
  trade(Side::buy, 10, start_at_, 1500);
  OrderIntent delivery = intent(Side::buy, 3);
  delivery.product = "CNC";
  engine().submit(delivery, start_at_ + 2s);
  walk(start_at_ + 3s, 1, 1500);
  const std::string resting = engine().submit(limit(Side::buy, 5, 1400), start_at_ + 5s);
  engine().advance_to(start_at_ + 6s);
  EXPECT_TRUE(obey("flatten", start_at_ + 6s));
  EXPECT_EQ(field_of(orders(resting).back(), "status"), "cancelled");
  EXPECT_THAT(commands(), IsEmpty()) << "not done yet";
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_ + 6s), "flatten");
  walk(start_at_ + 7s, 3, 1500);
  for (const PositionView& position : engine().positions()) EXPECT_EQ(position.size, 0);
  EXPECT_THAT(commands(), ElementsAre("done"));
  EXPECT_EQ(refusal(intent(Side::buy, 1), start_at_ + 12s), "");
}

TEST_F(ClosingTest, SquareOffClosesIntradayPositionsOnly) {
  trade(Side::buy, 10, start_at_, 1500);
  OrderIntent delivery = intent(Side::buy, 3);
  delivery.product = "CNC";
  engine().submit(delivery, start_at_ + 2s);
  walk(start_at_ + 3s, 1, 1500);
  EXPECT_TRUE(obey("square_off", start_at_ + 5s));
  walk(start_at_ + 6s, 3, 1500);
  EXPECT_THAT(commands(), ElementsAre("done"));
  EXPECT_EQ(engine().positions()[0].size, 3) << "CNC";
  EXPECT_EQ(engine().positions()[1].size, 0) << "MIS";
  EXPECT_THAT(orders().back(), Not(HasSubstr("auto_square_off"))) << "the trader's own";
}

TEST_F(ClosingTest, FlattenIsDoneAtOnceWhenNothingIsHeld) {
  engine();
  EXPECT_TRUE(obey("flatten", start_at_ + 1s));
  EXPECT_THAT(commands(), ElementsAre("done"));
}

TEST_F(ClosingTest, FlattenFailsWhenTheMarketIsClosed) {
  options_.square_off_mis = false;
  trade(Side::buy, 10, start_at_, 1500);
  engine().advance_to(at_ist(16, 30));
  EXPECT_TRUE(obey("flatten", at_ist(16, 30)));
  EXPECT_THAT(commands(), ElementsAre("failed"));
  EXPECT_THAT(first_answer(), HasSubstr("INFY: the market is closed"));
}

TEST_F(ClosingTest, FlattenFailsAfterItsTimeWhenTheBrokerDoesNotAnswer) {
  live_ = true;
  const std::string id = engine().submit(intent(Side::buy, 5), start_at_);
  broker().fill(id, 5, 1500, "F1", start_at_ + 1s);
  EXPECT_TRUE(obey("flatten", start_at_ + 2s));
  EXPECT_THAT(broker().sent, SizeIs(2));
  engine().advance_to(start_at_ + 61s);
  EXPECT_THAT(commands(), IsEmpty());
  engine().advance_to(start_at_ + 62s);
  EXPECT_THAT(commands(), ElementsAre("failed"));
  EXPECT_THAT(broker().sent, SizeIs(2)) << "one exit is at work: a second could turn the position";
}

TEST_F(ClosingTest, GivesUpAfterItsAttempts) {
  live_ = true;
  const std::string id = engine().submit(intent(Side::buy, 5), start_at_);
  broker().fill(id, 5, 1500, "F1", start_at_ + 1s);
  obey("flatten", start_at_ + 2s);
  for (int i = 0; i < 10; ++i) {
    const std::string exit = broker().sent.back().order_id;
    if (engine().order(exit)->status == OrderStatus::submitted) {
      broker().say(exit, OrderStatus::rejected, start_at_ + 2s + i * 1s);
    }
    engine().advance_to(start_at_ + 3s + i * 1s);
  }
  EXPECT_THAT(broker().sent, SizeIs(1 + 5));
  EXPECT_THAT(commands(), ElementsAre("failed"));
  EXPECT_THAT(first_answer(), HasSubstr("INFY: 5 orders did not close it"));
}

TEST_F(ClosingTest, ClosesMorePositionsThanTheRateAllowsOneAfterTheOther) {
  options_.limits.rates = {{.per_second = 1, .per_minute = 0, .per_day = 0}};
  for (int i = 0; i < 3; ++i) {
    OrderIntent entry = intent(Side::buy, 1);
    entry.strategy = "s" + std::to_string(i);
    engine().advance_to(start_at_ + i * 2s);
    engine().submit(entry, start_at_ + i * 2s);
    price(start_at_ + i * 2s + 1s, 1500);
  }
  obey("flatten", start_at_ + 10s);
  walk(start_at_ + 10s, 8, 1500);
  EXPECT_THAT(commands(), ElementsAre("done"));
  EXPECT_THAT(fields(orders(), "reject_code"), Not(Contains("rate_limit")));
}

TEST_F(ClosingTest, OnlyObeysWhatItKnowsAndWhatIsMeantForIt) {
  engine();
  EXPECT_FALSE(obey("dance", start_at_));
  EXPECT_FALSE(
      engine().obey({.name = "kill", .target = "somebody", .by = {}, .reason = {}}, start_at_));
  EXPECT_THAT(commands(), IsEmpty());
  EXPECT_TRUE(
      engine().obey({.name = "kill", .target = "engine", .by = {}, .reason = {}}, start_at_));
  engine().stop(start_at_ + 1s);
  EXPECT_TRUE(obey("resume", start_at_ + 1s));
  EXPECT_THAT(commands(), ElementsAre("done", "refused"));
  EXPECT_TRUE(engine().is_killed());
}

TEST_F(ClosingTest, IntradayPositionsAreClosedAtTheTimeOfTheTableWithTheBrokersFee) {
  trade(Side::buy, 10, at_ist(15, 0), 1500);
  const std::string resting = engine().submit(limit(Side::buy, 5, 1400), at_ist(15, 1));
  engine().advance_to(at_ist(15, 19, 59));
  EXPECT_EQ(field_of(orders(resting).back(), "status"), "open");
  walk(at_ist(15, 20), 3, 1500);
  EXPECT_EQ(field_of(orders(resting).back(), "status"), "cancelled");
  EXPECT_EQ(engine().positions()[0].size, 0);
  const std::string exit = orders().back();
  EXPECT_EQ(field_of(exit, "reason"), "");
  EXPECT_THAT(exit, HasSubstr(R"("auto_square_off":50.0)"));
  const auto of_exit = orders(field_of(exit, "order_id"));
  EXPECT_EQ(field_of(of_exit[0], "reason"), "automatic square-off of an intraday position");
  EXPECT_EQ(field_of(of_exit[0], "round_trip_id"), "R1");
}

TEST_F(ClosingTest, DerivativesAreSquaredOffAtTheirOwnTime) {
  OrderIntent future = intent(Side::sell, 75, "NIFTY25NOVFUT");
  future.reference_price = 26'000;
  engine().advance_to(at_ist(15, 0));
  engine().submit(future, at_ist(15, 0));
  price(at_ist(15, 0, 1), 26'000, "NIFTY25NOVFUT");
  walk(at_ist(15, 20), 5, 26'000, "NIFTY25NOVFUT");
  EXPECT_EQ(engine().positions()[0].size, -75);
  walk(at_ist(15, 25), 3, 26'000, "NIFTY25NOVFUT");
  EXPECT_EQ(engine().positions()[0].size, 0);
}

TEST_F(ClosingTest, AnExitOnItsWayIsNotDoubledByTheSquareOff) {
  trade(Side::buy, 10, at_ist(15, 0), 1500);
  engine().advance_to(at_ist(15, 20) - 1ns);
  engine().submit(intent(Side::sell, 10), at_ist(15, 20) - 1ns);
  walk(at_ist(15, 20), 4, 1500);
  EXPECT_EQ(engine().positions()[0].size, 0);
  EXPECT_EQ(engine().counts().orders, 2U);
}

TEST_F(ClosingTest, CarriedProductsAreLeftAlone) {
  OrderIntent delivery = intent(Side::buy, 3);
  delivery.product = "CNC";
  engine().submit(delivery, start_at_);
  price(start_at_ + 1s, 1500);
  walk(at_ist(15, 20), 4, 1500);
  walk(at_ist(15, 25), 4, 1500);
  EXPECT_EQ(engine().positions()[0].size, 3);
}

TEST_F(ClosingTest, ASquareOffMissedInAGapHappensAtTheNextOpen) {
  trade(Side::buy, 10, at_ist(15, 0), 1500);
  engine().skip_to(at_ist(9, 0) + 24h);
  EXPECT_EQ(engine().counts().orders, 1U) << "the market is closed";
  walk(at_ist(9, 15) + 24h, 3, 1490);
  EXPECT_EQ(engine().positions()[0].size, 0);
}

}  // namespace
}  // namespace tapedeck::execution
