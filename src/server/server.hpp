// Server: the HTTP side of a bus: REST, SSE, the page. Start it in any process that has a bus.
//
// Thread contract: start and stop from one thread; port and totals from any.
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

  /// Binds and serves. @throws std::system_error when the address cannot be had.
  void start();
  /// Streams get `shutdown`, answers under way finish, then everything is closed. Takes at most
  /// drain_timeout and a little.
  void stop();

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
