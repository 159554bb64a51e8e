#include "app/reload.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>
#include <string_view>

namespace tapedeck::app {
namespace {

/// Options that take effect without a restart. Files that they name (the log, a certificate) are
/// opened again even if the names stay.
constexpr std::array<std::string_view, 20> kReloadable = {"access-log",
                                                          "alert-allow-address",
                                                          "alert-rules",
                                                          "allowed-host",
                                                          "allowed-origin",
                                                          "coalesce-ms",
                                                          "drain-delay-ms",
                                                          "drain-ms",
                                                          "heartbeat",
                                                          "log-file",
                                                          "log-format",
                                                          "log-level",
                                                          "max-body-bytes",
                                                          "max-connections",
                                                          "max-connections-per-address",
                                                          "max-header-bytes",
                                                          "publish-bytes-per-second",
                                                          "publish-events-per-second",
                                                          "requests-per-second",
                                                          "requests-per-second-per-address"};

bool is_reloadable(std::string_view option) {
  return std::find(kReloadable.begin(), kReloadable.end(), option) != kReloadable.end();
}

struct Differences {
  std::string taken_over;
  std::string need_restart;
};

void append(std::string& list, std::string_view name) {
  if (!list.empty()) list += ", ";
  list += name;
}

Differences differences(const ServeOptions::Given& before, const ServeOptions::Given& after) {
  Differences found;
  for (const auto& [name, value] : after) {
    const auto former = before.find(name);
    if (former != before.end() && former->second == value) continue;
    append(is_reloadable(name) ? found.taken_over : found.need_restart, name);
  }
  return found;
}

void take_over(ServeOptions& options, const ServeOptions& read, DiagnosticLog& log, Server& server,
               alert::AlertService& alerts) {
  const auto log_change = log.prepare(read.log);
  if (const auto problem = server.reload(read.server)) throw std::runtime_error(problem->message);
  if (const auto problem = alerts.reload(read.alerts.rules, read.alerts.delivery)) {
    throw std::runtime_error(problem->message);
  }
  log.apply(*log_change);
  const Differences found = differences(options.given, read.given);
  for (const auto& [name, value] : read.given) {
    if (is_reloadable(name)) options.given[name] = value;
  }
  spdlog::info("configuration read again: log level {}; changed: {}", read.log.level,
               found.taken_over.empty() ? "nothing" : found.taken_over);
  if (!found.need_restart.empty()) {
    spdlog::warn("changed in the configuration, but in force only after a restart: {}",
                 found.need_restart);
  }
}

}  // namespace

void reload(ServeOptions& options, DiagnosticLog& log, Server& server,
            alert::AlertService& alerts) {
  try {
    take_over(options, options.read_again(), log, server, alerts);
  } catch (const std::exception& error) {
    spdlog::error("the configuration stays as it was: {}", error.what());
  }
}

}  // namespace tapedeck::app
