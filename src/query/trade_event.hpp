// TradeEvent: what a trade's summary needs of one event, read straight from its frame. One walk
// over the payload, about a microsecond for an order_event; no JSON parser.
//
// Not thread-safe; views live as long as the frame and the object. Text is plain.
#pragma once

#include <cstdint>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>

#include "event/frame.hpp"
#include "query/trade_summary.hpp"

namespace tapedeck {

enum class TradeEventKind : std::uint8_t { decision, signal, order, position };

/// Whether the event belongs to a chain at all: a few ns, the payload is not looked at.
std::optional<TradeEventKind> trade_event_kind(const char* frame, const FrameIndex& index) noexcept;

/// The event's correlation_id as spelled in the frame; empty: none.
inline std::string_view correlation_of(const char* frame, const FrameIndex& index) noexcept {
  const KeySpan span = index.keys[static_cast<std::size_t>(Key::correlation_id)];
  return span.packed == 0 ? std::string_view()
                          : std::string_view(frame + span.offset(), span.length());
}

class TradeEvent {
 public:
  TradeEvent(TradeEventKind kind, const char* frame, const FrameIndex& index, std::uint64_t seq);

  TradeEventKind kind;
  std::uint64_t seq = 0;
  std::int64_t at_ns = 0;   ///< cut to microseconds
  std::string_view id;      ///< `<epoch>-<seq>`
  std::string_view symbol;  // from the keys
  std::string_view exchange;
  std::string_view strategy;
  std::string_view order_id;
  std::string_view host;
  std::string_view engine_id;
  std::string_view run_id;
  std::string_view account;
  std::string_view mode;

  // from the payload; empty or absent where it has none
  std::string_view round_trip_id, decision, signal, reason, status, side, reject_code;
  std::string_view parent_order_id, fill_id, order_type, product, scope;
  std::string_view order_symbol, order_exchange, charges_text, trace_data;
  std::string_view veto_by, veto_code, wanted, wanted_reason;
  std::optional<double> price, avg_price, fill_price, realized_pnl, close_price, charges;
  std::optional<std::int64_t> qty, filled_qty, fill_qty, position_size, slice_no, slice_count;
  OptionalTime decided_at, sent_at, acked_at, filled_at;
  bool surprise = false;

  /// A HOLD, or a veto of nothing, is no trade; nor is an order without an id.
  bool is_trade() const;
  /// The state its status names: the contract's words and brokers' own ("COMPLETE"), in any case.
  std::optional<OrderState> order_state() const;
  TradeSide order_side() const noexcept;

 private:
  void read_keys(const char* frame, const FrameIndex& index);
  void read_payload(std::string_view payload);
  void read_member(std::string_view name, std::string_view value);
  std::string_view plain(std::string_view spelled);

  std::forward_list<std::string> unescaped_;  // allocates nothing until used
};

/// In capitals.
std::string upper(std::string_view text);

}  // namespace tapedeck
