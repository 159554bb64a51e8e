// One refresh from beginning to end: read the dump, judge it against the last good universe, build
// the new one, find the difference, keep it. No state of its own, so that it can run on any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tapedeck/universe/universe_builder.hpp"
#include "universe/dump_file.hpp"
#include "universe/universe_difference.hpp"

namespace tapedeck::universe {

/// @throws std::invalid_argument when one makes no sense
UniverseOptions checked(UniverseOptions options);

struct LoadRequest {
  market::IstDate as_of{};
  std::shared_ptr<const Universe> before;  ///< the last good one; null: none
  /// False: the dump of `before` as of another date.
  bool read_file = true;
  bool keep_state = true;  ///< writes UniverseOptions::state_file when something changed
};

struct LoadResult {
  market::IstDate as_of{};
  std::shared_ptr<const Universe> universe;  ///< null when refused
  Difference difference;                     ///< its pointers live as long as `universe`
  DumpReport report;
  std::optional<FileVersion> version;  ///< of the file that was read
  std::string problem;                 ///< why it was refused
  std::string state_problem;           ///< why the universe could not be kept
};

/// Never throws: whatever goes wrong is in the result.
LoadResult load_universe(const UniverseOptions& options, const LoadRequest& request) noexcept;

/// The universe that was kept, as it was then.
/// @param as_of picks the lists of the filter
/// @return null when there is none; `problem` says why a file that is there could not be used
std::shared_ptr<const Universe> load_kept_universe(const UniverseOptions& options,
                                                   market::IstDate as_of,
                                                   std::string& problem) noexcept;

/// Why a dump may not follow the one before; empty when it may.
std::string shrink_problem(const InstrumentDump& before, const InstrumentDump& now,
                           market::IstDate as_of, double max_share, std::size_t slack);

}  // namespace tapedeck::universe
