// What StrategyEngineV2 keeps across restarts, and its form in the StateStore: one JSON object per
// strategy, per position and for the engine. What is read is checked: a file can be damaged or
// edited by hand, and a nonsensical count must not decide anything.
//
// Plain data and pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strategy/performance.hpp"
#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {

/// What one strategy has going with one symbol.
struct LaneMemory {
  Holding holding;
  bool order_out = false;
  int cooldown = 0;  ///< candles left
  std::string round_trip_id;
  double decision_price = 0;  ///< of the last entry
  Timestamp square_off_at = Timestamp::max();
  std::optional<market::IstDate> entry_date;  ///< session the position was opened in

  bool is_worth_keeping() const noexcept { return holding.size != 0 || order_out || cooldown > 0; }
};

struct StrategyMemory {
  TradeStats::Counts trades;
  ProfitCurve::Memory curve;
  std::int64_t signals_today = 0;
  std::int64_t entries = 0;   ///< BUY and SELL signals ever
  double confidence_sum = 0;  ///< of these
  std::string last_signal;    ///< empty: none yet
  Timestamp last_signal_at{};
};

struct EngineMemory {
  bool killed = false;
  std::optional<market::IstDate> session_date;
  IdSource::Counters ids;  ///< none above these has been given out on that date
  ProfitCurve::Memory curve;
};

std::string to_json(const LaneMemory& memory);
std::string to_json(const StrategyMemory& memory);
std::string to_json(const EngineMemory& memory);

/// Each reads what to_json() wrote.
/// @return empty, or what is wrong; `memory` is then as it was
std::string read_json(std::string_view text, LaneMemory& memory);
std::string read_json(std::string_view text, StrategyMemory& memory);
std::string read_json(std::string_view text, EngineMemory& memory);

}  // namespace tapedeck::strategy
