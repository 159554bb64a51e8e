// Server: the HTTP side of a bus: REST, SSE, the page. Start it in any process that has a bus.
//
// Thread contract: start, reload and stop from one thread; port, totals and hurry from any.
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
  /// @param hooks without options.auth: who a caller is; and the alerts.
  /// @throws std::invalid_argument for options that cannot be: credentials or certificates that
  /// cannot be read, a level of compression beyond 9.
  Server(TelemetryBus& bus, ServerOptions options, const History* history = nullptr,
         StoreHooks store = {}, ServerHooks hooks = {});
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What is wrong with options without asking the system; nothing: they may do.
  static std::optional<Error> problem(const ServerOptions& options);

  /// Binds and serves. @throws std::system_error when the address cannot be had,
  /// std::invalid_argument for one that others reach while nobody is asked who he is.
  void start();
  /// Streams get `shutdown`, one after the other, answers under way finish, then everything is
  /// closed. Takes at most drain_delay, unless announce_stop() has waited for it, drain_timeout
  /// and a little.
  void stop();
  /// /readyz says from now on that the server is going; all else goes on. Returns after
  /// drain_delay.
  void announce_stop();
  /// A stop() or announce_stop() under way takes no more time. From any thread.
  void hurry();

  /// Takes over what can be changed while it runs: allowed hosts and origins, limits and timeouts
  /// of connections and requests, heartbeat and coalescing of streams that begin from now on, drain
  /// times, the access log; and reads keys and certificates again. From the thread that starts and
  /// stops.
  /// @return why everything stays as it was
  std::optional<Error> reload(const ServerOptions& options);

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
