// A user who takes the four engines and no server: ticks in, events out.
#include <tapedeck/bus.hpp>
#include <tapedeck/execution/execution_engine.hpp>
#include <tapedeck/execution/paper_broker.hpp>
#include <tapedeck/market/market_data_engine.hpp>
#include <tapedeck/strategy/strategy_engine.hpp>
#include <tapedeck/universe/universe_builder.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>

using namespace tapedeck;

int main() {
  TelemetryBus bus;
  const auto publisher = [&bus](const char* engine_id) {
    return market::EnginePublisher(bus, {.engine_id = engine_id, .mode = "paper"}, false);
  };
  const market::TradingCalendar calendar;
  market::InstrumentTable instruments;
  instruments.add(market::infer_instrument("INFY", market::make_date(2025, 11, 18)));

  strategy::StrategyEngineV2* strategies = nullptr;
  execution::ExecutionEngine orders(
      publisher("desk-execution"), calendar, instruments,
      std::make_unique<execution::PaperBroker>(calendar, execution::PaperBrokerOptions{}), {},
      [&](const strategy::OrderNews& news) { strategies->on_order_news(news); });
  strategy::StrategyEngineV2 strategy_engine(
      publisher("desk-strategy"), calendar, instruments, {},
      [&](const strategy::OrderIntent& intent) { orders.submit(intent, intent.decided_at); });
  strategies = &strategy_engine;
  strategy_engine.set_pnl_source(&orders);
  strategy_engine.set_risk_gate(&orders);
  market::MarketDataOptions options;
  options.timeframes = {*market::Timeframe::parse("1m")};
  market::MarketDataEngine data(
      publisher("desk-mde"), calendar, instruments, options,
      [&](const market::Candle& candle) { strategy_engine.on_candle(candle); });
  universe::UniverseBuilder universe(publisher("desk-universe"), calendar, instruments);

  const Timestamp open =
      market::ist_moment(market::make_date(2025, 11, 18), std::chrono::minutes(9 * 60 + 15));
  const std::initializer_list<market::Engine*> engines{&data, &strategy_engine, &orders, &universe};
  for (market::Engine* engine : engines) engine->start(open);
  for (int second = 0; second < 5 * 3600; ++second) {
    const Timestamp now = open + std::chrono::seconds(second);
    for (market::Engine* engine : engines) engine->advance_to(now);
    const double wave = 20 * std::sin(second / 900.0) + 4 * std::sin(second / 61.0);
    const double price = std::round((1500 + wave) * 20) / 20;
    market::Tick tick{now, "INFY", price, 10};
    if (data.on_tick(tick)) orders.on_price({now, "INFY", price, 10});
  }
  for (market::Engine* engine : engines) engine->stop_telemetry();
  for (market::Engine* engine : engines) engine->stop(open + std::chrono::hours(5));
  std::printf("%llu orders, %zu candles of 1m\n",
              static_cast<unsigned long long>(orders.counts().orders),
              data.get_window("NSE", "INFY", options.timeframes[0], 500).size());
  return orders.counts().orders > 0 && bus.get_stats().dropped_total == 0 ? 0 : 1;
}
