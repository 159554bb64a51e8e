// What can be watched or traded, keyed by exchange and symbol (INFY on NSE and INFY on BSE are two)
// as of a date: lot, tick and freeze quantity are those of the day the table was made for. What
// gives the signal need not be what is ordered: an index names the contract its signals are ordered
// in (order_exchange, order_symbol).
//
// Single-threaded: the feed that owns a table changes it, the engines of the same run read it.
// The address of an entry stays valid until it is removed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tapedeck/events.hpp"
#include "tapedeck/market/calendar.hpp"

namespace tapedeck::market {

struct InstrumentInfo {
  std::string symbol;
  std::string exchange = "NSE";  ///< NSE, BSE, NFO, BFO, ...
  std::string segment = "NSE";   ///< as Kite names it: NSE, INDICES, NFO-FUT, NFO-OPT
  std::string type = "EQ";       ///< EQ, INDEX, FUT, CE, PE
  std::string underlying;
  std::string expiry;          ///< YYYY-MM-DD, empty where there is none
  double strike = 0;           ///< of an option
  std::string order_exchange;  ///< with order_symbol; empty: the exchange that has it
  std::string order_symbol;    ///< what signals on this one are ordered in; empty: itself
  std::int64_t token = 0;      ///< instrument_token; 0: not known
  double tick_size = 0.05;
  std::int64_t lot_size = 1;
  std::int64_t freeze_qty = 0;  ///< the most units one order may have; 0: not known
  double lower_circuit = 0;     ///< the day's price band; 0: not known
  double upper_circuit = 0;
  SessionGroup group = SessionGroup::equity;
  /// An index value is no security. In a replay that has nothing else it may stand in for one, so
  /// that a strategy can be tried; its orders say so.
  bool tradable = true;
  bool stand_in = false;

  bool is_derivative() const noexcept { return group == SessionGroup::derivatives; }
  bool is_option() const noexcept { return type == "CE" || type == "PE"; }
  /// The instrument fields of an event; views into this object.
  tapedeck::Instrument event_fields() const noexcept;
};

/// Sorts by symbol, then exchange.
struct InstrumentKey {
  std::string symbol;
  std::string exchange;
};
struct InstrumentKeyView {
  std::string_view symbol;
  std::string_view exchange;
};
struct InstrumentKeyLess {
  using is_transparent = void;
  static InstrumentKeyView view(const InstrumentKey& key) noexcept {
    return {key.symbol, key.exchange};
  }
  static InstrumentKeyView view(InstrumentKeyView key) noexcept { return key; }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const noexcept {
    const InstrumentKeyView left = view(a), right = view(b);
    const int order = left.symbol.compare(right.symbol);
    return order != 0 ? order < 0 : left.exchange < right.exchange;
  }
};

class InstrumentTable {
 public:
  using Entries = std::map<InstrumentKey, InstrumentInfo, InstrumentKeyLess>;

  /// Where a symbol without an exchange is looked for, in this order.
  static constexpr std::array<std::string_view, 4> kLookupOrder{"NSE", "NFO", "BSE", "BFO"};

  /// @param exchange empty: the first of kLookupOrder, then any, that has the symbol
  const InstrumentInfo* find(std::string_view exchange, std::string_view symbol) const;
  /// Adds or replaces one.
  const InstrumentInfo& add(InstrumentInfo info);
  void remove(std::string_view exchange, std::string_view symbol);
  /// What orders for `info` are placed in: what it names, else itself.
  const InstrumentInfo& ordered_in(const InstrumentInfo& info) const;
  const Entries& all() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  Entries entries_;
};

/// The best guess for a symbol that comes without a table (replays): index names, `...FUT`,
/// `...CE`/`...PE` with digits, else a share. An index becomes a stand-in.
/// @param exchange empty: NSE, or NFO for a contract
InstrumentInfo infer_instrument(std::string_view symbol, IstDate date,
                                std::string_view exchange = {});

/// Contract sizes of the index derivatives at a date; 1 for an underlying that is not known.
std::int64_t lot_size_of(std::string_view underlying, IstDate date);

}  // namespace tapedeck::market
