// When open candles are due to close, soonest first; at one moment by symbol, then by timeframe.
// An entry may have become void (its candle was closed early): whoever takes it checks. One thread;
// the next moment is at hand, adding and taking cost O(log n).
#pragma once

#include <cstdint>
#include <queue>
#include <tuple>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

class CloseSchedule {
 public:
  struct Entry {
    Timestamp due{};
    std::uint32_t symbol = 0;
    std::uint32_t builder = 0;
  };

  void add(const Entry& entry) { entries_.push(entry); }
  bool empty() const noexcept { return entries_.empty(); }
  const Entry& next() const { return entries_.top(); }
  Timestamp next_due() const noexcept {
    return entries_.empty() ? Timestamp::max() : entries_.top().due;
  }
  void pop() { entries_.pop(); }

 private:
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const noexcept {
      return std::tie(a.due, a.symbol, a.builder) > std::tie(b.due, b.symbol, b.builder);
    }
  };
  std::priority_queue<Entry, std::vector<Entry>, Later> entries_;
};

}  // namespace tapedeck::market
