// Server: the HTTP side of a bus: REST, SSE, the page. Start it in any process that has a bus.
//
// Thread contract: start, reload and stop from one thread; port, totals and hurry from any.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "server/metrics.hpp"
#include "server/options.hpp"
#include "server/store_hooks.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

class History;

class Server {
 public:
  /// @param history what is read behind the log; nullptr: nothing. Must outlive the server.
  /// @throws std::invalid_argument for options that cannot be (an address that is not loopback).
  Server(TelemetryBus& bus, ServerOptions options, const History* history = nullptr,
         StoreHooks store = {});
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// What is wrong with options without asking the system; nothing: they may do.
  static std::optional<Error> problem(const ServerOptions& options);

  /// Binds and serves. @throws std::system_error when the address cannot be had.
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
  /// times, the access log; and reads the certificate again. From the thread that starts and stops.
  /// @return why everything stays as it was
  std::optional<Error> reload(const ServerOptions& options);

  /// Reads the certificate again. @return why the one from before stays; nothing: the new one is
  /// shown to new connections, or there is no TLS.
  std::optional<Error> reload_tls();

  unsigned short port() const noexcept;
  ServerTotals totals() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck
