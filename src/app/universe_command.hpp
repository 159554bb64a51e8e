// `tapedeck universe refresh`: reads an instrument dump from a file or an address, judges it
// against the one kept so far, keeps it in its place and prints what changed. A running `tapedeck
// run
// --instruments FILE` notices the new file by itself. Returns the process's exit code; errors are
// one sentence on standard error.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "tapedeck/universe/universe.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

struct UniverseRefreshOptions {
  std::string dump;  ///< a file, plain or gzip; or
  std::string url;   ///< an address: https, or http on this machine
  std::string out;   ///< where the good dump is kept; empty: default_instruments_file()
  std::string date;  ///< YYYY-MM-DD; what expired before is not listed; empty: today in India
  universe::UniverseFilter filter;  ///< of what is printed; everything is kept
  universe::DumpLimits limits;
  double max_shrink_share = 0.2;  ///< an exchange that loses more is refused
  std::size_t shrink_slack = 20;  ///< losing so many is never refused
  std::size_t listed_changes = 20;
  long timeout_s = 120;  ///< of the download
  bool json = false;
};

void add_universe_options(CLI::App& command, UniverseRefreshOptions& options);

/// @return 0 when the dump is good and kept, 1 when not: the file kept before is as it was then
/// @throws std::invalid_argument for wrong usage
int run_universe_refresh(const UniverseRefreshOptions& options);

/// $XDG_DATA_HOME/tapedeck/instruments.csv.gz, or in ~/.local/share.
std::filesystem::path default_instruments_file();

}  // namespace tapedeck::app
