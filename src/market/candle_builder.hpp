// Builds the candles of one symbol and one timeframe, aligned to the start of the session (09:15).
// Single-threaded. A tick costs a few compares, no allocation.
#pragma once

#include <cstdint>
#include <string>

#include "tapedeck/market/calendar.hpp"
#include "tapedeck/market/tick.hpp"

namespace tapedeck::market {

/// A candle without its names, small enough to keep many.
struct Bar {
  Timestamp start{};
  Timestamp end{};
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;

  bool operator==(const Bar&) const = default;
  /// Adds a later part.
  void extend(const Bar& part) noexcept;
  Candle named(const std::string& exchange, const std::string& symbol, Timeframe timeframe,
               PriceBasis basis = PriceBasis::raw) const;
};
Bar bar_of(const Candle& candle) noexcept;

class CandleBuilder {
 public:
  explicit CandleBuilder(Timeframe timeframe) noexcept : timeframe_(timeframe) {}

  Timeframe timeframe() const noexcept { return timeframe_; }
  bool is_open() const noexcept { return open_; }
  /// When the open candle ends; Timestamp::max() when none is open.
  Timestamp end() const noexcept { return open_ ? bar_.end : Timestamp::max(); }
  /// Anything before this is too late: the start of the open candle, else the end of the last one.
  Timestamp floor() const noexcept { return open_ ? bar_.start : last_end_; }
  /// The open candle as it stands.
  const Bar& bar() const noexcept { return bar_; }

  /// Adds a trade at or after floor(). An older trade of the open candle widens it and adds its
  /// volume, but does not become its close.
  /// @param session what candles are aligned to: the continuous session `at` lies in, or the
  ///   trading day for 1d
  void add(Timestamp at, double price, std::int64_t quantity, const PhaseSpan& session) noexcept {
    if (!open_) begin(at, price, session);
    if (price > bar_.high) bar_.high = price;
    if (price < bar_.low) bar_.low = price;
    bar_.volume += quantity;
    if (at < newest_) return;
    newest_ = at;
    bar_.close = price;
  }
  /// Adds a finished candle of a shorter timeframe, not older than what was added before.
  void add(const Bar& part, const PhaseSpan& session) noexcept;
  /// Closes the open candle and returns it.
  Bar close() noexcept;

 private:
  void begin(Timestamp at, double price, const PhaseSpan& session) noexcept;

  Timeframe timeframe_;
  bool open_ = false;
  Bar bar_;
  Timestamp newest_{};
  Timestamp last_end_{};
};

/// The start of the candle `at` falls in.
Timestamp candle_start(Timestamp at, Timeframe timeframe, const PhaseSpan& session) noexcept;
/// The end of the candle that starts at `start`.
Timestamp candle_end(Timestamp start, Timeframe timeframe, const PhaseSpan& session) noexcept;

}  // namespace tapedeck::market
