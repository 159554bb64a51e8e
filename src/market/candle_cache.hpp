// The closed candles of an engine: the newest of each series in memory, all of them in a file when
// one is named. What a restarted engine warms its strategies with.
//
// One thread (the engine's). Adding a candle costs a copy of 64 bytes; read() with a file waits for
// the disk and is meant for set-up and analysis.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "market/candle_store.hpp"

namespace tapedeck::market {

class CandleCache {
 public:
  /// The candles of one series, by start. Its address stays valid; it costs nothing while empty.
  class Series {
   public:
    std::span<const Bar> bars() const noexcept { return std::span(bars_).subspan(first_); }
    /// Those that start at `start` or later.
    std::span<const Bar> from(Timestamp start) const {
      const auto all = bars();
      const auto at = std::lower_bound(all.begin(), all.end(), start, starts_before);
      return all.subspan(static_cast<std::size_t>(at - all.begin()));
    }

   private:
    friend class CandleCache;
    static bool starts_before(const Bar& bar, Timestamp t) noexcept { return bar.start < t; }

    std::vector<Bar> bars_;
    std::size_t first_ = 0;     // those before it are no longer kept
    std::uint32_t number_ = 0;  // in the store
  };

  /// @param file empty: memory only
  /// @throws std::runtime_error when the file cannot be used
  CandleCache(std::size_t per_series, const std::filesystem::path& file);

  /// Takes in what the file has from before a moment; once, later calls do nothing.
  void load(Timestamp before);
  Series& series(const SeriesName& name);
  const Series* find(const SeriesName& name) const;
  /// Adds a candle, or replaces the one with the same start.
  void put(Series& series, const Bar& bar);
  /// Calls `each` in order of end, symbol, exchange, timeframe.
  /// @return how many
  std::size_t read(const CandleStore::Range& range, const std::function<void(const Candle&)>& each);
  /// As read(), of what is in memory.
  std::size_t read_memory(const CandleStore::Range& range,
                          const std::function<void(const Candle&)>& each) const;

  /// How many candles the file gave.
  std::size_t loaded() const noexcept { return loaded_; }
  /// What has to be told once about the file; empty when nothing has.
  std::string notice() const { return store_ ? store_->notice() : std::string(); }
  /// Why candles are not reaching the file; empty when they are.
  std::string problem() const { return store_ ? store_->problem() : std::string(); }
  std::uint64_t lost() const { return store_ ? store_->lost() : 0; }
  void flush() {
    if (store_) store_->flush();
  }

 private:
  /// @return whether anything changed
  bool keep(Series& series, const Bar& bar) const;

  std::size_t per_series_;
  std::map<SeriesName, Series> all_;
  std::unique_ptr<CandleStore> store_;
  std::size_t loaded_ = 0;
};

}  // namespace tapedeck::market
