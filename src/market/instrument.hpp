// What can be watched or traded, keyed by symbol. What gives the signal need not be what is
// ordered: an index names the contract its signals are ordered in (order_symbol).
//
// Single-threaded: the feed that owns a table changes it, the engines of the same run read it.
// The address of an entry stays valid until it is removed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "market/calendar.hpp"
#include "tapedeck/events.hpp"

namespace tapedeck::market {

struct InstrumentInfo {
  std::string symbol;
  std::string exchange = "NSE";  ///< NSE, NFO
  std::string segment = "NSE";   ///< as Kite names it: NSE, INDICES, NFO-FUT, NFO-OPT
  std::string type = "EQ";       ///< EQ, INDEX, FUT, CE, PE
  std::string underlying;
  std::string expiry;        ///< YYYY-MM-DD, empty where there is none
  std::string order_symbol;  ///< what signals on this one are ordered in; empty: itself
  double tick_size = 0.05;
  std::int64_t lot_size = 1;
  SessionGroup group = SessionGroup::equity;
  /// An index value is no security. In a replay that has nothing else it may stand in for one, so
  /// that a strategy can be tried; its orders say so.
  bool tradable = true;
  bool stand_in = false;

  bool is_derivative() const noexcept { return group == SessionGroup::derivatives; }
  /// The instrument fields of an event; views into this object.
  tapedeck::Instrument event_fields() const noexcept;
};

class InstrumentTable {
 public:
  const InstrumentInfo* find(std::string_view symbol) const {
    const auto at = by_symbol_.find(symbol);
    return at == by_symbol_.end() ? nullptr : &at->second;
  }
  /// Adds or replaces one.
  const InstrumentInfo& add(InstrumentInfo info);
  void remove(std::string_view symbol);
  /// In the order of symbols.
  const std::map<std::string, InstrumentInfo, std::less<>>& all() const noexcept {
    return by_symbol_;
  }
  std::size_t size() const noexcept { return by_symbol_.size(); }

 private:
  std::map<std::string, InstrumentInfo, std::less<>> by_symbol_;
};

/// The best guess for a symbol that comes without a table (replays): index names, `...FUT`,
/// `...CE`/`...PE` with digits, else a share. An index becomes a stand-in.
InstrumentInfo infer_instrument(std::string_view symbol, IstDate date);

/// Contract sizes of the index derivatives at a date; 1 for an underlying that is not known.
std::int64_t lot_size_of(std::string_view underlying, IstDate date);

}  // namespace tapedeck::market
