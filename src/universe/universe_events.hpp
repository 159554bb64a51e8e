// How the universe is told: the payloads of its events (contract §1, §10). Pure functions.
#pragma once

#include "tapedeck/events.hpp"
#include "universe/strike_watch.hpp"
#include "universe/universe_difference.hpp"

namespace tapedeck::universe {

/// @param report of the dump; null: there is no dump
UniverseScan scan_event(const std::string& exchange, const ExchangeScan& scan, market::IstDate date,
                        const DumpReport* report);
/// Of all exchanges together.
UniverseSummary summary_event(const Scans& scans, market::IstDate date, const DumpReport* report);
/// Of a window of strikes that has changed.
UniverseSummary strikes_event(const StrikeQuery& query, const StrikeWindow& window,
                              const WindowChange& change);

}  // namespace tapedeck::universe
