// Server: the HTTP side of a bus: REST, SSE, the page. Start it in any process that has a bus.
//
// Thread contract: start and stop from one thread; port and totals from any.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/liveness.hpp"
#include "server/metrics.hpp"
#include "server/options.hpp"
#include "server/server_hooks.hpp"
#include "server/store_hooks.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

class History;

class Server {
 public:
  /// @param history what is read behind the log; nullptr: nothing. Must outlive the server.
  /// @param hooks without options.auth: who a caller is. @throws std::invalid_argument for options
  /// that cannot be: credentials or certificates that cannot be read.
  Server(TelemetryBus& bus, ServerOptions options, const History* history = nullptr,
         StoreHooks store = {}, ServerHooks hooks = {});
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and serves. @throws std::system_error when the address cannot be had,
  /// std::invalid_argument for one that others reach while nobody is asked who he is.
  void start();
  /// Streams get `shutdown`, answers under way finish, then everything is closed. Takes at most
  /// drain_timeout and a little.
  void stop();

  /// Reads keys and certificates again, which otherwise happens when they are seen to have changed.
  /// @return why those from before stay in use
  std::optional<Error> reload_files();

  unsigned short port() const noexcept;
  ServerTotals totals() const;
  /// A heartbeat, about every second, of each I/O thread and of the bus's collector. Valid as long
  /// as the server.
  std::vector<Heartbeat> heartbeats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck
