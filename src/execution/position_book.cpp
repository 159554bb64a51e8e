#include "tapedeck/execution/position_book.hpp"

#include <algorithm>
#include <cmath>

namespace tapedeck::execution {

void begin_day(Position& position, market::IstDate date) noexcept {
  if (position.date == date) return;
  position.date = date;
  position.day_start_pnl = position.realized + position.unrealized();
}

PositionBook::Outcome PositionBook::apply(const Fill& fill,
                                          const market::InstrumentInfo& instrument) {
  Position& position = positions_[fill.key];
  position.instrument = instrument;
  begin_day(position, market::ist_date(fill.at));
  const std::int64_t before = position.size;
  const std::int64_t after = before + fill.signed_qty;
  const bool adds = before == 0 || (before > 0) == (fill.signed_qty > 0);
  if (adds) {
    position.entry_price = (position.entry_price * static_cast<double>(std::abs(before)) +
                            fill.price * static_cast<double>(std::abs(fill.signed_qty))) /
                           static_cast<double>(std::abs(after));
  } else {
    const std::int64_t closed = std::min(std::abs(before), std::abs(fill.signed_qty));
    const double made = (before > 0 ? 1.0 : -1.0) * static_cast<double>(closed) *
                        (fill.price - position.entry_price);
    position.realized += made;
    position.trip_realized += made;
    if (after == 0) position.entry_price = 0;
    if ((after > 0) != (before > 0) && after != 0) position.entry_price = fill.price;
  }
  position.size = after;
  position.last_price = fill.price;
  position.charges += fill.charges;
  position.trip_charges += fill.charges;
  Outcome outcome{&position, std::nullopt};
  if (before != 0 && (after == 0 || (after > 0) != (before > 0))) {
    outcome.trade_pnl = position.trip_realized - position.trip_charges;
    position.trip_realized = 0;
    position.trip_charges = 0;
  }
  return outcome;
}

const Position* PositionBook::find(const PositionKey& key) const {
  const auto at = positions_.find(key);
  return at == positions_.end() ? nullptr : &at->second;
}

}  // namespace tapedeck::execution
