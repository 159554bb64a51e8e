// What is held, and what it made: average-price positions by symbol, strategy and product.
// One account and mode per book: paper and live never meet. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "tapedeck/market/instrument.hpp"
#include "tapedeck/strategy/order_intent.hpp"

namespace tapedeck::execution {

struct PositionKey {
  std::string symbol;
  std::string strategy;
  std::string product;
  auto operator<=>(const PositionKey&) const = default;
};

struct Position {
  market::InstrumentInfo instrument;
  std::int64_t size = 0;   ///< signed units
  double entry_price = 0;  ///< average; 0 when flat
  double last_price = 0;
  double realized = 0;       ///< since the run began, before charges
  double charges = 0;        ///< since the run began
  double day_start_pnl = 0;  ///< realized + unrealized when the session date began
  market::IstDate date{};
  std::string round_trip_id;
  double trip_realized = 0;  ///< of the round trip that is open
  double trip_charges = 0;
  Timestamp marked_at{};
  double marked_price = 0;

  double unrealized() const noexcept {
    return size == 0 ? 0 : static_cast<double>(size) * (last_price - entry_price);
  }
  double day_pnl() const noexcept { return realized + unrealized() - day_start_pnl; }
};

class PositionBook {
 public:
  struct Fill {
    PositionKey key;
    std::int64_t signed_qty = 0;
    double price = 0;
    double charges = 0;
    Timestamp at{};
  };
  struct Outcome {
    Position* position = nullptr;
    /// When this fill closed the position: what the round trip made, after charges.
    std::optional<double> trade_pnl;
  };

  /// Books a fill: adding moves the average, reducing realizes, crossing zero does both.
  Outcome apply(const Fill& fill, const market::InstrumentInfo& instrument);
  const Position* find(const PositionKey& key) const;
  std::map<PositionKey, Position>& all() noexcept { return positions_; }
  const std::map<PositionKey, Position>& all() const noexcept { return positions_; }

 private:
  std::map<PositionKey, Position> positions_;
};

/// Begins a session date: the day's profit counts from here.
void begin_day(Position& position, market::IstDate date) noexcept;

}  // namespace tapedeck::execution
