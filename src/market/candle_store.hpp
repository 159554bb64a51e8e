// Candles on disk: a SQLite file that a thread of the store writes, so that the engine thread never
// waits for the disk. A candle is one row however often it is put; the newest wins.
//
// put() and the getters from one thread; that thread pays a lock and a copy of 64 bytes. A damaged
// file is set aside and a new one begun. While the disk fails, up to `max_pending` candles wait.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "market/candle_builder.hpp"

namespace tapedeck::market {

/// Which candles belong together.
struct SeriesName {
  std::string exchange;
  std::string symbol;
  Timeframe timeframe;
  PriceBasis basis = PriceBasis::raw;

  auto operator<=>(const SeriesName&) const = default;
};

struct StoredBar {
  SeriesName series;
  Bar bar;
};

struct CandleStoreOptions {
  std::filesystem::path path;
  std::size_t load_per_series = 500;      ///< how many of the newest candles load() gives
  std::size_t keep_per_series = 100'000;  ///< in the file; older ones are deleted when it is opened
  std::size_t max_pending = 200'000;      ///< candles that wait for the disk
};

class CandleStore {
 public:
  /// @throws std::runtime_error when the file cannot be used: no permission, written by a newer
  ///   Tapedeck, or a database of something else. The sentence names the file.
  explicit CandleStore(CandleStoreOptions options);
  /// Writes what is still to be written.
  ~CandleStore();
  CandleStore(const CandleStore&) = delete;
  CandleStore& operator=(const CandleStore&) = delete;

  /// The newest candles that start before a moment, oldest first in each series. Only the first
  /// call reads; writing begins after it (or with flush(), read() and the end).
  /// @throws std::runtime_error
  std::vector<StoredBar> load(Timestamp before);
  /// What happened to a damaged file; empty when none was.
  const std::string& notice() const noexcept;
  /// A number for put(); the same name gets the same number.
  std::uint32_t series(const SeriesName& name);
  void put(std::uint32_t series, const Bar& bar);
  /// Waits until everything put so far is written or has failed to be.
  /// @return whether it is written
  bool flush();
  /// Why the last write failed; empty when it did not.
  std::string problem() const;
  /// Candles that were dropped because too many were waiting.
  std::uint64_t lost() const;
  /// Reads the file (after a flush) in order of end, symbol, exchange, timeframe.
  /// @param wanted exchange or symbol empty: any
  /// @throws std::runtime_error
  struct Range {
    Timestamp from{};  ///< of the start, inclusive
    Timestamp to{};    ///< of the start, exclusive
    std::string_view exchange{};
    std::string_view symbol{};
    std::optional<Timeframe> timeframe{};
    PriceBasis basis = PriceBasis::raw;
  };
  void read(const Range& range, const std::function<void(const StoredBar&)>& each);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::market
