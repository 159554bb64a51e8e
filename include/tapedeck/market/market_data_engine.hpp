// MarketDataEngine: ticks become candles, candles become longer candles, and whatever is wrong with
// the data is counted and told: gaps, late or absurd ticks, silent symbols, symbols nobody knows.
//
// Publishes candle_event at a candle's end, session_event at phase changes, feed_gap,
// mde_lookup_failure (once per symbol), mde_stale_symbols (when the set changes), mde_status
// (frozen data, data of a day without a session, a damaged cache file) and engine_health every 3 s
// of engine time. docs/engines.md has the rules.
//
// One engine thread for everything here. A tick costs well under 100 ns, whatever the number of
// timeframes and symbols; writing the cache file happens on a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/feed.hpp"
#include "tapedeck/market/instrument.hpp"

namespace tapedeck::market {

/// Which ticks equal to the one before (same time, price and quantity) are dropped. Two trades of
/// one moment, price and size are legal, so only a repeat that carries no volume is surely one.
enum class RepeatRule { keep_all, drop_without_volume, drop_all };

struct MarketDataOptions {
  std::vector<Timeframe> timeframes;  ///< ascending, each once, not empty
  std::chrono::nanoseconds gap_threshold = std::chrono::seconds{60};
  std::chrono::nanoseconds stale_after = std::chrono::minutes{60};  ///< of trading time
  std::chrono::nanoseconds health_every = std::chrono::seconds{3};
  /// An event's payload has room for these.
  static constexpr std::size_t kMaxHealthSymbols = 200;
  /// How many instruments health has figures of, the longest silent ones if there are more; up to
  /// kMaxHealthSymbols.
  std::size_t health_symbols = 50;
  bool has_kite_client = false;

  double max_price = 1e9;                       ///< above it a price is absurd
  std::int64_t max_quantity = 100'000'000'000;  ///< of one tick; above it is absurd
  /// A price further than this from the last accepted one (up by this much, or down by the same
  /// factor) is held back until `jump_confirmations` ticks in a row agree on it; 0: no such rule.
  double max_jump_pct = 25;
  double option_max_jump_pct = 900;  ///< the same for options
  int jump_confirmations = 3;        ///< 1 to 100
  RepeatRule repeats = RepeatRule::drop_without_volume;
  /// Candles without volume or movement for this long in a row are told as frozen; 0: never.
  std::chrono::nanoseconds frozen_after = std::chrono::minutes{10};
  std::size_t max_lookup_failures = 10'000;  ///< how many unknown symbols are told

  std::size_t cached_candles = 500;  ///< kept in memory of each symbol and timeframe
  std::filesystem::path cache_file;  ///< SQLite; empty: nothing survives the engine
};

struct MarketDataCounts {
  std::uint64_t ticks = 0;  ///< ticks and candles handed in
  std::uint64_t candles = 0;
  std::uint64_t late_ticks = 0;
  std::uint64_t bad_ticks = 0;  ///< zero, absurd and mixed ones, and the feed's bad rows
  std::uint64_t out_of_session_ticks = 0;
  std::uint64_t gaps = 0;
  std::uint64_t lookup_failures = 0;  ///< symbols
  std::uint64_t zero_ticks = 0;       ///< zero, negative or not finite
  std::uint64_t absurd_ticks = 0;     ///< beyond a limit; held back for a jump included
  std::uint64_t confirmed_jumps = 0;  ///< jumps that turned out real: held ticks were used
  std::uint64_t mixed_ticks = 0;      ///< a tick of a symbol fed with candles, or the reverse
  std::uint64_t repeated_ticks = 0;
  std::uint64_t out_of_order_ticks = 0;  ///< used, but older than one before
  std::uint64_t crossed_ticks = 0;       ///< bid above ask: the trade counts, the quote does not
  std::uint64_t unknown_ticks = 0;       ///< of symbols that are not in the table
  std::uint64_t volume_falls = 0;        ///< the feed's included
  std::uint64_t frozen_symbols = 0;      ///< now
  std::uint64_t dropped_ticks = 0;       ///< the feed had to drop: they came too fast
};

/// A candle and whether it is over.
struct LatestCandle {
  Candle candle;
  bool closed = false;
};

/// Which cached candles: those that start in [from, to), of any exchange, symbol or timeframe that
/// is not named.
struct CandleQuery {
  Timestamp from{};
  Timestamp to = Timestamp::max();
  std::string_view exchange{};
  std::string_view symbol{};
  std::optional<Timeframe> timeframe{};
  PriceBasis basis = PriceBasis::raw;
};

class MarketDataEngine final : public Engine {
 public:
  static constexpr std::string_view kName = "MarketDataEngine";
  using CandleSink = std::function<void(const Candle&)>;

  /// @param instruments read at every new symbol and session; must outlive the engine, as must
  ///   `calendar`
  /// @param sink gets each closed candle, after its candle_event, at engine time candle.end
  /// @throws std::invalid_argument for options that make no sense, std::runtime_error for a cache
  ///   file that cannot be used (a damaged one is set aside and told instead)
  MarketDataEngine(EnginePublisher publisher, const TradingCalendar& calendar,
                   const InstrumentTable& instruments, MarketDataOptions options, CandleSink sink);
  ~MarketDataEngine() override;

  // Where an exchange is asked for, an empty one means: InstrumentTable::find decides.

  /// Says that this symbol is wanted; unknown ones are told as mde_lookup_failure.
  /// @return whether the instrument table has it
  bool watch(std::string_view exchange, std::string_view symbol);
  /// @return whether the tick is the newest price of its symbol in a session: what may be traded on
  bool on_tick(const Tick& tick);
  /// What the last tick that on_tick() returned true for had traded: its quantity, or the rise of
  /// its day_volume.
  std::int64_t last_quantity() const noexcept;
  /// @return whether the moment lies in a continuous session of the symbol
  bool in_session(std::string_view exchange, std::string_view symbol, Timestamp at);
  /// Whether on_candle() would take it.
  bool is_current(const Candle& candle);
  /// A finished candle of the feed: passed on as it is and added to the longer timeframes.
  /// @return false when it was bad, late or out of session
  bool on_candle(const Candle& candle);
  /// What the feed had to skip or mend so far; its bad rows count as bad ticks.
  void set_feed_stats(const FeedStats& stats) noexcept;
  MarketDataCounts counts() const noexcept;

  // --- candle cache: closed candles of the engine's past, never of its future ---

  /// The newest `n` closed candles, oldest first; fewer when there are not so many in memory.
  std::vector<Candle> get_window(std::string_view exchange, std::string_view symbol,
                                 Timeframe timeframe, std::size_t n,
                                 PriceBasis basis = PriceBasis::raw) const;
  /// The candle being built, else the newest closed one.
  std::optional<LatestCandle> get_latest_candle(std::string_view exchange, std::string_view symbol,
                                                Timeframe timeframe) const;
  /// Adds a closed candle from elsewhere, or replaces the one with its start; publishes nothing.
  /// A longer candle that opens later takes in what was added of its earlier part.
  /// @return empty when it was taken, else why it was not
  std::string_view update(const Candle& candle);
  /// Calls `each` with cached candles in order of end, symbol, exchange, timeframe: from the cache
  /// file if there is one (waits for the disk), else from memory.
  /// @return how many
  /// @throws std::runtime_error when the file cannot be read
  std::size_t replay(const CandleQuery& query, const CandleSink& each);
  /// What the cache has of these timeframes that ended by `until`, in replay() order: for warming
  /// up strategies after a restart. May be called before start().
  std::vector<Candle> history(std::span<const Timeframe> timeframes, Timestamp until);

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::market
