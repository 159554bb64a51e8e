// What SIGHUP does: reads the configuration again and takes over what can be changed while the
// process runs. All or nothing. Main thread.
#pragma once

#include "app/serve_command.hpp"
#include "server/diagnostics.hpp"
#include "server/server.hpp"

namespace tapedeck::app {

/// @param options what is in force; its `given` follows what was taken over
/// Says in the log what changed, what differs but needs a restart, or why nothing changed.
void reload(ServeOptions& options, DiagnosticLog& log, Server& server, alert::AlertService& alerts);

}  // namespace tapedeck::app
