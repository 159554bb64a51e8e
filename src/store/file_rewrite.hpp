// Writes a file of events again without those that have aged. The new file covers the same numbers,
// so that readers meet no hole where events were taken out on purpose; series, segments and
// postings are made again, everything else (rollups, trades, settings) is copied.
//
// Free functions; one thread at a time per pair of files. About 2 us an event; memory: one segment.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/event_file.hpp"

namespace tapedeck::store {

/// Whether events of a type are left out.
using LeftOut = std::function<bool(std::string_view type)>;

/// Copies the events into an empty file.
/// @return how many are in it; nothing: `stop` became true, the new file is of no use
/// @throws SqliteError, HistoryError
std::optional<std::uint64_t> rewrite_events(const EventFile& from, EventFile& to,
                                            const LeftOut& left_out, std::size_t segment_events,
                                            const std::atomic<bool>& stop);

/// Copies every table that is not made of events, as it is.
/// @param settings_note is kept as the setting `retention` @throws SqliteError
void copy_derived_tables(const std::filesystem::path& from, const std::filesystem::path& to,
                         std::string_view settings_note);

}  // namespace tapedeck::store
