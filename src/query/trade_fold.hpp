// Folds events into a TradeSummary, one at a time, in the order of the log. Pure functions; any
// thread. Cost: a search through the chain's orders.
#pragma once

#include <optional>
#include <string>

#include "query/trade_event.hpp"
#include "query/trade_summary.hpp"

namespace tapedeck {

/// Which position an event tells of: account, mode, exchange, symbol, product and strategy, with
/// the unit separator between them.
std::string position_key(const TradeEvent& event);

/// Takes the event in. Its kind must not be position.
void fold(TradeSummary& trade, const TradeEvent& event);

/// Takes a position_event in. What the chain made is the change of the position's realized_pnl
/// since `before`. Where the fills before it say that the position was opened or added to, nothing
/// was realised, whatever was before. Where they do not fit to `before` (an event was missed, the
/// books began anew) the profit of the chain is not known.
/// @param before the position as last seen, by whatever chain; nothing: never
/// @return the position now; nothing for scope `account`, which repeats those of the strategies
std::optional<TradePosition> fold_position(TradeSummary& trade, const TradeEvent& event,
                                           const TradePosition* before);

}  // namespace tapedeck
