#include "tapedeck/execution/execution_engine.hpp"

#include "execution/execution_support.hpp"

namespace tapedeck::execution {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ExecutionEngineTest : public EngineFixture {};

TEST_F(ExecutionEngineTest, PublishesEveryTransitionOnceWithItsTimes) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open", "filled"));
  const auto told = orders();
  EXPECT_THAT(told[0], HasSubstr(R"("order_id":"PAPER-20251118-0001","symbol":"INFY")"));
  EXPECT_THAT(told[0], HasSubstr(R"("reason":"because")"));
  EXPECT_THAT(told[4], HasSubstr(R"("filled_qty":10,"remaining_qty":0,"avg_price":1500.05)"));
  EXPECT_THAT(told[4], HasSubstr(R"("fill_qty":10,"fill_price":1500.05)"));
  EXPECT_THAT(told[4], HasSubstr(R"("decided_at":"2025-11-18T04:30:00.000000Z",)"
                                 R"("sent_at":"2025-11-18T04:30:00.000000Z",)"
                                 R"("acked_at":"2025-11-18T04:30:00.025000Z",)"
                                 R"("filled_at":"2025-11-18T04:30:01.000000Z")"));
  EXPECT_THAT(told[4], HasSubstr(R"("charges":{"brokerage":4.5)"));
  EXPECT_THAT(told, Each(HasSubstr(R"("variety":"regular","validity":"DAY")")));
  EXPECT_THAT(told, Each(HasSubstr(R"("tag":"D1")")));
  EXPECT_THAT(told, Each(HasSubstr(R"("correlation_id":"D1","round_trip_id":"R1")")));
}

TEST_F(ExecutionEngineTest, TellsTypeTriggerAndBasketOfAnOrder) {
  OrderIntent stop = limit(Side::sell, 10, 1480);
  stop.type = strategy::OrderType::sl;
  stop.trigger_price = 1485;
  stop.basket_id = "B1";
  stop.algo_id = "A7";
  stop.correlation_id = "not-an alphanumeric_tag-of-twenty";
  engine().submit(stop, start_at_);
  EXPECT_THAT(orders()[0],
              AllOf(HasSubstr(R"("order_type":"SL")"), HasSubstr(R"("trigger_price":1485.0)"),
                    HasSubstr(R"("price":1480.0)"), HasSubstr(R"("basket_id":"B1")"),
                    HasSubstr(R"("algo_id":"A7")"), HasSubstr(R"("tag":"notanalphanumerictag")")));
}

TEST_F(ExecutionEngineTest, PublishesThePositionOnEveryFillGoingFlatToo) {
  trade(Side::buy, 10, at_ist(10, 0), 1500);
  OrderIntent exit = intent(Side::sell, 10);
  exit.correlation_id = "D2";
  engine().submit(exit, at_ist(10, 1));
  price(at_ist(10, 1, 1), 1510);
  std::vector<std::string> fills;
  for (const std::string& payload : bus_.payloads("position_event")) {
    if (payload.find("correlation_id") != std::string::npos) fills.push_back(payload);
  }
  ASSERT_THAT(fills, SizeIs(2));
  EXPECT_THAT(fills[0], HasSubstr(R"("position_size":10,"entry_price":1500.05)"));
  EXPECT_THAT(fills[1], HasSubstr(R"("position_size":0)"));
  EXPECT_THAT(fills[1], HasSubstr(R"("realized_pnl":99.0,"unrealized_pnl":0.0)"));
  EXPECT_THAT(fills[1], HasSubstr(R"("correlation_id":"D2","round_trip_id":"R1")"));
  ASSERT_TRUE(last_trade_pnl_);
  EXPECT_LT(*last_trade_pnl_, 99.0) << "charges are taken off";
}

TEST_F(ExecutionEngineTest, MarksAnOpenPositionAtMostOnceASecond) {
  trade(Side::buy, 10, at_ist(10, 0), 1500);
  for (int ms = 100; ms < 3000; ms += 100) price(at_ist(10, 0, 1) + ms * 1ms, 1500 + ms * 0.01);
  price(at_ist(10, 0, 10), 1528);
  price(at_ist(10, 0, 20), 1528);
  const auto positions = bus_.events("position_event");
  ASSERT_THAT(positions, SizeIs(1 + 2 + 1)) << "the fill, two marks, one more; not the same again";
  EXPECT_GE(positions[2].timestamp - positions[1].timestamp, 1s);
  EXPECT_THAT(positions[3].payload, HasSubstr(R"("unrealized_pnl":279.5)"));
}

TEST_F(ExecutionEngineTest, KeepsPositionsOfExchangesAndStrategiesApart) {
  market::InstrumentInfo bse = *instruments_.find("NSE", "INFY");
  bse.exchange = "BSE";
  instruments_.add(bse);
  trade(Side::buy, 10, at_ist(10, 0), 1500);
  OrderIntent other = intent(Side::buy, 5);
  other.order_exchange = "BSE";
  engine().submit(other, at_ist(10, 1));
  price(at_ist(10, 1, 1), 1600);
  EXPECT_EQ(engine().positions().size(), 1U) << "a price of NSE fills nothing on BSE";
  engine().on_price({.at = at_ist(10, 1, 2), .symbol = "INFY", .price = 1501, .exchange = "BSE"});
  ASSERT_THAT(engine().positions(), SizeIs(2));
  EXPECT_EQ(engine().positions()[0].exchange, "BSE");
  EXPECT_EQ(engine().positions()[0].last_price, 1501);
  EXPECT_EQ(engine().positions()[1].last_price, 1600);
}

TEST_F(ExecutionEngineTest, PassesTheBrokersRejectionOnWithItsCode) {
  engine().submit(intent(Side::buy, 10), at_ist(16, 30));
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "rejected"));
  EXPECT_THAT(orders()[2], HasSubstr(R"("reject_code":"market_closed")"));
  EXPECT_EQ(engine().counts().rejects, 1U);
  EXPECT_EQ(finished_, 1);
}

TEST_F(ExecutionEngineTest, ModifiesAnOrderAtWork) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1490), start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_FALSE(engine().modify(id, {.qty = 12, .limit_price = 1500}, start_at_ + 2s));
  EXPECT_EQ(engine().order(id)->limit_price, 1490) << "not before the broker says so";
  price(start_at_ + 3s, 1500);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "acknowledged", "open",
                                        "modify_pending", "open", "filled"));
  EXPECT_EQ(field_of(orders(id)[5], "price"), "1500.0");
  EXPECT_EQ(engine().order(id)->filled_qty, 12);
}

TEST_F(ExecutionEngineTest, KeepsAnOrderAsItWasWhenTheBrokerRefusesItsModification) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1490), start_at_);
  price(start_at_ + 1s, 1500);
  EXPECT_FALSE(engine().modify(id, {.limit_price = 1490.02}, start_at_ + 2s));
  engine().advance_to(start_at_ + 3s);
  EXPECT_EQ(field_of(orders(id).back(), "status"), "open");
  EXPECT_EQ(field_of(orders(id).back(), "reject_code"), "off_tick");
  EXPECT_EQ(engine().order(id)->limit_price, 1490);
}

TEST_F(ExecutionEngineTest, RefusesAndCountsRequestsThatMakeNoSense) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1490), start_at_);
  EXPECT_EQ(engine().modify(id, {.limit_price = 1491}, start_at_)->code, "not_at_work")
      << "it is not acknowledged yet";
  engine().advance_to(start_at_ + 1s);
  EXPECT_EQ(engine().modify("X", {}, start_at_ + 1s)->code, "unknown_order");
  EXPECT_EQ(engine().modify(id, {.limit_price = 0}, start_at_ + 1s)->code, "bad_price");
  EXPECT_EQ(engine().modify(id, {.qty = 0}, start_at_ + 1s)->code, "bad_quantity");
  EXPECT_FALSE(engine().cancel(id, start_at_ + 2s));
  EXPECT_EQ(engine().cancel(id, start_at_ + 2s)->code, "not_at_work");
  EXPECT_EQ(engine().cancel("X", start_at_ + 2s)->code, "unknown_order");
  EXPECT_EQ(engine().counts().refused_requests, 6U);
  EXPECT_THAT(statuses(id), ElementsAre("new", "submitted", "acknowledged", "open",
                                        "cancel_pending", "cancelled"));
}

TEST_F(ExecutionEngineTest, TakesTwentyFiveModificationsOfAnOrder) {
  const std::string id = engine().submit(limit(Side::buy, 10, 1490), start_at_);
  Timestamp at = start_at_ + 1s;
  for (int i = 0; i < 25; ++i, at += 1s) {
    engine().advance_to(at);
    EXPECT_FALSE(engine().modify(id, {.limit_price = 1480.0 + i}, at)) << i;
  }
  engine().advance_to(at);
  EXPECT_EQ(engine().modify(id, {.limit_price = 1470}, at)->code, "too_many_modifications");
}

TEST_F(ExecutionEngineTest, CapsBrokerageOverThePartsOfOneOrder) {
  paper_.fill_limit = 40;
  engine().submit(intent(Side::buy, 100), at_ist(10, 0));
  for (int second = 1; second < 5; ++second) price(at_ist(10, 0, second), 1500);
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open",
                                      "partially_filled", "partially_filled", "filled"));
  EXPECT_THAT(orders().back(), HasSubstr(R"("charges":{"brokerage":20.0)"));
  EXPECT_LT(engine().pnl("momentum").charges, 40);
}

TEST_F(ExecutionEngineTest, SaysWhenAnIndexStandsInForItsFuture) {
  OrderIntent entry = intent(Side::buy, 75, "NIFTY");
  entry.reference_price = 25'000;
  engine().submit(entry, at_ist(10, 0));
  EXPECT_THAT(orders()[0], HasSubstr(R"("stand_in":true)"));
}

TEST_F(ExecutionEngineTest, CancelsOrdersAtWorkWhenItStops) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  engine().advance_to(at_ist(10, 0, 1));
  engine().stop(at_ist(10, 0, 1));
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open", "cancel_pending",
                                      "cancelled"));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"stopped")"));
}

TEST_F(ExecutionEngineTest, PublishesHealthEveryFiveSecondsWithLatenciesAndStates) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  engine().submit(limit(Side::buy, 10, 1400), at_ist(10, 0, 2));
  engine().advance_to(at_ist(10, 0, 10));
  const auto health = bus_.events("engine_health");
  ASSERT_THAT(health, SizeIs(4));
  EXPECT_EQ(health[3].timestamp - health[2].timestamp, 5s);
  EXPECT_THAT(
      health[3].payload,
      AllOf(HasSubstr(R"("open_orders":1)"), HasSubstr(R"("orders_total":2)"),
            HasSubstr(R"("fills_total":1)"), HasSubstr(R"("open":1)"),
            HasSubstr(R"("ack_latency_ms":25.0)"), HasSubstr(R"("ack_latency_p99_ms":25.0)"),
            HasSubstr(R"("decision_to_fill_ms":1000.0)"), HasSubstr(R"("kill_switch":false)")));
  EXPECT_THAT(health[0].payload, HasSubstr(R"("ack_latency_ms":null)"));
}

TEST_F(ExecutionEngineTest, CountsPricesThatAreNone) {
  trade(Side::buy, 10, start_at_, 1500);
  for (const double bad : {0.0, -1.0, std::nan(""), 1e300}) {
    engine().on_price({.at = start_at_ + 2s, .symbol = "INFY", .price = bad});
  }
  EXPECT_EQ(engine().counts().bad_prices, 4U);
  EXPECT_EQ(engine().positions()[0].last_price, 1500);
}

TEST_F(ExecutionEngineTest, CarriesPositionsOverTheNightAtThePreviousClose) {
  OrderIntent carried = intent(Side::buy, 75, "NIFTY25NOVFUT");
  carried.product = "NRML";
  carried.reference_price = 26'000;
  engine().submit(carried, start_at_);
  price(start_at_ + 1s, 26'000, "NIFTY25NOVFUT");
  price(at_ist(15, 29), 26'100, "NIFTY25NOVFUT");
  engine().skip_to(at_ist(9, 15) + 24h);
  EXPECT_EQ(engine().pnl({}).day_net, 0) << "nothing has moved today";
  price(at_ist(9, 16) + 24h, 26'110, "NIFTY25NOVFUT");
  EXPECT_NEAR(engine().pnl({}).day_net, 750, 1e-9);
  EXPECT_NEAR(engine().positions()[0].day_pnl, 750, 1e-9);
  EXPECT_NEAR(engine().pnl({}).unrealized, 75 * (26'110 - 26'000.05), 1e-6);
}

TEST_F(ExecutionEngineTest, AnOrderSentFromTheNewsOfAFillIsAnOrderLikeAnyOther) {
  on_news_ = [this](const strategy::OrderNews& news) {
    if (news.finished && news.position_size == 10) {
      engine().submit(intent(Side::sell, 10), news.at);
    }
  };
  trade(Side::buy, 10, start_at_, 1500);
  price(start_at_ + 2s, 1501);
  EXPECT_EQ(finished_, 2);
  EXPECT_EQ(engine().positions()[0].size, 0);
}

TEST_F(ExecutionEngineTest, IsTheSameByteForByteForTheSameInput) {
  const auto run = [](std::uint64_t seed) {
    test::TestBus bus;
    market::TradingCalendar calendar;
    market::InstrumentTable instruments;
    instruments.add(market::infer_instrument("INFY", market::make_date(2025, 11, 18)));
    PaperBrokerOptions paper{.fill_limit = 7, .reject_probability = 0.3, .seed = seed};
    ExecutionEngine engine(bus.publisher(), calendar, instruments,
                           std::make_unique<PaperBroker>(calendar, paper), {}, {});
    engine.start(at_ist(10, 0));
    for (int i = 0; i < 60; ++i) {
      OrderIntent order;
      order.strategy = i % 2 == 0 ? "a" : "b";
      order.order_symbol = "INFY";
      order.side = i % 3 == 0 ? Side::sell : Side::buy;
      order.qty = 10 + i;
      order.reference_price = 1500;
      const Timestamp at = at_ist(10, 0) + i * 1s;
      engine.advance_to(at);
      engine.submit(order, at);
      engine.on_price({.at = at, .symbol = "INFY", .price = 1500 + i * 0.05});
    }
    engine.stop(at_ist(10, 5));
    std::string all;
    for (const Event& event : bus.events()) all += event.type + event.payload + "\n";
    return all;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace tapedeck::execution
