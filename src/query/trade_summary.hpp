// TradeSummary: one decision and what became of it, in a few hundred bytes: the events that share a
// correlation_id (decision_trace, signal_event, order_event, position_event), folded. The figures a
// client sees (outcome, quantities, slippage, hops) are derived by figures_of(), never stored, so
// that two halves of a chain can be put together.
//
// Plain data and pure functions; any thread. Text is plain (not as spelled in JSON), times are UTC
// nanoseconds cut to whole microseconds, money is in the instrument's currency on a grid of 1e-6.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck {

/// What a chain may hold; what goes beyond is left out and `truncated` is set.
inline constexpr std::size_t kMaxTradeOrders = 256;
inline constexpr std::size_t kMaxTradePositions = 16;
inline constexpr std::size_t kMaxTradeSources = 4;  ///< different engine ids, hosts
inline constexpr std::size_t kMaxTradeText = 500;   ///< bytes of a reason; longer ones are cut
/// Quantities beyond it, up or down, are nonsense and count as absent.
inline constexpr std::int64_t kMaxTradeUnits = 1'000'000'000'000'000;

/// docs/contract.md, Orders.
enum class OrderState : std::uint8_t {
  created,  // "new"
  submitted,
  acknowledged,
  open,
  trigger_pending,
  modify_pending,
  cancel_pending,
  partially_filled,
  unknown,
  filled,
  cancelled,
  rejected,
  expired,
  error,
};
inline constexpr OrderState kLastOrderState = OrderState::error;
constexpr bool is_final(OrderState state) noexcept {
  return state >= OrderState::filled;
}

/// What became of a decision.
enum class TradeOutcome : std::uint8_t {
  vetoed,            // decided, and forbidden
  signalled,         // decided; no order has been seen
  working,           // an order is not final
  filled,            // all that was wanted, or a position moved without an order being seen
  partially_filled,  // final, with a part
  rejected,
  cancelled,
  expired,
  unknown,  // sent, and nobody knows
  error,
};
inline constexpr TradeOutcome kLastTradeOutcome = TradeOutcome::error;
std::string_view to_string(TradeOutcome outcome) noexcept;
std::optional<TradeOutcome> parse_trade_outcome(std::string_view word) noexcept;

enum class TradeSide : std::uint8_t { none, buy, sell };
/// "BUY", "SELL", ""
std::string_view to_string(TradeSide side) noexcept;

using OptionalTime = std::optional<std::int64_t>;

/// A moment that a field of an order tells, or, where none does, an event's own timestamp.
struct TradeMoment {
  OptionalTime stamped;   ///< the earliest of the fields
  OptionalTime happened;  ///< the earliest of the events
  OptionalTime value() const noexcept { return stamped ? stamped : happened; }
  bool operator==(const TradeMoment&) const = default;
};

struct TradeOrder {
  std::string order_id;
  std::string parent_order_id;
  std::string symbol;
  std::string exchange;
  TradeSide side = TradeSide::none;
  OrderState state = OrderState::created;
  std::int64_t state_ns = INT64_MIN;  ///< when it came into this state
  bool surprise = false;              ///< and the publisher was surprised
  bool is_parent = false;             ///< has slices; only these move positions
  std::optional<std::int64_t> qty;
  std::int64_t filled = 0;           ///< the largest filled_qty told
  std::optional<double> avg_price;   ///< that came with it
  std::int64_t fills_qty = 0;        ///< sum of fill_qty, for publishers without filled_qty
  double fills_value = 0;            ///< sum of fill_qty * fill_price
  std::string last_fill_id;          ///< a fill told twice in a row counts once
  std::optional<double> last_price;  ///< `price` of the newest event that filled
  std::optional<double> charges;     ///< cumulative
  std::string reason;                ///< of a state that ended it
  std::string reject_code;

  std::int64_t filled_qty() const noexcept;
  /// What a unit was traded at: avg_price, else the mean of the fills, else the last price told.
  std::optional<double> fill_price() const noexcept;
  bool operator==(const TradeOrder&) const = default;
};

/// A position as this chain left it: what the next chain's profit is counted from.
struct TradePosition {
  std::string key;  ///< account, mode, exchange, symbol, product, strategy
  std::int64_t size = 0;
  std::optional<double> realized;  ///< cumulative, before charges
  std::optional<double> charges;   ///< cumulative
  std::int64_t at_ns = 0;
  std::uint64_t seq = 0;
  bool operator==(const TradePosition&) const = default;
};

/// A sum of which a part may not be known.
struct TradeSum {
  double sum = 0;
  bool seen = false;
  bool incomplete = false;
  std::optional<double> value() const noexcept {
    return seen && !incomplete ? std::optional(sum) : std::nullopt;
  }
  void add(std::optional<double> part) noexcept;
  void add(const TradeSum& other) noexcept;
  bool operator==(const TradeSum&) const = default;
};

struct TradeSummary {
  std::string correlation_id;
  std::string round_trip_id;
  std::string symbol;  ///< what is traded; before an order or signal says so, what was looked at
  std::string exchange;
  std::string signal_symbol;  ///< what the decision looked at
  std::string signal_exchange;
  std::string strategy;
  std::string account;
  std::string mode;
  std::string run_id;
  std::vector<std::string> engine_ids;  ///< the strategy's and the execution's, as they came
  std::vector<std::string> hosts;

  std::string decision;  ///< BUY, SELL, EXIT, VETO, or the publisher's own word; empty: not seen
  std::string reason;    ///< the decision's
  std::string veto_by;
  std::string veto_code;
  std::string veto_reason;
  std::string wanted;                    ///< what was vetoed
  std::optional<double> decision_price;  ///< of signal_symbol
  std::optional<double> order_price;     ///< reference price of the first market order
  bool traced = false;                   ///< a decision_trace was seen

  TradeMoment decided;
  TradeMoment sent;
  TradeMoment acked;
  OptionalTime first_fill_ns;
  OptionalTime last_fill_ns;

  std::vector<TradeOrder> orders;  ///< in the order they were first seen
  std::vector<TradePosition> positions;
  TradeSum realized;              ///< what this chain changed, before charges
  TradeSum position_charges;      ///< the same of the positions' charges
  std::int64_t pending_fill = 0;  ///< signed units filled since the last position_event

  std::string first_id;  ///< ids of the first and the last event folded in
  std::string last_id;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  std::uint64_t events = 0;
  bool truncated = false;

  /// The sort key: the decision, or the first event of a chain without one.
  std::int64_t decided_ns() const noexcept { return decided.value().value_or(first_ns); }
  bool operator==(const TradeSummary&) const = default;
};

/// What is derived from a summary. Absent: not known.
struct TradeFigures {
  TradeOutcome outcome = TradeOutcome::signalled;
  bool complete = false;  ///< nothing more is expected: vetoed, or every order is final
  TradeSide side = TradeSide::none;
  bool multi_leg = false;  ///< orders of different symbols or sides: no price of the whole
  std::optional<std::int64_t> qty;
  std::optional<std::int64_t> filled_qty;
  std::optional<double> avg_price;
  std::optional<double> decision_price;
  std::optional<double> slippage;        ///< per unit; above zero: worse than decided
  std::optional<double> slippage_bps;    ///< of the decision price
  std::optional<double> slippage_total;  ///< times the filled quantity
  std::optional<double> realized_pnl;    ///< before charges
  std::optional<double> charges;         ///< the orders'; else what the position's grew by
  std::optional<double> net_pnl;
  // Microseconds, below zero where clocks differ.
  std::optional<std::int64_t> decision_to_sent_us;
  std::optional<std::int64_t> sent_to_ack_us;
  std::optional<std::int64_t> ack_to_first_fill_us;
  std::optional<std::int64_t> first_to_last_fill_us;
  std::optional<std::int64_t> decision_to_fill_us;
};
/// Costs about a microsecond; a few for a chain of many orders.
TradeFigures figures_of(const TradeSummary& trade);

/// What SQL keeps beside the bytes; cheaper than all figures.
TradeOutcome outcome_of(const TradeSummary& trade);
/// Final: vetoed, or every order seen is.
bool is_complete(const TradeSummary& trade);

/// Puts together what two trackers saw of one chain: a restart, two files. When both begin with the
/// same event, one goes on from the other (TradeTracker::restore) and the one that saw more stands;
/// otherwise each event was seen by one of them only. A finished chain followed by a decision of
/// the same id (a replay run again) is replaced.
void merge(TradeSummary& older, const TradeSummary& newer);

/// Takes a state into an order, if it may: a final one is left only by a later final one or by a
/// surprise, and what is filled stays so.
void settle(TradeOrder& order, OrderState state, std::int64_t at_ns, bool surprise);

/// The bytes the store keeps: a version, then the fields. Some 300 for one order.
std::string encode(const TradeSummary& trade);
/// Error code: damaged_trade. Never reads beyond `bytes`.
Result<TradeSummary> decode_trade(std::string_view bytes);

/// Sums of quantities stay within kMaxTradeUnits.
inline std::int64_t add_units(std::int64_t a, std::int64_t b) noexcept {
  return std::clamp(a + b, -kMaxTradeUnits, kMaxTradeUnits);
}

/// Money without the last digits of sums and differences.
inline double on_grid(double amount) noexcept {
  if (!(std::abs(amount) < 4e9)) return amount;
  return std::round(amount * 1e6) / 1e6 + 0.0;  // + 0.0: never -0.0
}

}  // namespace tapedeck
