// A run that is stopped in the middle of a session with a position open, and started again on the
// same state: nothing is forgotten and nothing is done twice.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "desk/engine_runner.hpp"
#include "market/engine_support.hpp"

namespace tapedeck::desk {
namespace {

using nlohmann::json;
using test::TemporaryFile;
using test::TestBus;
using testing::IsEmpty;
using testing::SizeIs;

/// Buys the first time it may, and never leaves by itself.
class Buyer final : public strategy::Strategy {
 public:
  static constexpr std::string_view kVersion = "1";
  static constexpr std::array<strategy::Parameter, 0> kParameters{};
  explicit Buyer(strategy::StrategySetup&) {}
  strategy::Decision evaluate(const strategy::Situation& now) override {
    if (now.holding.size == 0) return {strategy::Action::buy, 0.9, "nothing is held"};
    return {strategy::Action::hold, 0, "something is held"};
  }
};

/// Ticks of INFY every two seconds.
std::string ticks(int from_minute, int to_minute) {
  std::string text = "timestamp,symbol,price,volume\n";
  for (int second = from_minute * 60; second < to_minute * 60; second += 2) {
    text += fmt::format("2025-11-18 {:02}:{:02}:{:02},INFY,{:.2f},10\n", second / 3600,
                        second / 60 % 60, second % 60,
                        std::round((1500 + 10 * std::sin(second / 700.0)) * 20) / 20);
  }
  return text;
}

class Restart : public ::testing::Test {
 protected:
  RunSummary run(TestBus& bus, const std::string& data) {
    const TemporaryFile file("ticks.csv", data);
    EngineRunOptions options;
    options.feed = "replay:" + file.path().string();
    options.speed = 0;
    options.timeframes = {"1m"};
    options.state_file = place_.folder() / "state.db";
    options.market_data.cache_file = place_.folder() / "candles.db";
    options.strategy.strategies = {"buyer"};
    options.strategy.extra_strategies = {strategy::strategy_entry<Buyer>("buyer")};
    EngineRunner runner(bus.bus(), options);
    runner.start();
    runner.wait();
    EXPECT_EQ(runner.error(), "");
    return runner.summary();
  }

  static std::vector<json> filled(TestBus& bus) {
    std::vector<json> fills;
    for (const std::string& text : bus.payloads("order_event")) {
      json order = json::parse(text);
      if (order["status"] == "filled") fills.push_back(std::move(order));
    }
    return fills;
  }

  TemporaryFile place_{"unused", ""};
};

TEST_F(Restart, InASessionWithAPositionOpenGoesOnWithIt) {
  TestBus morning;
  run(morning, ticks(9 * 60 + 15, 11 * 60));
  const auto bought = filled(morning);
  ASSERT_THAT(bought, SizeIs(1));
  EXPECT_EQ(bought[0]["side"], "BUY");

  TestBus afternoon;
  const RunSummary summary = run(afternoon, ticks(11 * 60 + 5, 15 * 60 + 30));
  // It is not bought again; the square-off sells what the morning bought, in its round trip.
  const auto sold = filled(afternoon);
  ASSERT_THAT(sold, SizeIs(1));
  EXPECT_EQ(sold[0]["side"], "SELL");
  EXPECT_EQ(sold[0]["qty"], bought[0]["qty"]);
  EXPECT_EQ(sold[0]["round_trip_id"], bought[0]["round_trip_id"]);
  EXPECT_NE(sold[0]["order_id"], bought[0]["order_id"]);
  EXPECT_NE(sold[0]["correlation_id"], bought[0]["correlation_id"]);
  const double made =
      (sold[0]["fill_price"].get<double>() - bought[0]["fill_price"].get<double>()) *
      bought[0]["qty"].get<double>();
  EXPECT_NEAR(summary.realized_pnl, made, 0.001);
  // The first decisions are no warm-up: the candles of the morning are known.
  const json first = json::parse(afternoon.payloads("indicator_event").front());
  EXPECT_FALSE(first["indicators"]["ema_50"].is_null());
}

TEST_F(Restart, TheKillSwitchStaysOn) {
  {
    TestBus bus;
    const TemporaryFile file("ticks.csv", ticks(9 * 60 + 15, 9 * 60 + 16));
    EngineRunOptions options;
    options.feed = "replay:" + file.path().string();
    options.speed = 0;
    options.state_file = place_.folder() / "state.db";
    EngineRunner runner(bus.bus(), options);
    runner.request({.name = "kill", .by = "trader"});
    runner.start();
    runner.wait();
    ASSERT_TRUE(runner.summary().killed);
  }
  TestBus bus;
  const RunSummary summary = run(bus, ticks(9 * 60 + 20, 11 * 60));
  EXPECT_EQ(summary.orders, 0U);
  EXPECT_TRUE(summary.killed);
  EXPECT_THAT(filled(bus), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::desk
