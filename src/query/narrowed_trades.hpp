// NarrowedTrades: the trades of a source as a caller may see them who sees some events only. A
// trade is shown when every event that it was folded from is one of those; nothing of another one
// is, as if it did not exist.
//
// Any thread. A read of the tape for each trade that matches by its names, between the chain's
// first and last event; it may touch the disk.
#pragma once

#include <functional>

#include "query/tape.hpp"
#include "query/trade_source.hpp"

namespace tapedeck {

class NarrowedTrades final : public TradeSource {
 public:
  /// @param within what the caller may see; only its lists count. All three must outlive this.
  NarrowedTrades(const TradeSource& all, const Tape& tape, const Filter& within);

  /// A trade whose events are no longer kept cannot be shown to be inside, and is not shown.
  /// @throws HistoryError
  void visit_trades(const TradeQuery& query,
                    const std::function<bool(const TradeSummary&)>& visit) const override;

 private:
  bool is_inside(const TradeSummary& trade) const;

  const TradeSource& all_;
  const Tape& tape_;
  const Filter& within_;
  CompiledFilter inside_;
};

}  // namespace tapedeck
