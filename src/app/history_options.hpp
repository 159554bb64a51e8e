// The options of serve and run about the history: where it is kept, how long, how much may wait.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

struct HistoryArguments {
  store::StoreOptions store;
  bool memory = false;
  unsigned commit_ms = 200;
  std::string retention;
  std::uint64_t max_bytes = 0;
  std::vector<std::string> aggregate_fields;
};

/// Where the XDG base directory specification puts a user's data.
std::filesystem::path default_data_dir();

void add_history_options(CLI::App& command, HistoryArguments& arguments);

/// @return nothing with --memory
/// @throws std::invalid_argument with a sentence
std::optional<store::StoreOptions> history_options(const HistoryArguments& arguments);

}  // namespace tapedeck::app
