// `tapedeck check-config FILE`: whether `serve` or `run` would take the file, without starting
// anything. What is wrong with it is one sentence, with file and line, on standard error.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace tapedeck::app {

struct CheckConfigOptions {
  std::string file;
  std::string command = "serve";  ///< which the file is for: serve or run
};
void add_check_config_options(CLI::App& command, CheckConfigOptions& options);

/// @param read reads the file as the command would; throws with a sentence what is wrong
/// @return 0 fine, 1 not
int run_check_config(const CheckConfigOptions& options, const std::function<void()>& read);

}  // namespace tapedeck::app
