// What is held, and what it made, by exchange, symbol, product and strategy of one account and one
// mode: paper and live never meet. Two bases: the average price of what is held (as a broker shows
// holdings), or first in, first out (as it shows derivatives).
//
// Money is whole numbers (money.hpp). One thread. A fill costs a tree look-up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "execution/money.hpp"
#include "tapedeck/execution/execution_options.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"

namespace tapedeck::execution {

struct PositionKey {
  std::string exchange;
  std::string symbol;
  std::string product;
  std::string strategy;
  auto operator<=>(const PositionKey&) const = default;
};

/// Units bought (or sold short) at one price.
struct Lot {
  std::int64_t qty = 0;
  Money price = 0;
};

/// The newest fill of a position, and its order after it.
struct LastFill {
  std::string order_id;
  std::string fill_id;
  std::int64_t order_filled = 0;
  Money order_turnover = 0;
};

struct Position {
  market::InstrumentInfo instrument;
  std::int64_t size = 0;  ///< signed units
  Money cost = 0;         ///< what the units held were bought, or sold short, for; never negative
  std::deque<Lot> lots;   ///< oldest first; on the FIFO basis only
  double last_price = 0;
  Money realized = 0;       ///< since the books began, before charges
  Money charges = 0;        ///< since the books began
  Money day_start_pnl = 0;  ///< realized + unrealized when the session date began
  Money day_start_charges = 0;
  market::IstDate date{};
  std::string round_trip_id;
  std::string signal_exchange;  ///< of the intent that opened it
  std::string signal_symbol;
  bool stop_watched = false;  ///< by whoever opened it
  std::int64_t stop_qty = 0;  ///< units under working stop orders that would close it
  Money trip_realized = 0;    ///< of the round trip that is open
  Money trip_charges = 0;
  Timestamp marked_at{};
  double marked_price = 0;
  LastFill last_fill;

  /// Average of what is held; 0 when flat.
  double entry_price() const noexcept;
  Money unrealized() const noexcept;
  Money day_pnl() const noexcept { return realized + unrealized() - day_start_pnl; }
  /// Units that a stop would close.
  std::int64_t protected_qty() const noexcept {
    const std::int64_t held = std::abs(size);
    return stop_watched ? held : std::min(held, stop_qty);
  }
  Money day_net() const noexcept { return day_pnl() - (charges - day_start_charges); }
  /// Begins a session date: what was carried is marked to the last price before, and the day's
  /// profit counts from there.
  void begin_day(market::IstDate today) noexcept;
};

class PositionBook {
 public:
  struct Fill {
    PositionKey key;
    std::int64_t signed_qty = 0;  ///< not 0
    double price = 0;             ///< is_price()
    double charges = 0;           ///< rupees
    Timestamp at{};
  };
  struct Outcome {
    Position* position = nullptr;
    /// When this fill closed the position: rupees the round trip made, after charges. A fill that
    /// crosses zero leaves its charges with both trips, by quantity.
    std::optional<double> trade_pnl;
  };

  explicit PositionBook(PnlBasis basis) noexcept : basis_(basis) {}

  PnlBasis basis() const noexcept { return basis_; }
  /// Books a fill: adding adds to the cost, reducing realizes, crossing zero does both.
  Outcome apply(const Fill& fill, const market::InstrumentInfo& instrument);
  const Position* find(const PositionKey& key) const;
  /// Puts back a position of an earlier run.
  Position& restore(const PositionKey& key, Position position);
  std::map<PositionKey, Position>& all() noexcept { return positions_; }
  const std::map<PositionKey, Position>& all() const noexcept { return positions_; }

 private:
  /// Takes `qty` units out of the position. @return what they had cost
  Money take(Position& position, std::int64_t qty) const;
  void add(Position& position, std::int64_t qty, Money price) const;

  PnlBasis basis_;
  std::map<PositionKey, Position> positions_;
};

}  // namespace tapedeck::execution
