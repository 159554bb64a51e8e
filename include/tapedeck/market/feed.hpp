// Where market data comes from. One interface for the simulator, replays and live tickers.
//
// A feed belongs to one run and is called by its engine thread only. next() may read files but
// never waits for the wall clock: pacing is the runner's business. A live feed says `pending` when
// it has nothing yet, and wakes the runner when something has come.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/instrument.hpp"
#include "tapedeck/market/tick.hpp"

namespace tapedeck::market {

enum class RecordKind {
  tick,
  candle,  ///< a whole candle, handed over at its end
  mark,    ///< a price that is known without a trade to count: the open of a candle
};

/// One thing that happened. `tick` is filled for ticks and marks, `candle` for candles.
struct FeedRecord {
  RecordKind kind = RecordKind::tick;
  Tick tick;
  Candle candle;
  Timestamp at() const noexcept { return kind == RecordKind::candle ? candle.end : tick.at; }
};

enum class FeedState {
  record,
  end,
  failed,
  pending,  ///< nothing yet; only a live feed says so
};

/// A row that could not be used.
struct BadRow {
  std::string file;
  std::uint64_t line = 0;
  std::string reason;
};

struct FeedStats {
  std::uint64_t records = 0;
  std::uint64_t bad_rows = 0;
  std::uint64_t dropped = 0;           ///< came faster than they were taken
  std::uint64_t volume_falls = 0;      ///< cumulative volume went down: counted as 0
  std::vector<BadRow> first_bad_rows;  ///< at most kKeptBadRows
  static constexpr std::size_t kKeptBadRows = 20;
};

class Feed {
 public:
  virtual ~Feed() = default;

  /// Fills `record` with what happens next.
  /// @return end when there is no more, failed when the source broke (see error()), pending when a
  ///   live feed has nothing yet.
  virtual FeedState next(FeedRecord& record) = 0;
  /// What went wrong, as a sentence; empty unless next() returned failed.
  virtual std::string error() const = 0;
  /// What can be watched; may grow or change between two calls of next().
  virtual const InstrumentTable& instruments() const = 0;
  /// Whether instruments() is the whole list, so that another symbol is a mistake.
  virtual bool knows_all_instruments() const = 0;
  /// Closed candles of the sessions before the first record, oldest first, for warm indicators.
  virtual std::vector<Candle> history(std::span<const Timeframe> timeframes) = 0;
  virtual const FeedStats& stats() const = 0;
  /// The `mode` label of what this feed drives: paper, replay.
  virtual std::string_view mode() const = 0;
  /// Whether records come as they happen, so that the wall clock is engine time.
  virtual bool is_live() const { return false; }
  /// Called once before the first next(). A live feed calls `wake`, from any thread, whenever there
  /// is something again after a `pending`.
  virtual void set_wake(std::function<void()> wake) { (void)wake; }
};

}  // namespace tapedeck::market
