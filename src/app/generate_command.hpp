// `tapedeck generate man|completion`: what the package installs beside the program, made by the
// program of its own command line. Hidden from --help: it is for builders, not for users.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace tapedeck::app {

struct GenerateOptions {
  std::string page;   ///< tapedeck or tapedeck.toml
  std::string shell;  ///< bash, zsh or fish
};

/// Adds the command. @return it.
CLI::App* add_generate_command(CLI::App& app, GenerateOptions& options);

/// The text that was asked for. The date in a page is SOURCE_DATE_EPOCH's, else today's.
/// @throws std::invalid_argument when that is no number.
std::string generate(const CLI::App& app, const GenerateOptions& options);

}  // namespace tapedeck::app
