// Builds the candles of one symbol and one timeframe, aligned to the start of the session (09:15).
// Single-threaded. A tick costs a few compares, no allocation.
#pragma once

#include <optional>
#include <string_view>

#include "tapedeck/market/calendar.hpp"
#include "tapedeck/market/tick.hpp"

namespace tapedeck::market {

class CandleBuilder {
 public:
  explicit CandleBuilder(Timeframe timeframe) noexcept : timeframe_(timeframe) {}

  Timeframe timeframe() const noexcept { return timeframe_; }
  bool is_open() const noexcept { return open_; }
  /// When the open candle ends; Timestamp::max() when none is open.
  Timestamp end() const noexcept { return open_ ? candle_.end : Timestamp::max(); }
  /// Anything before this is too late: the start of the open candle, else the end of the last one.
  Timestamp floor() const noexcept { return open_ ? candle_.start : last_end_; }

  /// Adds a trade at or after floor(). An older trade of the open candle widens it and adds its
  /// volume, but does not become its close.
  /// @param session the continuous session `at` lies in
  void add(Timestamp at, double price, std::int64_t quantity, const PhaseSpan& session);
  /// Adds a finished candle of a shorter timeframe.
  void add(const Candle& part, const PhaseSpan& session);
  /// Closes the open candle and returns it with the symbol filled in.
  Candle close(std::string_view symbol);

 private:
  void begin(Timestamp at, double price, const PhaseSpan& session);

  Timeframe timeframe_;
  bool open_ = false;
  Candle candle_;
  Timestamp newest_{};
  Timestamp last_end_{};
};

/// The start of the candle `at` falls in.
Timestamp candle_start(Timestamp at, Timeframe timeframe, const PhaseSpan& session) noexcept;

}  // namespace tapedeck::market
