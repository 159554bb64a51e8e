// The other process of a test. Lives until it is killed, or until its standard input ends.
//   remote_peer serve FOLDER PORT            a server with a history; prints its port
//   remote_peer send URL SPOOL FIRST COUNT   publishes {"n":FIRST} and so on; prints `spooled` when
//                                            none of it is in memory only, `sent` when all of it
//                                            is at the server
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "server/server.hpp"
#include "store/store.hpp"
#include "support/wait.hpp"
#include "tapedeck/remote.hpp"

namespace {

using namespace tapedeck;

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void wait_for_the_end() {
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}

int serve(const char* folder, const char* port) {
  store::StoreOptions store_options;
  store_options.folder = folder;
  store::Store history(store_options);
  BusOptions bus_options;
  history.complete(bus_options);
  TelemetryBus bus(bus_options);
  history.start(bus);
  ServerOptions options;
  options.listen_port = static_cast<unsigned short>(std::atoi(port));
  options.io_threads = 1;
  Server server(bus, options, &history, hooks_of(history));
  server.start();
  say(std::to_string(server.port()));
  wait_for_the_end();
  server.stop();
  history.stop();
  return 0;
}

int send(char** arguments) {
  RemoteOptions options;
  options.url = arguments[0];
  options.spool_folder = arguments[1];
  options.backoff_max = std::chrono::milliseconds(200);
  const long first = std::atol(arguments[2]), count = std::atol(arguments[3]);
  TelemetryBus bus;
  RemotePublisher remote(bus, options);
  for (long n = first; n < first + count; ++n) {
    while (!bus.publish(GenericEvent{"n", {{"n", n}}})) bus.flush();
  }
  bus.flush();
  tapedeck::testing::wait_until([&] { return remote.stats().queued == 0; });
  say(remote.stats().spooled == 0 ? "sent" : "spooled");
  wait_for_the_end();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "serve" && count == 4) return serve(arguments[2], arguments[3]);
  if (what == "send" && count == 6) return send(arguments + 2);
  return 2;
}
