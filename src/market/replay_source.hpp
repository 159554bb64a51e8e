// One file of a replay: its rows as they stand, good ones only. Bad rows are counted, the first
// ones kept with file and line. Used by ReplayFeed; one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "market/replay_options.hpp"
#include "tapedeck/market/feed.hpp"

namespace tapedeck::market {

/// Keeps one copy of each name, at an address that stays.
class SymbolPool {
 public:
  std::string_view intern(std::string_view symbol) { return keep(symbol, last_); }
  std::string_view intern_exchange(std::string_view name) { return keep(name, last_exchange_); }

 private:
  std::string_view keep(std::string_view name, std::string_view& last) {
    if (name == last && last.data() != nullptr) return last;
    const auto at = names_.find(name);
    last = at != names_.end() ? *at : *names_.emplace(name).first;
    return last;
  }

  std::set<std::string, std::less<>> names_;
  std::string_view last_;
  std::string_view last_exchange_;
};

/// A usable row: a tick, or a candle when `timeframe` is set.
struct ReplayRow {
  std::string_view symbol;  ///< interned
  std::optional<Timeframe> timeframe;
  Timestamp at{};  ///< of the tick; start of the candle
  double price = 0;
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;
  std::string_view exchange;  ///< interned; empty: by the symbol
  double bid = 0;
  double ask = 0;
};

class ReplaySource {
 public:
  virtual ~ReplaySource() = default;
  /// @return end at the end of the file, failed when it broke (see error())
  virtual FeedState next(ReplayRow& row) = 0;
  virtual const std::string& error() const = 0;
};

/// What is known about a file before it is replayed.
struct ReplayFile {
  std::filesystem::path path;
  Timestamp first{};                   ///< of its first good row
  std::string_view first_symbol;       ///< interned
  std::string_view first_exchange;     ///< interned; empty: by the symbol
  std::optional<Timeframe> timeframe;  ///< set when it holds candles
};

/// Looks at the beginning of a file.
/// @throws std::invalid_argument when it cannot be replayed: no good row, no symbol, no columns, an
///   unknown timeframe. The message says what to do.
ReplayFile look_into(const std::filesystem::path& path, const ReplayOptions& options,
                     SymbolPool& symbols);

/// @throws std::runtime_error when the file cannot be read.
std::unique_ptr<ReplaySource> open_source(const ReplayFile& file, const ReplayOptions& options,
                                          SymbolPool& symbols, FeedStats& stats);

}  // namespace tapedeck::market
