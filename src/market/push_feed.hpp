// The feed of a caller that has market data of its own: ticks and closed candles come from any
// thread and wait in a bounded queue for the engine thread. The wall clock is engine time.
//
// push() may be called from any thread and never waits for the engines: it holds a lock for as long
// as it takes to append one record. A full queue drops the newest record, which is counted
// (FeedStats::dropped). Everything else belongs to the engine thread. Memory: up to the limit of
// records waiting, and as many again being handed over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tapedeck/market/feed.hpp"

namespace tapedeck::market {

/// A tick of the caller's, which owns its names.
struct PushedTick {
  std::string symbol{};
  std::string exchange{};  ///< empty: InstrumentTable::find decides
  Timestamp at{};          ///< Timestamp{}: now
  double price = 0;
  std::int64_t quantity = 0;
  double bid = 0;
  double ask = 0;
  std::optional<std::int64_t> day_volume{};
};

inline constexpr std::size_t kUsualPushQueueLimit = 65'536;

struct PushOptions {
  std::size_t queue_limit = kUsualPushQueueLimit;  ///< records that may wait; at least 1
  std::size_t max_symbols = 20'000;  ///< records of further symbols are counted as bad rows
  /// What symbols are, where it is known; the others are guessed from their names.
  std::shared_ptr<const InstrumentTable> instruments{};
  /// Listed from the beginning, `INFY` or `NSE:INFY`; the others are with their first record.
  std::vector<std::string> symbols{};
};

class PushFeed final : public Feed {
 public:
  static constexpr std::size_t kLongestName = 64;
  /// How far ahead of the wall clock a moment may be: clocks differ.
  static constexpr std::chrono::nanoseconds kMostAhead = std::chrono::seconds{1};

  /// @param calendar must outlive the feed
  /// @throws std::invalid_argument when the limit is 0
  PushFeed(PushOptions options, const TradingCalendar& calendar);

  /// @return false when the queue was full: dropped and counted
  /// @throws std::invalid_argument for a name that is none, or a moment before 1990 or in the
  ///   future. Prices are judged by the engine, which counts bad ones.
  bool push(PushedTick tick);
  /// A closed candle. Its end is computed from start, timeframe and session.
  bool push(Candle candle);

  FeedState next(FeedRecord& record) override;
  std::string error() const override { return {}; }
  const InstrumentTable& instruments() const override { return instruments_; }
  bool knows_all_instruments() const override { return false; }
  std::vector<Candle> history(std::span<const Timeframe>) override { return {}; }
  const FeedStats& stats() const override { return stats_; }
  std::string_view mode() const override { return "paper"; }
  bool is_live() const override { return true; }
  void set_wake(std::function<void()> wake) override { wake_ = std::move(wake); }

 private:
  struct Pushed {
    RecordKind kind = RecordKind::tick;
    PushedTick tick;
    Candle candle;
  };

  bool enqueue(Pushed&& pushed);
  bool take_waiting();
  bool use(Pushed& pushed, FeedRecord& record);
  const InstrumentInfo* know(std::string_view exchange, std::string_view symbol, Timestamp at);
  void note_bad(std::string_view symbol, std::string reason);
  std::string_view keep(std::string_view name);

  const PushOptions options_;
  const TradingCalendar& calendar_;
  std::function<void()> wake_;

  std::mutex mutex_;  // guards what follows
  std::vector<Pushed> waiting_;
  std::uint64_t dropped_ = 0;

  // the engine thread's
  std::vector<Pushed> taken_;
  std::size_t at_ = 0;
  InstrumentTable instruments_;
  std::set<std::string, std::less<>> names_;  // ticks refer to these
  FeedStats stats_;
};

}  // namespace tapedeck::market
