// The events Tapedeck knows: one plain struct per type, and GenericEvent for any other.
// Fill in what you have and publish in the same expression:
//
//   bus.publish(SignalEvent{.symbol = "NIFTY", .strategy_name = "momentum", .signal = "BUY",
//                           .confidence = 0.85});
//
// Strings are views: they need to live only until publish() returns. An optional string that is
// empty, an optional number without a value and an empty optional Map are left out of the payload;
// required fields are always written. `extra` adds fields of your own at the end of the payload,
// `instrument` the contract's instrument fields. Units: prices in the instrument's currency,
// quantities in units (not lots), confidence 0..1, durations named with their unit.
//
// Every member has an initialiser, so that leaving some out draws no compiler warning.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include "tapedeck/detail/fields.hpp"
#include "tapedeck/map.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {

/// What a payload with a symbol may say about the instrument.
struct Instrument {
  std::string_view exchange{};
  std::optional<std::int64_t> instrument_token{};
  std::string_view segment{};
  std::string_view underlying{};
  std::string_view expiry{};  ///< YYYY-MM-DD
  std::optional<double> strike{};
  std::string_view option_type{};
  std::optional<std::int64_t> lot_size{};
  std::optional<double> tick_size{};
  std::string_view currency{};

  using fields =
      detail::FieldList<detail::Optional<"exchange", &Instrument::exchange>,
                        detail::Optional<"instrument_token", &Instrument::instrument_token>,
                        detail::Optional<"segment", &Instrument::segment>,
                        detail::Optional<"underlying", &Instrument::underlying>,
                        detail::Optional<"expiry", &Instrument::expiry>,
                        detail::Optional<"strike", &Instrument::strike>,
                        detail::Optional<"option_type", &Instrument::option_type>,
                        detail::Optional<"lot_size", &Instrument::lot_size>,
                        detail::Optional<"tick_size", &Instrument::tick_size>,
                        detail::Optional<"currency", &Instrument::currency>>;
};

/// A strategy decided to act (or, with HOLD, not to).
struct SignalEvent {
  std::string_view symbol{};
  std::string_view strategy_name{};
  std::string_view signal{};  ///< BUY, SELL, EXIT, HOLD
  std::optional<double> confidence{};
  std::string_view reason{};
  std::string_view timeframe{};
  std::optional<double> price{};  ///< at the decision
  std::string_view strategy_version{};
  std::string_view config_hash{};
  std::string_view order_symbol{};
  std::string_view order_exchange{};
  std::string_view correlation_id{};
  std::string_view round_trip_id{};
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "signal_event";
  using fields =
      detail::FieldList<detail::Required<"symbol", &SignalEvent::symbol>,
                        detail::Required<"strategy_name", &SignalEvent::strategy_name>,
                        detail::Required<"signal", &SignalEvent::signal>,
                        detail::Optional<"confidence", &SignalEvent::confidence>,
                        detail::Optional<"reason", &SignalEvent::reason>,
                        detail::Optional<"timeframe", &SignalEvent::timeframe>,
                        detail::Optional<"price", &SignalEvent::price>,
                        detail::Optional<"strategy_version", &SignalEvent::strategy_version>,
                        detail::Optional<"config_hash", &SignalEvent::config_hash>,
                        detail::Optional<"order_symbol", &SignalEvent::order_symbol>,
                        detail::Optional<"order_exchange", &SignalEvent::order_exchange>,
                        detail::Optional<"correlation_id", &SignalEvent::correlation_id>,
                        detail::Optional<"round_trip_id", &SignalEvent::round_trip_id>,
                        detail::Optional<"instrument", &SignalEvent::instrument>,
                        detail::Optional<"extra", &SignalEvent::extra>>;
};

/// The indicators a strategy computed for one candle.
struct IndicatorEvent {
  std::string_view symbol{};
  std::string_view timeframe{};
  Map indicators{};
  std::string_view strategy{};
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "indicator_event";
  using fields = detail::FieldList<detail::Required<"symbol", &IndicatorEvent::symbol>,
                                   detail::Required<"timeframe", &IndicatorEvent::timeframe>,
                                   detail::Required<"indicators", &IndicatorEvent::indicators>,
                                   detail::Optional<"strategy", &IndicatorEvent::strategy>,
                                   detail::Optional<"instrument", &IndicatorEvent::instrument>,
                                   detail::Optional<"extra", &IndicatorEvent::extra>>;
};

/// One transition of an order.
struct OrderEvent {
  std::string_view order_id{};
  std::string_view symbol{};
  std::string_view side{};  ///< BUY, SELL
  std::string_view
      status{};  ///< new, submitted, acknowledged, open, ..., filled, rejected (contract §6)
  std::optional<std::int64_t> qty{};
  std::optional<double> price{};
  std::optional<std::int64_t> filled_qty{};
  std::optional<std::int64_t> remaining_qty{};
  std::optional<double> avg_price{};
  std::string_view fill_id{};
  std::optional<std::int64_t> fill_qty{};
  std::optional<double> fill_price{};  ///< this fill's own
  std::string_view strategy{};
  std::string_view order_type{};  ///< MARKET, LIMIT, SL, SL-M
  std::string_view product{};
  std::string_view variety{};
  std::string_view validity{};
  std::optional<double> trigger_price{};
  std::optional<double> market_protection_pct{};
  std::string_view reason{};
  std::string_view reject_code{};
  std::string_view broker{};
  std::string_view broker_status{};
  std::string_view exchange_order_id{};
  std::string_view parent_order_id{};
  std::optional<std::int64_t> slice_no{};
  std::optional<std::int64_t> slice_count{};
  std::string_view basket_id{};
  std::string_view tag{};
  std::string_view algo_id{};
  Map charges{};
  std::string_view correlation_id{};
  std::string_view round_trip_id{};
  std::optional<Timestamp> decided_at{};
  std::optional<Timestamp> sent_at{};
  std::optional<Timestamp> acked_at{};
  std::optional<Timestamp> exchange_at{};
  std::optional<Timestamp> filled_at{};
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "order_event";
  using fields = detail::FieldList<
      detail::Required<"order_id", &OrderEvent::order_id>,
      detail::Required<"symbol", &OrderEvent::symbol>, detail::Required<"side", &OrderEvent::side>,
      detail::Required<"status", &OrderEvent::status>, detail::Optional<"qty", &OrderEvent::qty>,
      detail::Optional<"price", &OrderEvent::price>,
      detail::Optional<"filled_qty", &OrderEvent::filled_qty>,
      detail::Optional<"remaining_qty", &OrderEvent::remaining_qty>,
      detail::Optional<"avg_price", &OrderEvent::avg_price>,
      detail::Optional<"fill_id", &OrderEvent::fill_id>,
      detail::Optional<"fill_qty", &OrderEvent::fill_qty>,
      detail::Optional<"fill_price", &OrderEvent::fill_price>,
      detail::Optional<"strategy", &OrderEvent::strategy>,
      detail::Optional<"order_type", &OrderEvent::order_type>,
      detail::Optional<"product", &OrderEvent::product>,
      detail::Optional<"variety", &OrderEvent::variety>,
      detail::Optional<"validity", &OrderEvent::validity>,
      detail::Optional<"trigger_price", &OrderEvent::trigger_price>,
      detail::Optional<"market_protection_pct", &OrderEvent::market_protection_pct>,
      detail::Optional<"reason", &OrderEvent::reason>,
      detail::Optional<"reject_code", &OrderEvent::reject_code>,
      detail::Optional<"broker", &OrderEvent::broker>,
      detail::Optional<"broker_status", &OrderEvent::broker_status>,
      detail::Optional<"exchange_order_id", &OrderEvent::exchange_order_id>,
      detail::Optional<"parent_order_id", &OrderEvent::parent_order_id>,
      detail::Optional<"slice_no", &OrderEvent::slice_no>,
      detail::Optional<"slice_count", &OrderEvent::slice_count>,
      detail::Optional<"basket_id", &OrderEvent::basket_id>,
      detail::Optional<"tag", &OrderEvent::tag>, detail::Optional<"algo_id", &OrderEvent::algo_id>,
      detail::Optional<"charges", &OrderEvent::charges>,
      detail::Optional<"correlation_id", &OrderEvent::correlation_id>,
      detail::Optional<"round_trip_id", &OrderEvent::round_trip_id>,
      detail::Optional<"decided_at", &OrderEvent::decided_at>,
      detail::Optional<"sent_at", &OrderEvent::sent_at>,
      detail::Optional<"acked_at", &OrderEvent::acked_at>,
      detail::Optional<"exchange_at", &OrderEvent::exchange_at>,
      detail::Optional<"filled_at", &OrderEvent::filled_at>,
      detail::Optional<"instrument", &OrderEvent::instrument>,
      detail::Optional<"extra", &OrderEvent::extra>>;
};

/// A position after it changed, or a mark of it. position_size 0 = flat.
struct PositionEvent {
  std::string_view symbol{};
  std::int64_t position_size = 0;  ///< signed units
  std::optional<double> entry_price{};
  std::optional<double> last_price{};
  std::optional<double> realized_pnl{};
  std::optional<double> unrealized_pnl{};
  std::optional<double> day_pnl{};
  std::optional<double> charges{};
  std::string_view pnl_basis{};  ///< average, fifo
  std::string_view product{};
  std::string_view scope{};  ///< strategy, account
  std::string_view strategy{};
  std::string_view correlation_id{};
  std::string_view round_trip_id{};
  /// Units that a stop would close: by working stop orders, or all when the strategy that opened
  /// the position watches a stop of its own. Not of a flat position.
  std::optional<std::int64_t> protected_qty{};
  std::string_view protected_by{};           ///< order, strategy; empty: nothing
  std::optional<Timestamp> square_off_at{};  ///< when the engine closes it (MIS)
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "position_event";
  using fields =
      detail::FieldList<detail::Required<"symbol", &PositionEvent::symbol>,
                        detail::Required<"position_size", &PositionEvent::position_size>,
                        detail::Optional<"entry_price", &PositionEvent::entry_price>,
                        detail::Optional<"last_price", &PositionEvent::last_price>,
                        detail::Optional<"realized_pnl", &PositionEvent::realized_pnl>,
                        detail::Optional<"unrealized_pnl", &PositionEvent::unrealized_pnl>,
                        detail::Optional<"day_pnl", &PositionEvent::day_pnl>,
                        detail::Optional<"charges", &PositionEvent::charges>,
                        detail::Optional<"pnl_basis", &PositionEvent::pnl_basis>,
                        detail::Optional<"product", &PositionEvent::product>,
                        detail::Optional<"scope", &PositionEvent::scope>,
                        detail::Optional<"strategy", &PositionEvent::strategy>,
                        detail::Optional<"correlation_id", &PositionEvent::correlation_id>,
                        detail::Optional<"round_trip_id", &PositionEvent::round_trip_id>,
                        detail::Optional<"protected_qty", &PositionEvent::protected_qty>,
                        detail::Optional<"protected_by", &PositionEvent::protected_by>,
                        detail::Optional<"square_off_at", &PositionEvent::square_off_at>,
                        detail::Optional<"instrument", &PositionEvent::instrument>,
                        detail::Optional<"extra", &PositionEvent::extra>>;
};

/// How an engine is doing.
struct EngineHealth {
  std::string_view engine_name{};
  std::string_view status{};  ///< starting, active, degraded, error, stopped
  Map metrics{};
  Map extra{};

  static constexpr std::string_view type = "engine_health";
  using fields = detail::FieldList<detail::Required<"engine_name", &EngineHealth::engine_name>,
                                   detail::Required<"status", &EngineHealth::status>,
                                   detail::Required<"metrics", &EngineHealth::metrics>,
                                   detail::Optional<"extra", &EngineHealth::extra>>;
};

/// Why a strategy did what it did; HOLD and VETO too.
struct DecisionTrace {
  std::string_view strategy_name{};
  std::string_view symbol{};
  std::string_view decision{};  ///< BUY, SELL, EXIT, HOLD, VETO
  Map trace_data{};  ///< reason, confidence, timeframe, close_price, indicators, veto_by, veto_code
  std::string_view correlation_id{};
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "decision_trace";
  using fields =
      detail::FieldList<detail::Required<"strategy_name", &DecisionTrace::strategy_name>,
                        detail::Required<"symbol", &DecisionTrace::symbol>,
                        detail::Required<"decision", &DecisionTrace::decision>,
                        detail::Required<"trace_data", &DecisionTrace::trace_data>,
                        detail::Optional<"correlation_id", &DecisionTrace::correlation_id>,
                        detail::Optional<"instrument", &DecisionTrace::instrument>,
                        detail::Optional<"extra", &DecisionTrace::extra>>;
};

/// What a refresh of the universe found.
struct UniverseScan {
  std::string_view scan_type{};  ///< equity, fno
  std::int64_t universe_size = 0;
  Map summary{};  ///< exchange, instrument_types, counts by type, added, removed
  Map extra{};

  static constexpr std::string_view type = "universe_scan";
  using fields = detail::FieldList<detail::Required<"scan_type", &UniverseScan::scan_type>,
                                   detail::Required<"universe_size", &UniverseScan::universe_size>,
                                   detail::Required<"summary", &UniverseScan::summary>,
                                   detail::Optional<"extra", &UniverseScan::extra>>;
};

/// Profit, loss and what they are measured by.
struct PerformanceUpdate {
  Map metrics{};  ///< total_pnl, realized_pnl, unrealized_pnl, net_pnl, win_rate, max_drawdown, ...
  std::string_view scope{};
  std::string_view strategy{};
  std::string_view session_date{};  ///< YYYY-MM-DD
  Map extra{};

  static constexpr std::string_view type = "performance_update";
  using fields =
      detail::FieldList<detail::Required<"metrics", &PerformanceUpdate::metrics>,
                        detail::Optional<"scope", &PerformanceUpdate::scope>,
                        detail::Optional<"strategy", &PerformanceUpdate::strategy>,
                        detail::Optional<"session_date", &PerformanceUpdate::session_date>,
                        detail::Optional<"extra", &PerformanceUpdate::extra>>;
};

/// A candle that has closed.
struct CandleEvent {
  std::string_view symbol{};
  std::string_view timeframe{};
  Timestamp start{};
  double open = 0;
  double high = 0;
  double low = 0;
  double close = 0;
  std::int64_t volume = 0;
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "candle_event";
  using fields = detail::FieldList<
      detail::Required<"symbol", &CandleEvent::symbol>,
      detail::Required<"timeframe", &CandleEvent::timeframe>,
      detail::Required<"start", &CandleEvent::start>, detail::Required<"open", &CandleEvent::open>,
      detail::Required<"high", &CandleEvent::high>, detail::Required<"low", &CandleEvent::low>,
      detail::Required<"close", &CandleEvent::close>,
      detail::Required<"volume", &CandleEvent::volume>,
      detail::Optional<"instrument", &CandleEvent::instrument>,
      detail::Optional<"extra", &CandleEvent::extra>>;
};

/// An exchange segment entered a phase of its session.
struct SessionEvent {
  std::string_view exchange{};
  std::string_view segment{};
  std::string_view phase{};  ///< pre_open, continuous, closing_auction, post_close, closed, halted
  std::string_view group{};
  Map extra{};

  static constexpr std::string_view type = "session_event";
  using fields = detail::FieldList<detail::Required<"exchange", &SessionEvent::exchange>,
                                   detail::Required<"segment", &SessionEvent::segment>,
                                   detail::Required<"phase", &SessionEvent::phase>,
                                   detail::Optional<"group", &SessionEvent::group>,
                                   detail::Optional<"extra", &SessionEvent::extra>>;
};

/// An order to an engine, and what became of it.
struct CommandEvent {
  std::string_view command{};  ///< kill, resume, flatten, square_off, ...
  std::string_view target{};   ///< engine_id or *
  std::string_view state{};    ///< requested, done, refused, failed
  std::string_view reason{};
  std::string_view by{};
  Map extra{};

  static constexpr std::string_view type = "command_event";
  using fields = detail::FieldList<detail::Required<"command", &CommandEvent::command>,
                                   detail::Required<"target", &CommandEvent::target>,
                                   detail::Required<"state", &CommandEvent::state>,
                                   detail::Optional<"reason", &CommandEvent::reason>,
                                   detail::Optional<"by", &CommandEvent::by>,
                                   detail::Optional<"extra", &CommandEvent::extra>>;
};

/// A symbol the market data engine could not resolve; once per symbol.
struct MdeLookupFailure {
  std::string_view symbol{};
  std::string_view exchange_tried{};
  Map extra{};

  static constexpr std::string_view type = "mde_lookup_failure";
  using fields =
      detail::FieldList<detail::Required<"symbol", &MdeLookupFailure::symbol>,
                        detail::Required<"exchange_tried", &MdeLookupFailure::exchange_tried>,
                        detail::Optional<"extra", &MdeLookupFailure::extra>>;
};

/// Symbols that have been silent for more than 60 minutes of market time.
struct MdeStaleSymbols {
  std::int64_t count = 0;
  List symbols{};  ///< at most 10 of {symbol, timeframe, last_update, age_minutes}
  Map extra{};

  static constexpr std::string_view type = "mde_stale_symbols";
  using fields = detail::FieldList<detail::Required<"count", &MdeStaleSymbols::count>,
                                   detail::Required<"symbols", &MdeStaleSymbols::symbols>,
                                   detail::Optional<"extra", &MdeStaleSymbols::extra>>;
};

/// Free-form state of a market data engine.
struct MdeStatus {
  std::string_view mde_name{};
  std::string_view status{};
  Map metrics{};
  Map extra{};

  static constexpr std::string_view type = "mde_status";
  using fields = detail::FieldList<detail::Required<"mde_name", &MdeStatus::mde_name>,
                                   detail::Required<"status", &MdeStatus::status>,
                                   detail::Required<"metrics", &MdeStatus::metrics>,
                                   detail::Optional<"extra", &MdeStatus::extra>>;
};

/// The universe as a whole.
struct UniverseSummary {
  std::string_view universe_type{};
  Map summary{};
  Map extra{};

  static constexpr std::string_view type = "universe_summary";
  using fields =
      detail::FieldList<detail::Required<"universe_type", &UniverseSummary::universe_type>,
                        detail::Required<"summary", &UniverseSummary::summary>,
                        detail::Optional<"extra", &UniverseSummary::extra>>;
};

/// Market data that should have come and did not.
struct FeedGap {
  std::string_view symbol{};
  Timestamp from{};
  Timestamp to{};
  std::optional<std::int64_t> missed{};  ///< how many candles or samples
  std::string_view timeframe{};
  const Instrument* instrument = nullptr;
  Map extra{};

  static constexpr std::string_view type = "feed_gap";
  using fields = detail::FieldList<
      detail::Required<"symbol", &FeedGap::symbol>, detail::Required<"from", &FeedGap::from>,
      detail::Required<"to", &FeedGap::to>, detail::Optional<"missed", &FeedGap::missed>,
      detail::Optional<"timeframe", &FeedGap::timeframe>,
      detail::Optional<"instrument", &FeedGap::instrument>,
      detail::Optional<"extra", &FeedGap::extra>>;
};

/// An alert rule changed its state.
struct AlertEvent {
  std::string_view rule{};
  std::string_view state{};  ///< firing, resolved
  std::string_view severity{};
  std::string_view summary{};
  std::optional<double> value{};
  std::string_view event_id{};
  Map extra{};

  static constexpr std::string_view type = "alert_event";
  using fields = detail::FieldList<detail::Required<"rule", &AlertEvent::rule>,
                                   detail::Required<"state", &AlertEvent::state>,
                                   detail::Optional<"severity", &AlertEvent::severity>,
                                   detail::Optional<"summary", &AlertEvent::summary>,
                                   detail::Optional<"value", &AlertEvent::value>,
                                   detail::Optional<"event_id", &AlertEvent::event_id>,
                                   detail::Optional<"extra", &AlertEvent::extra>>;
};

/// Whether text may be an event type: 1 to 64 bytes of [A-Za-z0-9_.:-].
constexpr bool is_valid_event_type(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == ':' || c == '-';
    if (!allowed) return false;
  }
  return true;
}

/// Any other type; publish() refuses and counts one that is not valid.
struct GenericEvent {
  std::string_view event_type{};
  Map payload{};
};

namespace detail {

/// Every known type; a type's place in this list is its number inside the process.
using KnownEvents =
    std::tuple<SignalEvent, IndicatorEvent, OrderEvent, PositionEvent, EngineHealth, DecisionTrace,
               UniverseScan, PerformanceUpdate, CandleEvent, SessionEvent, CommandEvent,
               MdeLookupFailure, MdeStaleSymbols, MdeStatus, UniverseSummary, FeedGap, AlertEvent>;

inline constexpr std::size_t kKnownEventCount = std::tuple_size_v<KnownEvents>;

template <typename E, std::size_t I = 0>
constexpr std::size_t known_event_index() {
  if constexpr (I == kKnownEventCount) {
    return kKnownEventCount;
  } else if constexpr (std::same_as<E, std::tuple_element_t<I, KnownEvents>>) {
    return I;
  } else {
    return known_event_index<E, I + 1>();
  }
}

}  // namespace detail

template <typename E>
concept KnownEvent = detail::known_event_index<E>()
< detail::kKnownEventCount;

}  // namespace tapedeck
