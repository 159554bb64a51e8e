// StrategyEngineV2 the way a program that installed Tapedeck uses it: public headers only, a
// strategy of its own, a bus of its own.
#include <gtest/gtest.h>
#include <tapedeck/bus.hpp>
#include <tapedeck/strategy/strategy_engine.hpp>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace tapedeck;
using namespace std::chrono_literals;

/// Buys a close above the moving average, leaves below it.
class AboveAverage final : public strategy::Strategy {
 public:
  static constexpr std::string_view kVersion = "7";
  static constexpr std::array kParameters{
      strategy::Parameter{"period", 10, 2, 100, "candles of the average", true}};

  explicit AboveAverage(strategy::StrategySetup& setup)
      : average_(setup.sma(setup.whole("period"))) {}

  strategy::Decision evaluate(const strategy::Situation& now) override {
    const bool above = now.candle.close > now.now[average_];
    if (now.holding.size == 0 && above) return {strategy::Action::buy, 0.8, "above the average"};
    if (now.holding.size != 0 && !above) return {strategy::Action::exit, 0.8, "below the average"};
    return {strategy::Action::hold, 0, "as before"};
  }

 private:
  strategy::ValueId average_;
};

TEST(StrategyEngineAlone, RunsAStrategyOfTheCaller) {
  TelemetryBus bus;
  Source source;
  source.engine_id = "my-desk";
  const market::TradingCalendar calendar;
  market::InstrumentTable instruments;
  market::InstrumentInfo infy;
  infy.symbol = "INFY";
  instruments.add(infy);

  strategy::StrategyOptions options;
  options.strategies = {"above_average"};
  options.extra_strategies = {strategy::strategy_entry<AboveAverage>("above_average")};
  options.parameters = {{"above_average", {{"period", 3}}}};
  std::vector<strategy::OrderIntent> intents;
  strategy::StrategyEngineV2 engine(
      market::EnginePublisher(bus, source, false), calendar, instruments, options,
      [&](const strategy::OrderIntent& intent) { intents.push_back(intent); });

  Timestamp at = *parse_rfc3339("2025-11-18T10:00:00+05:30");
  engine.start(at);
  for (const double close : {100.0, 100.0, 100.0, 104.0}) {
    market::Candle candle;
    candle.symbol = "INFY";
    candle.start = at;
    candle.end = at += 1min;
    candle.open = candle.high = candle.low = candle.close = close;
    engine.advance_to(candle.end);
    engine.on_candle(candle);
  }
  engine.stop(at);

  ASSERT_EQ(intents.size(), 1U);
  EXPECT_EQ(intents[0].qty, 1923) << "200 000 / 104";
  bus.flush();
  const auto signals = bus.get_recent_events("signal_event");
  ASSERT_EQ(signals.size(), 1U);
  EXPECT_NE(signals[0].payload.find(R"("strategy_version":"7")"), std::string::npos);
  const auto health = bus.get_recent_events("engine_health");
  ASSERT_FALSE(health.empty());
  EXPECT_NE(health.back().payload.find(R"("status":"stopped")"), std::string::npos);
}

}  // namespace
