#include "serve_calls.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "gil.hpp"
#include "process_bus.hpp"
#include "server/server.hpp"
#include "store/store.hpp"

namespace tapedeck::python {
namespace {

std::unique_ptr<Server> server;  // guarded by the GIL

store::Store* open_history(const std::optional<std::string>& folder) {
  store::Store* known = process_history();
  if (!folder) return known;
  const std::filesystem::path path = std::filesystem::absolute(*folder).lexically_normal();
  static std::filesystem::path opened;
  if (known != nullptr) {
    if (path == opened) return known;
    throw std::logic_error("this process keeps its history in " + opened.string() +
                           " already; it cannot keep another in " + path.string());
  }
  store::StoreOptions options;
  options.folder = path;
  options.log = [](std::string_view line) { spdlog::warn("{}", line); };
  store::Store& made = begin_history(std::make_unique<store::Store>(std::move(options)));
  opened = path;
  return &made;
}

unsigned short start_server(const std::string& host, unsigned short port,
                            const std::optional<std::string>& folder) {
  if (server) {
    throw std::logic_error("this process serves already, on port " +
                           std::to_string(server->port()));
  }
  ServerOptions options;
  options.listen_address = host;
  options.listen_port = port;
  store::Store* history = open_history(folder);
  auto made = std::make_unique<Server>(process_bus(), options, history,
                                       history != nullptr ? hooks_of(*history) : StoreHooks{});
  {
    const GilReleased released;
    made->start();
  }
  server = std::move(made);
  return server->port();
}

void stop_server() {
  const std::unique_ptr<Server> stopping = std::move(server);
  const GilReleased released;
  if (stopping) stopping->stop();
}

/// Writes what has been published, and marks the history as cleanly ended.
void end_history() {
  store::Store* history = process_history();
  const GilReleased released;
  if (history != nullptr) history->stop();
}

}  // namespace

void add_serve_calls(nb::module_& module) {
  module.def("start_server", &start_server);
  module.def("stop_server", &stop_server);
  module.def("end_history", &end_history);
  module.def("abandon_server_after_fork", [] { static_cast<void>(server.release()); });
}

}  // namespace tapedeck::python
