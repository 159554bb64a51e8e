#include "market/candle_builder.hpp"

#include <algorithm>

namespace tapedeck::market {

void Bar::extend(const Bar& part) noexcept {
  high = std::max(high, part.high);
  low = std::min(low, part.low);
  close = part.close;
  volume += part.volume;
}

Candle Bar::named(const std::string& exchange, const std::string& symbol, Timeframe timeframe,
                  PriceBasis basis) const {
  return {.symbol = symbol,
          .timeframe = timeframe,
          .start = start,
          .end = end,
          .open = open,
          .high = high,
          .low = low,
          .close = close,
          .volume = volume,
          .exchange = exchange,
          .basis = basis};
}

Bar bar_of(const Candle& candle) noexcept {
  return {candle.start, candle.end,   candle.open,  candle.high,
          candle.low,   candle.close, candle.volume};
}

Timestamp candle_start(Timestamp at, Timeframe timeframe, const PhaseSpan& session) noexcept {
  return session.start + (at - session.start) / timeframe.length() * timeframe.length();
}

Timestamp candle_end(Timestamp start, Timeframe timeframe, const PhaseSpan& session) noexcept {
  return std::min(start + timeframe.length(), session.end);
}

void CandleBuilder::begin(Timestamp at, double price, const PhaseSpan& session) noexcept {
  open_ = true;
  newest_ = at;
  bar_.start = candle_start(at, timeframe_, session);
  bar_.end = candle_end(bar_.start, timeframe_, session);
  bar_.open = bar_.high = bar_.low = bar_.close = price;
  bar_.volume = 0;
}

void CandleBuilder::add(const Bar& part, const PhaseSpan& session) noexcept {
  if (!open_) begin(part.start, part.open, session);
  bar_.extend(part);
}

Bar CandleBuilder::close() noexcept {
  open_ = false;
  last_end_ = bar_.end;
  return bar_;
}

}  // namespace tapedeck::market
