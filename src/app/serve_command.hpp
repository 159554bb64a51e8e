// `tapedeck serve` and `tapedeck run`: the server, with or without the four engines, until a signal
// or the end of the feed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_service.hpp"
#include "desk/engine_runner.hpp"
#include "server/diagnostics.hpp"
#include "server/options.hpp"
#include "store/store.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::app {

struct ServeOptions {
  BusOptions bus;
  ServerOptions server;
  std::optional<store::StoreOptions> store;  // none: events are kept in memory only
  alert::AlertOptions alerts;
  std::filesystem::path audit_log;  // used when server.auth is there
  DiagnosticLog::Options log;
  std::optional<desk::EngineRunOptions> engines;  // run
  bool exit_at_end = false;
  /// What each option is set to by flag, variable and file, to tell what a reload changes.
  using Given = std::map<std::string, std::vector<std::string>>;
  Given given;
  /// Called on SIGHUP: makes the options anew from the same arguments, the variables and what the
  /// file says now. Throws with a sentence what is wrong.
  std::function<ServeOptions()> read_again;
};

/// @return the process's exit code.
int run_serve(ServeOptions options);

}  // namespace tapedeck::app
