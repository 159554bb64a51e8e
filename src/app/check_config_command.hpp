// `tapedeck check-config FILE`: whether `serve` or `run` would take the file, without starting
// anything. What is wrong with it is a sentence a line, with file and line, on standard error: the
// first mistake among the options; when they are in order, all there are among the alerts.
#pragma once

#include <functional>
#include <string>

#include "app/alert_options.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

struct CheckConfigOptions {
  std::string file;
  std::string command = "serve";  ///< which the file is for: serve or run
};
void add_check_config_options(CLI::App& command, CheckConfigOptions& options);

/// @param read reads the file's options as the command would and says what they are about alerts;
/// throws with a sentence what is wrong
/// @return 0 fine, 1 not
int run_check_config(const CheckConfigOptions& options,
                     const std::function<AlertArguments()>& read);

}  // namespace tapedeck::app
