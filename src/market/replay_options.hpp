// What `replay:PATH?format=…&symbol=…&tz=…&columns=…` asks for, and the plan for one file of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "market/csv_row.hpp"
#include "tapedeck/market/feed.hpp"
#include "tapedeck/market/ist_time.hpp"
#include "tapedeck/market/timeframe.hpp"

namespace tapedeck::market {

enum class ReplayFormat { csv, kite_candles };

struct ReplayOptions {
  std::filesystem::path path;
  ReplayFormat format = ReplayFormat::csv;
  std::string symbol;    ///< when the file has none
  std::string exchange;  ///< when the row names none; empty: by the symbol
  std::chrono::nanoseconds zone = kIstOffset;
  std::vector<Column> columns;         ///< empty: the header names them
  std::optional<Timeframe> timeframe;  ///< of candles; else from the file name, else from the steps
  /// What the symbols are, where it is known; the others are guessed from their names.
  std::shared_ptr<const InstrumentTable> instruments;
  std::function<void(const BadRow&)> on_bad_row;  ///< told of the first FeedStats::kKeptBadRows
};

/// @param text what follows `replay:`
/// @throws std::invalid_argument for an option or value that is not known, or a path that is
/// missing.
ReplayOptions parse_replay_options(std::string_view text);

/// The files to read, sorted by name.
/// @throws std::invalid_argument when there is none.
std::vector<std::filesystem::path> replay_files(const ReplayOptions& options);

/// `INFY_5m.json` → INFY; a name without a timeframe is the symbol as it stands.
std::string symbol_in_name(const std::filesystem::path& path);
/// `INFY_5m.json`, `X_60minute_400d.csv.gz` → 5m, 60m.
std::optional<Timeframe> timeframe_in_name(const std::filesystem::path& path);

}  // namespace tapedeck::market
