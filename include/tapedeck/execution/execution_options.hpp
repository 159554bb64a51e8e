// What an ExecutionEngine can be told: money, limits and times. Plain data; rules of the market
// and of the broker are tables with a date each, of which the newest that has begun is in force.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tapedeck/market/calendar.hpp"

namespace tapedeck::market {
class StateStore;
}

namespace tapedeck::execution {

enum class PnlBasis { average, fifo };

/// How many orders a broker takes. Each slice and each modification is one; 0: no limit.
struct RateLimits {
  market::IstDate effective_from{};
  std::int64_t per_second = 10;
  std::int64_t per_minute = 400;
  std::int64_t per_day = 5000;
  std::int64_t modifications_per_order = 25;
};

/// Kite's, whatever the date.
std::vector<RateLimits> default_rate_limits() noexcept;

/// What the gate before every order holds back; 0: no limit. Orders that only reduce a position
/// pass the first three whatever they are.
struct RiskLimits {
  std::int64_t max_quantity = 0;     ///< units of one order, before it is sliced
  double max_notional = 0;           ///< rupees of one order
  std::int64_t max_open_orders = 0;  ///< at work at once, slices counted
  /// How far a limit or trigger price may be from the last price, in percent.
  double price_band_pct = 0;
  std::int64_t max_slices = 10;  ///< of an order above the freeze quantity
  std::vector<RateLimits> rates = default_rate_limits();
};

/// When the broker closes intraday (MIS) positions of a group: so long before the end of the day's
/// last continuous session.
struct SquareOffRule {
  market::IstDate effective_from{};
  market::SessionGroup group{};
  std::chrono::minutes before_end{};
};
/// 15:20 for shares and 15:25 for derivatives until August 2026, as Zerodha's page has it; from
/// then on 15:10 (shares with a closing auction), 15:20 (others) and 15:35: not confirmed.
std::vector<SquareOffRule> default_square_off_rules() noexcept;

struct DatedFee {
  market::IstDate effective_from{};
  double rupees = 0;
};

/// 50 rupees since July 2020 (Zerodha's page; from when before that is not confirmed).
std::vector<DatedFee> default_square_off_fees() noexcept;

struct ExecutionOptions {
  double capital = 1'000'000;  ///< rupees that margins are taken from
  /// Margin as a share of the value: of futures and of options that are sold (of their strike), of
  /// shares bought or sold within the day. Options bought cost their premium, CNC all of it.
  double margin_rate_derivatives = 0.15;
  double margin_rate_equity = 0.20;
  RiskLimits limits{};
  PnlBasis pnl_basis = PnlBasis::average;
  /// Of a live broker: an order without an answer for so long becomes `unknown` and is asked for.
  std::chrono::nanoseconds unknown_after = std::chrono::seconds{5};
  std::chrono::nanoseconds ask_again_after = std::chrono::seconds{1};  ///< doubles each time
  std::chrono::nanoseconds ask_again_at_most = std::chrono::seconds{30};
  bool square_off_mis = true;
  std::vector<SquareOffRule> square_off = default_square_off_rules();
  /// Rupees before GST for each order of the automatic square-off.
  std::vector<DatedFee> square_off_fees = default_square_off_fees();
  /// How often closing one position is tried (every second), and how long flatten may take until
  /// it is answered with `failed`.
  int closing_attempts = 5;
  std::chrono::nanoseconds command_timeout = std::chrono::seconds{60};
  std::chrono::nanoseconds mark_every = std::chrono::seconds{1};
  std::chrono::nanoseconds health_every = std::chrono::seconds{5};
  std::size_t keep_finished_orders = 10'000;  ///< to recognise late news of
  /// Positions, ids and orders at work survive a restart there, under the publisher's engine_id.
  /// Null: nothing does. Must outlive the engine.
  market::StateStore* state_store = nullptr;
  /// Whose positions they are and of which mode (paper, live, replay): with the engine_id, what
  /// keeps the saved state of two accounts or modes apart.
  std::string account{};
  std::string mode{};
};

}  // namespace tapedeck::execution
