// An engine whose events go to a server that is not there: they wait in memory, and it says so.
#include <tapedeck/remote.hpp>

#include <chrono>
#include <cstdio>

int main() {
  tapedeck::TelemetryBus bus;
  tapedeck::RemoteOptions options;
  options.url = "http://127.0.0.1:1";
  options.spool_bytes = 0;
  tapedeck::RemotePublisher remote(bus, options);
  bus.publish(tapedeck::GenericEvent{"my_event", {{"answer", 42}}});
  const bool sent = remote.flush(std::chrono::milliseconds(200));
  const tapedeck::RemoteStats stats = remote.stats();
  std::puts(stats.last_error.c_str());
  return !sent && stats.queued == 1 ? 0 : 1;
}
