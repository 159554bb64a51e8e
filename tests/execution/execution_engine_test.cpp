#include "tapedeck/execution/execution_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/engine_support.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::execution {
namespace {

using namespace std::chrono_literals;
using strategy::OrderIntent;
using strategy::Side;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class ExecutionEngineTest : public testing::Test {
 protected:
  ExecutionEngineTest() {
    const auto date = market::make_date(2025, 11, 18);
    instruments_.add(market::infer_instrument("INFY", date));
    instruments_.add(market::infer_instrument("NIFTY", date));
  }

  ExecutionEngine& engine() {
    if (!engine_) {
      auto broker = std::make_unique<PaperBroker>(calendar_, broker_options_);
      engine_ = std::make_unique<ExecutionEngine>(
          bus_.publisher(), instruments_, std::move(broker), ExecutionOptions{},
          [this](const strategy::OrderNews& news) { news_.push_back(news); });
      engine_->start(at_ist(10, 0));
    }
    return *engine_;
  }
  OrderIntent intent(Side side, std::int64_t qty, bool exit = false, const char* symbol = "INFY") {
    OrderIntent intent;
    intent.strategy = "momentum";
    intent.signal_symbol = intent.order_symbol = symbol;
    intent.side = side;
    intent.qty = qty;
    intent.is_exit = exit;
    intent.reference_price = 1500;
    intent.reason = "because";
    intent.correlation_id = exit ? "D2" : "D1";
    intent.round_trip_id = "R1";
    intent.decided_at = at_ist(10, 0);
    return intent;
  }
  void price(Timestamp at, double value, const char* symbol = "INFY") {
    engine().advance_to(at);
    engine().on_price({at, symbol, value});
  }
  std::vector<std::string> statuses() {
    std::vector<std::string> all;
    for (const std::string& payload : bus_.payloads("order_event")) {
      const auto at = payload.find("\"status\":\"") + 10;
      all.push_back(payload.substr(at, payload.find('"', at) - at));
    }
    return all;
  }

  test::TestBus bus_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  PaperBrokerOptions broker_options_;
  std::vector<strategy::OrderNews> news_;
  std::unique_ptr<ExecutionEngine> engine_;
};

TEST_F(ExecutionEngineTest, PublishesEveryTransitionOnceWithItsTimes) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open", "filled"));
  const auto orders = bus_.payloads("order_event");
  EXPECT_THAT(orders[0], HasSubstr(R"("order_id":"PAPER-20251118-0001","symbol":"INFY")"));
  EXPECT_THAT(orders[0], HasSubstr(R"("reason":"because")"));
  EXPECT_THAT(orders[4], HasSubstr(R"("filled_qty":10,"remaining_qty":0,"avg_price":1500.05)"));
  EXPECT_THAT(orders[4], HasSubstr(R"("decided_at":"2025-11-18T04:30:00.000000Z",)"
                                   R"("sent_at":"2025-11-18T04:30:00.000000Z",)"
                                   R"("acked_at":"2025-11-18T04:30:00.025000Z",)"
                                   R"("filled_at":"2025-11-18T04:30:01.000000Z")"));
  EXPECT_THAT(orders[4], HasSubstr(R"("charges":{"brokerage":4.5)"));
  for (const std::string& order : orders) {
    EXPECT_THAT(order, HasSubstr(R"("correlation_id":"D1","round_trip_id":"R1")"));
  }
}

TEST_F(ExecutionEngineTest, PublishesThePositionOnEveryFillGoingFlatToo) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  engine().submit(intent(Side::sell, 10, true), at_ist(10, 1));
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
  ASSERT_TRUE(news_.back().trade_pnl);
  EXPECT_LT(*news_.back().trade_pnl, 99.0) << "charges are taken off";
}

TEST_F(ExecutionEngineTest, MarksAnOpenPositionAtMostOnceASecond) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  for (int ms = 100; ms < 3000; ms += 100) price(at_ist(10, 0, 1) + ms * 1ms, 1500 + ms * 0.01);
  price(at_ist(10, 0, 10), 1528);
  price(at_ist(10, 0, 20), 1528);
  const auto positions = bus_.events("position_event");
  ASSERT_THAT(positions, SizeIs(1 + 2 + 1)) << "the fill, two marks, one more; not the same again";
  EXPECT_GE(positions[2].timestamp - positions[1].timestamp, 1s);
  EXPECT_THAT(positions[3].payload, HasSubstr(R"("unrealized_pnl":279.5)"));
}

TEST_F(ExecutionEngineTest, RejectsAnEntryWithoutMarginButNeverAnExit) {
  engine().submit(intent(Side::buy, 100'000), at_ist(10, 0));
  EXPECT_THAT(statuses(), ElementsAre("new", "rejected"));
  EXPECT_THAT(bus_.payloads("order_event")[1], HasSubstr(R"("reject_code":"insufficient_margin")"));
  ASSERT_THAT(news_, SizeIs(1));
  EXPECT_TRUE(news_[0].finished);
  engine().submit(intent(Side::sell, 100'000, true), at_ist(10, 0));
  EXPECT_EQ(statuses().back(), "submitted");
}

TEST_F(ExecutionEngineTest, RejectsWhatNobodyKnows) {
  engine().submit(intent(Side::buy, 1, false, "NOSUCH"), at_ist(10, 0));
  EXPECT_THAT(bus_.payloads("order_event")[1], HasSubstr(R"("reject_code":"unknown_symbol")"));
}

TEST_F(ExecutionEngineTest, PassesTheBrokersRejectionOnWithItsCode) {
  engine().submit(intent(Side::buy, 10), at_ist(16, 30));
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "rejected"));
  EXPECT_THAT(bus_.payloads("order_event")[2], HasSubstr(R"("reject_code":"market_closed")"));
  EXPECT_EQ(engine().counts().rejects, 1U);
}

TEST_F(ExecutionEngineTest, RefusesATransitionThatCannotFollow) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  BrokerUpdate update;
  update.order_id = "PAPER-20251118-0001";
  update.status = OrderStatus::created;
  update.at = at_ist(10, 0);
  engine().on_broker_update(update);
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted"));
  EXPECT_EQ(engine().counts().refused_transitions, 1U);
  engine().advance_to(at_ist(10, 0, 5));
  EXPECT_THAT(bus_.payloads("engine_health").back(), HasSubstr(R"("status":"degraded")"));
}

TEST_F(ExecutionEngineTest, CapsBrokerageOverThePartsOfOneOrder) {
  broker_options_.fill_limit = 40;
  engine().submit(intent(Side::buy, 100), at_ist(10, 0));
  for (int second = 1; second < 5; ++second) price(at_ist(10, 0, second), 1500);
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open",
                                      "partially_filled", "partially_filled", "filled"));
  EXPECT_THAT(bus_.payloads("order_event").back(), HasSubstr(R"("charges":{"brokerage":20.0)"));
  const strategy::Pnl pnl = engine().pnl("momentum");
  EXPECT_LT(pnl.charges, 40);
}

TEST_F(ExecutionEngineTest, SaysWhenAnIndexStandsInForItsFuture) {
  OrderIntent entry = intent(Side::buy, 75, false, "NIFTY");
  entry.reference_price = 25'000;
  engine().submit(entry, at_ist(10, 0));
  EXPECT_THAT(bus_.payloads("order_event")[0], HasSubstr(R"("stand_in":true)"));
}

TEST_F(ExecutionEngineTest, CancelsOrdersAtWorkWhenItStops) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  engine().advance_to(at_ist(10, 0, 1));
  engine().stop(at_ist(10, 0, 1));
  EXPECT_THAT(statuses(), ElementsAre("new", "submitted", "acknowledged", "open", "cancel_pending",
                                      "cancelled"));
  EXPECT_THAT(bus_.payloads("engine_health").back(), HasSubstr(R"("status":"stopped")"));
}

TEST_F(ExecutionEngineTest, PublishesHealthEveryFiveSecondsWithLatencies) {
  engine().submit(intent(Side::buy, 10), at_ist(10, 0));
  price(at_ist(10, 0, 1), 1500);
  engine().advance_to(at_ist(10, 0, 10));
  const auto health = bus_.events("engine_health");
  ASSERT_THAT(health, SizeIs(4));
  EXPECT_EQ(health[3].timestamp - health[2].timestamp, 5s);
  EXPECT_THAT(health[3].payload, HasSubstr(R"("open_orders":0,"orders_total":1,"fills":1)"));
  EXPECT_THAT(health[3].payload, HasSubstr(R"("ack_latency_ms":25.0)"));
  EXPECT_THAT(health[3].payload, HasSubstr(R"("decision_to_fill_ms":1000.0)"));
  EXPECT_THAT(health[0].payload, HasSubstr(R"("ack_latency_ms":null)"));
}

}  // namespace
}  // namespace tapedeck::execution
