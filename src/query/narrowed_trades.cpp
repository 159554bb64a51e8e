#include "query/narrowed_trades.hpp"

#include "query/trade_event.hpp"

namespace tapedeck {

NarrowedTrades::NarrowedTrades(const TradeSource& all, const Tape& tape, const Filter& within)
    : all_(all), tape_(tape), within_(within) {
  inside_.narrow(within);
}

void NarrowedTrades::visit_trades(const TradeQuery& query,
                                  const std::function<bool(const TradeSummary&)>& visit) const {
  TradeQuery narrowed = query;
  narrowed.within = within_;
  all_.visit_trades(narrowed, [&](const TradeSummary& trade) {
    return !is_inside(trade) || visit(trade);  // what is not inside is passed over
  });
}

bool NarrowedTrades::is_inside(const TradeSummary& trade) const {
  Filter of_chain;
  of_chain.correlation_id = {trade.correlation_id};
  const CompiledFilter filter(of_chain);
  SeqBounds left{trade.first_seq, trade.last_seq + 1};
  std::uint64_t found = 0;
  while (left.first < left.end) {
    const Selection slice = tape_.forward(filter, left, {});
    for (const ScannedEvent& event : slice.items) {
      if (!trade_event_kind(event.frame, *event.index)) continue;
      if (!inside_.matches(event.frame, *event.index)) return false;
      ++found;
    }
    if (slice.next <= left.first) break;
    left.first = slice.next;
  }
  return found >= trade.events;
}

}  // namespace tapedeck
