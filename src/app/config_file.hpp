// The configuration file: TOML whose keys are the names of a command's long options, with _ or -,
// at the top or in a table named like the command; parameters of strategies are in tables
// `[strategies.NAME]`; alerts are in `[alerts]` (alert_options.hpp). Flags win over variables,
// variables over the file.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace tapedeck::app {

/// Gives the command's options that were set neither by flag nor by variable their value from the
/// file. Call after parsing. @throws std::runtime_error with file, line and what to do.
void apply_config_file(const std::string& path, CLI::App& command);

}  // namespace tapedeck::app
