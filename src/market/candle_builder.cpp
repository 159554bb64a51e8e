#include "market/candle_builder.hpp"

#include <algorithm>

namespace tapedeck::market {

Timestamp candle_start(Timestamp at, Timeframe timeframe, const PhaseSpan& session) noexcept {
  return session.start + (at - session.start) / timeframe.length() * timeframe.length();
}

void CandleBuilder::begin(Timestamp at, double price, const PhaseSpan& session) {
  open_ = true;
  newest_ = at;
  candle_.timeframe = timeframe_;
  candle_.start = candle_start(at, timeframe_, session);
  candle_.end = std::min(candle_.start + timeframe_.length(), session.end);
  candle_.open = candle_.high = candle_.low = candle_.close = price;
  candle_.volume = 0;
}

void CandleBuilder::add(Timestamp at, double price, std::int64_t quantity,
                        const PhaseSpan& session) {
  if (!open_) begin(at, price, session);
  candle_.high = std::max(candle_.high, price);
  candle_.low = std::min(candle_.low, price);
  candle_.volume += quantity;
  if (at < newest_) return;
  newest_ = at;
  candle_.close = price;
}

void CandleBuilder::add(const Candle& part, const PhaseSpan& session) {
  if (!open_) begin(part.start, part.open, session);
  candle_.high = std::max(candle_.high, part.high);
  candle_.low = std::min(candle_.low, part.low);
  candle_.close = part.close;
  candle_.volume += part.volume;
}

Candle CandleBuilder::close(std::string_view symbol) {
  open_ = false;
  last_end_ = candle_.end;
  Candle closed = candle_;
  closed.symbol = symbol;
  return closed;
}

}  // namespace tapedeck::market
