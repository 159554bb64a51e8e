#include "execution/position_book.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace tapedeck::execution {

double Position::entry_price() const noexcept {
  return size == 0 ? 0 : to_rupees(cost) / static_cast<double>(std::abs(size));
}

Money Position::unrealized() const noexcept {
  if (size == 0) return 0;
  const Money worth = to_money(last_price) * std::abs(size);
  return size > 0 ? worth - cost : cost - worth;
}

void Position::begin_day(market::IstDate today) noexcept {
  if (date == today) return;
  date = today;
  day_start_pnl = realized + unrealized();
  day_start_charges = charges;
}

Money PositionBook::take(Position& position, std::int64_t qty) const {
  const std::int64_t held = std::abs(position.size);
  Money taken = 0;
  if (basis_ == PnlBasis::average) {
    taken = qty == held ? position.cost : divide(position.cost * qty, held);
  } else {
    for (std::int64_t left = qty; left > 0;) {
      Lot& oldest = position.lots.front();
      const std::int64_t part = std::min(left, oldest.qty);
      taken += oldest.price * part;
      oldest.qty -= part;
      left -= part;
      if (oldest.qty == 0) position.lots.pop_front();
    }
  }
  position.cost -= taken;
  return taken;
}

void PositionBook::add(Position& position, std::int64_t qty, Money price) const {
  position.cost += price * qty;
  if (basis_ != PnlBasis::fifo) return;
  if (!position.lots.empty() && position.lots.back().price == price) {
    position.lots.back().qty += qty;
  } else {
    position.lots.push_back({qty, price});
  }
}

PositionBook::Outcome PositionBook::apply(const Fill& fill,
                                          const market::InstrumentInfo& instrument) {
  Position& position = positions_[fill.key];
  position.instrument = instrument;
  position.begin_day(market::ist_date(fill.at));
  const Money price = to_money(fill.price);
  const Money charges = to_money(fill.charges);
  const std::int64_t before = position.size;
  const std::int64_t qty = std::abs(fill.signed_qty);
  const bool reduces = before != 0 && (before > 0) != (fill.signed_qty > 0);
  const std::int64_t closed = reduces ? std::min(std::abs(before), qty) : 0;
  Outcome outcome{&position, std::nullopt};
  position.charges += charges;
  const Money closing_charges = divide(charges * closed, qty);
  if (closed > 0) {
    const Money cost = take(position, closed);
    const Money made = before > 0 ? price * closed - cost : cost - price * closed;
    position.realized += made;
    position.trip_realized += made;
    position.trip_charges += closing_charges;
    if (closed == std::abs(before)) {
      outcome.trade_pnl = to_rupees(std::exchange(position.trip_realized, 0) -
                                    std::exchange(position.trip_charges, 0));
    }
  }
  if (qty > closed) {
    add(position, qty - closed, price);
    position.trip_charges += charges - closing_charges;
  }
  position.size = before + fill.signed_qty;
  position.last_price = fill.price;
  return outcome;
}

const Position* PositionBook::find(const PositionKey& key) const {
  const auto at = positions_.find(key);
  return at == positions_.end() ? nullptr : &at->second;
}

Position& PositionBook::restore(const PositionKey& key, Position position) {
  return positions_[key] = std::move(position);
}

}  // namespace tapedeck::execution
