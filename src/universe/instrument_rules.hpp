// From rows of a dump to instruments, and the filter over instruments. Pure functions, any thread.
#pragma once

#include <vector>

#include "tapedeck/universe/universe.hpp"

namespace tapedeck::universe {

/// The rows that are listed on the date, in their order.
std::vector<market::InstrumentInfo> make_instruments(const InstrumentDump& dump,
                                                     market::IstDate as_of,
                                                     const UniverseRules& rules);

/// Takes out what the filter does not keep. Expiry ranks count what is listed before.
/// @throws std::invalid_argument when the filter names a list that is not in `rules`
void apply_filter(std::vector<market::InstrumentInfo>& instruments, const UniverseRules& rules);

}  // namespace tapedeck::universe
