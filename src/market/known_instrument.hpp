// What feeds without a list of instruments have in common: they meet a symbol and have to say what
// it is, and a candle's end follows from its start and the session. Engine thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "tapedeck/market/calendar.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/market/tick.hpp"

namespace tapedeck::market {

/// Finds or guesses the instrument when the table does not have it. An index is always guessed: as
/// a stand-in for the future that such a feed need not have.
/// @param known what symbols are, where it is known; may be null
inline const InstrumentInfo& know_instrument(InstrumentTable& table, const InstrumentTable* known,
                                             std::string_view exchange, std::string_view symbol,
                                             Timestamp at) {
  if (const InstrumentInfo* listed = table.find(exchange, symbol)) return *listed;
  const InstrumentInfo* info = known != nullptr ? known->find(exchange, symbol) : nullptr;
  if (info != nullptr && info->group != SessionGroup::index) return table.add(*info);
  return table.add(infer_instrument(symbol, ist_date(at), exchange));
}

/// Sets a candle's end: start + timeframe, or the session's end if that is earlier. A daily candle
/// is that of the date its start lies on: sources write midnight.
inline void align_candle(const TradingCalendar& calendar, const InstrumentInfo& info,
                         Candle& candle) {
  candle.end = candle.start + candle.timeframe.length();
  const auto session = calendar.continuous_at(info.group, candle.start, info.exchange);
  if (session) candle.end = std::min(candle.end, session->end);
  if (!candle.timeframe.is_day()) return;
  const auto day = calendar.trading_day(info.group, ist_date(candle.start), info.exchange);
  if (!day) return;
  candle.start = day->start;
  candle.end = day->end;
}

}  // namespace tapedeck::market
