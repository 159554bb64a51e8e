// `tapedeck serve` and `tapedeck run`: the server, with or without the four engines, until a signal
// or the end of the feed.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "desk/engine_runner.hpp"
#include "server/options.hpp"
#include "store/store.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::app {

struct ServeOptions {
  BusOptions bus;
  ServerOptions server;
  std::optional<store::StoreOptions> store;  // none: events are kept in memory only
  std::string log_level = "info";
  std::optional<desk::EngineRunOptions> engines;  // run
  bool exit_at_end = false;
  /// Called on SIGHUP: reads the configuration again and returns the log level.
  std::function<std::string()> reload_log_level;
};

/// @return the process's exit code.
int run_serve(const ServeOptions& options);

}  // namespace tapedeck::app
