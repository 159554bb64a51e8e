#include "app/check_config_command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

namespace tapedeck::app {

void add_check_config_options(CLI::App& command, CheckConfigOptions& options) {
  command.add_option("file", options.file, "the configuration, TOML")
      ->required()
      ->check(CLI::ExistingFile);
  command.add_option("--command", options.command, "what the file is for")
      ->check(CLI::IsMember({"serve", "run"}))
      ->capture_default_str();
}

int run_check_config(const CheckConfigOptions& options,
                     const std::function<AlertArguments()>& read) {
  AlertArguments arguments;
  try {
    arguments = read();
  } catch (const std::exception& error) {
    // What concerns one line names it; what several options make together names the options.
    const std::string problem = error.what();
    const bool has_file = problem.find(options.file) != std::string::npos;
    fmt::print(stderr, "tapedeck: {}{}\n", has_file ? "" : options.file + ": ", problem);
    return 1;
  }
  const CheckedAlerts alerts = check_alert_config(options.file, arguments);
  for (const std::string& problem : alerts.problems) fmt::print(stderr, "tapedeck: {}\n", problem);
  if (!alerts.problems.empty()) return 1;
  fmt::print("{} is fine for tapedeck {}: {} alert rules, {} targets\n", options.file,
             options.command, alerts.config.rules.size(), alerts.config.delivery.targets.size());
  return 0;
}

}  // namespace tapedeck::app
