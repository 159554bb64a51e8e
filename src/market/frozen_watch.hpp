// Notices a symbol whose candles have stopped moving: flat, without volume, at one price, one
// right after the other. One symbol, one thread; a few compares a candle.
#pragma once

#include <chrono>

#include "market/candle_builder.hpp"

namespace tapedeck::market {

class FrozenWatch {
 public:
  /// @param after how long such a run must be; 0: never frozen
  /// @return whether the answer of is_frozen() has changed
  bool add(const Bar& bar, std::chrono::nanoseconds after) noexcept {
    const bool still = bar.volume == 0 && bar.high == bar.low;
    const bool goes_on = still && bar.start == last_end_ && bar.close == price_;
    if (!goes_on) since_ = bar.start;
    price_ = bar.close;
    last_end_ = bar.end;
    const bool was = frozen_;
    frozen_ = still && after.count() > 0 && bar.end - since_ >= after;
    return frozen_ != was;
  }
  bool is_frozen() const noexcept { return frozen_; }
  /// The start of the run.
  Timestamp since() const noexcept { return since_; }

 private:
  double price_ = 0;
  Timestamp last_end_{};
  Timestamp since_{};
  bool frozen_ = false;
};

}  // namespace tapedeck::market
