// TradeTracker: follows the log and folds what belongs to one decision into one TradeSummary.
//
// One thread (the store's, or a request's own). An event without a correlation_id, or of a type
// that is in no trade, costs a few ns; an order_event 1 to 2 us. A trade in memory takes one
// to two kilobytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/frame.hpp"
#include "query/trade_recent_map.hpp"
#include "query/trade_summary.hpp"

namespace tapedeck {

struct TradeTrackerOptions {
  std::size_t max_trades = 100'000;    ///< in memory; the least recently touched goes
  std::size_t max_positions = 10'000;  ///< whose last realized_pnl is remembered
};

class TradeTracker {
 public:
  explicit TradeTracker(TradeTrackerOptions options = {});

  /// Takes the next event of the log in, if it belongs to a trade.
  /// @param frame the frame's first byte
  void add(const char* frame, const FrameIndex& index, std::uint64_t seq);

  /// Trades that changed since the last call, each as it is now, last changed last. Keep them by
  /// (correlation_id, first_id) and merge() rows of one correlation_id, oldest first_id first, when
  /// reading: a chain that was forgotten here and goes on begins a row of its own.
  std::vector<TradeSummary> drain_changed();
  /// Changes that nobody drained before their trade was forgotten; at most max_trades wait.
  std::uint64_t lost_changes() const noexcept { return lost_; }

  /// Gives back a trade of before a restart, so that its chain goes on. Give back the newest ones,
  /// finished ones too: from them come the positions that the profit of later trades counts from.
  /// Before the first add(); the order does not matter unless there are more than max_trades, of
  /// which those given last stay.
  void restore(TradeSummary trade);

  std::size_t size() const noexcept { return trades_.size(); }
  /// The trade of a correlation_id, or else the most recently touched one with such an order.
  /// By order it looks at every trade.
  const TradeSummary* find(std::string_view correlation_or_order_id) const;
  /// Every trade, most recently touched first.
  template <typename Visit>
  void visit(Visit&& visit) const {
    for (const auto& entry : trades_) visit(entry.value.trade);
  }

 private:
  struct Tracked {
    TradeSummary trade;
    bool changed = false;
  };
  Tracked& touch(const std::string& correlation_id);
  void remember(const TradePosition& position);

  TradeTrackerOptions options_;
  RecentMap<Tracked> trades_;
  RecentMap<TradePosition> positions_;
  std::size_t changed_ = 0;              // of trades_; they are the newest touched
  std::vector<TradeSummary> forgotten_;  // changed, and gone
  std::uint64_t lost_ = 0;
};

}  // namespace tapedeck
