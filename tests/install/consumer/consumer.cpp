// An engine's author who has installed Tapedeck and turned on every warning.
#include <tapedeck/bus.hpp>

#include <cstdio>

int main() {
  tapedeck::TelemetryBus bus;
  const auto source = bus.register_source({.engine_id = "consumer", .mode = "paper"});
  bus.publish(
      tapedeck::SignalEvent{
          .symbol = "NIFTY", .strategy_name = "momentum", .signal = "BUY", .confidence = 0.85},
      tapedeck::kNow, source);
  bus.publish(tapedeck::GenericEvent{"my_event", {{"answer", 42}}});
  for (const tapedeck::Event& event : bus.get_recent_events()) std::puts(event.json.c_str());
  return bus.get_stats().total_events == 2 ? 0 : 1;
}
