// What reaches the engines of a run from outside, and what happens when one of them breaks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"

namespace tapedeck::desk {
namespace {

using test::TestBus;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

EngineRunOptions one_simulated_session() {
  EngineRunOptions options;
  options.feed = "sim?sessions=1";
  options.speed = 0;
  options.sim_date = "2025-11-18";
  options.host = "test-host";
  options.symbols = {"NIFTY", "INFY", "TCS", "RELIANCE"};
  return options;
}

std::vector<std::string> answers(TestBus& bus) {
  std::vector<std::string> all;
  for (const std::string& payload : bus.payloads("command_event")) {
    if (payload.find("requested") == std::string::npos) all.push_back(payload);
  }
  return all;
}

TEST(EngineCommands, AKilledRunPlacesNoOrderAndSaysWhy) {
  TestBus bus;
  EngineRunner runner(bus.bus(), one_simulated_session());
  runner.request({.name = "kill", .by = "trader", .reason = "stop it"});
  runner.start();
  runner.wait();
  EXPECT_EQ(runner.summary().orders, 0U);
  EXPECT_TRUE(runner.summary().killed);
  EXPECT_THAT(bus.payloads("order_event"), IsEmpty());
  EXPECT_THAT(bus.payloads("decision_trace"), Contains(HasSubstr(R"("veto_code":"kill_switch")")));
  const auto told = answers(bus);
  for (const char* engine : {"paper-execution", "paper-strategy"}) {
    EXPECT_THAT(told,
                Contains(AllOf(HasSubstr(R"("command":"kill")"), HasSubstr(engine),
                               HasSubstr(R"("state":"done")"), HasSubstr(R"("by":"trader")"))));
  }
}

TEST(EngineCommands, ACommandOverTheBusIsAnsweredWithItsId) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.speed = 1;
  std::promise<bool> heard;
  options.on_command = [&](bool killed) { heard.set_value(killed); };
  EngineRunner runner(bus.bus(), options);
  runner.start();
  bus.bus().publish(
      CommandEvent{.command = "kill", .target = "*", .state = "requested", .by = "api"});
  // The market's clock is paced: the engine thread sleeps when the command comes.
  EXPECT_TRUE(heard.get_future().get());
  const auto requests = bus.events("command_event");
  const auto& json = requests.front().json;
  const auto at = json.find("\"id\":\"") + 6;
  const std::string id = json.substr(at, json.find('"', at) - at);
  EXPECT_THAT(answers(bus), Contains(HasSubstr("\"request_id\":\"" + id + "\"")));
  runner.stop();
}

TEST(EngineCommands, WhatNobodyKnowsIsRefusedAndWhatIsForOthersIsLeftAlone) {
  TestBus bus;
  EngineRunner runner(bus.bus(), one_simulated_session());
  runner.request({.name = "dance", .by = "trader"});
  runner.request({.name = "kill", .target = "other-host-strategy", .by = "trader"});
  runner.start();
  runner.wait();
  const auto told = answers(bus);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0], AllOf(HasSubstr(R"("command":"dance")"), HasSubstr(R"("state":"refused")")));
  EXPECT_FALSE(runner.summary().killed);
  EXPECT_GT(runner.summary().orders, 0U);
}

TEST(EngineCommands, OneEngineCanBeMeantByNameOrId) {
  for (const char* target : {"StrategyEngineV2", "paper-strategy"}) {
    TestBus bus;
    EngineRunner runner(bus.bus(), one_simulated_session());
    runner.request({.name = "kill", .target = target, .by = "trader"});
    runner.start();
    runner.wait();
    const auto told = answers(bus);
    ASSERT_THAT(told, SizeIs(1)) << target;
    EXPECT_THAT(told[0], HasSubstr("paper-strategy"));
    EXPECT_FALSE(runner.summary().killed) << "orders go on";
  }
}

TEST(EngineCommands, NoHealthIsPublishedAfterStopTelemetry) {
  TestBus bus;
  EngineRunner runner(bus.bus(), one_simulated_session());
  runner.stop_telemetry();
  runner.start();
  runner.wait();
  // starting and active come at the start; the state `stopped` is an event of its own kind.
  for (const std::string& payload : bus.payloads("engine_health")) {
    EXPECT_THAT(payload, Not(HasSubstr(R"("status":"degraded")")));
  }
  EXPECT_LE(bus.payloads("engine_health").size(), 12U);
  EXPECT_THAT(bus.payloads("signal_event"), Not(IsEmpty()));
}

/// A broker that breaks when it is shown its twentieth price.
class BreakingBroker final : public execution::Broker {
 public:
  explicit BreakingBroker(const market::TradingCalendar& calendar) : paper_(calendar, {}) {}
  std::string_view name() const override { return "breaking"; }
  bool is_live() const override { return false; }
  void set_listener(execution::BrokerListener* listener) override { paper_.set_listener(listener); }
  std::string new_order_id(Timestamp now) override { return paper_.new_order_id(now); }
  void submit(const execution::OrderRequest& request, Timestamp now) override {
    paper_.submit(request, now);
  }
  void modify(const execution::OrderRequest& changed, Timestamp now) override {
    paper_.modify(changed, now);
  }
  bool cancel(std::string_view order_id, Timestamp now) override {
    return paper_.cancel(order_id, now);
  }
  void request_status(std::string_view order_id, Timestamp now) override {
    paper_.request_status(order_id, now);
  }
  void on_price(const execution::PriceUpdate& price) override {
    if (++prices_ == 20) throw std::runtime_error("the line to the broker broke");
    paper_.on_price(price);
  }
  Timestamp next_due() const override { return paper_.next_due(); }
  void advance_to(Timestamp now) override { paper_.advance_to(now); }

 private:
  execution::PaperBroker paper_;
  int prices_ = 0;
};

TEST(EngineCommands, AnEngineThatThrowsTellsItAndTheOthersGoOn) {
  TestBus bus;
  EngineRunOptions options = one_simulated_session();
  options.make_broker = [](const market::TradingCalendar& calendar) {
    return std::make_unique<BreakingBroker>(calendar);
  };
  EngineRunner runner(bus.bus(), options);
  runner.start();
  runner.wait();
  EXPECT_EQ(runner.error(), "paper-execution: the line to the broker broke");
  Timestamp broke{};
  std::string last_execution;
  for (const Event& event : bus.events("engine_health")) {
    if (event.payload.find("ExecutionEngine") == std::string::npos) continue;
    last_execution = event.payload;
    broke = event.timestamp;
  }
  EXPECT_THAT(last_execution,
              AllOf(HasSubstr(R"("status":"error")"), HasSubstr("the line to the broker broke")));
  std::size_t later = 0;
  for (const Event& event : bus.events("indicator_event")) later += event.timestamp > broke ? 1 : 0;
  EXPECT_GT(later, 10U);
  EXPECT_THAT(bus.events("engine_health").back().payload, Not(HasSubstr("\"error\"")));
}

std::size_t hash_of_events(EngineRunOptions options) {
  TestBus bus;
  EngineRunner runner(bus.bus(), std::move(options));
  runner.start();
  runner.wait();
  std::string all;
  for (const Event& event : bus.events()) all += event.json + '\n';
  EXPECT_GT(all.size(), 1'000'000U);
  return std::hash<std::string>{}(all);
}

TEST(EngineCommands, TheEventsAreTheSameAtAnySpeed) {
  EngineRunOptions options = one_simulated_session();
  const std::size_t at_once = hash_of_events(options);
  for (const double speed : {40'000.0, 1'000'000.0}) {
    options.speed = speed;
    EXPECT_EQ(hash_of_events(options), at_once) << speed;
  }
  options.seed = 2;
  options.speed = 0;
  EXPECT_NE(hash_of_events(options), at_once);
}

}  // namespace
}  // namespace tapedeck::desk
