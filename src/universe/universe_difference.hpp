// What an exchange has in a universe and what is new since the one before: the content of a
// universe_scan. One walk over both, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tapedeck/universe/universe.hpp"

namespace tapedeck::universe {

/// Symbols, at most as many as were asked for, and how many there are.
struct Names {
  std::vector<std::string> listed;
  std::uint64_t total = 0;
};

struct ExchangeScan {
  std::uint64_t size = 0;
  std::map<std::string, std::int64_t> counts;  ///< by instrument type
  Names added;
  Names removed;
  Names changed;  ///< still there with another token, tick or lot size
};

using Scans = std::map<std::string, ExchangeScan>;  ///< by exchange

struct Difference {
  Scans scans;
  /// What is in the new universe and was not, or not like this, in the one before.
  std::vector<const market::InstrumentInfo*> news;
};

/// @param before null: the first universe, nothing is new
/// @param max_listed names kept of each kind
Difference compare(const Universe* before, const Universe& now, std::size_t max_listed);

}  // namespace tapedeck::universe
