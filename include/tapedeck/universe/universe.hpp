// What can be watched and traded on a date: the instruments of a dump (or of a table) after a
// filter, and the questions traders ask of them: which expiries, which strikes around the money.
// Expiries and strikes are those that are listed, never computed.
//
// Immutable after construction: any thread may read. Building one from 100 000 rows takes about a
// tenth of a second; find() and select() a few binary searches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/instrument.hpp"
#include "tapedeck/universe/instrument_dump.hpp"
#include "tapedeck/universe/reference_data.hpp"

namespace tapedeck::universe {

/// What to keep. Each list: any of; an empty one: all; all lists have to agree.
struct UniverseFilter {
  std::vector<std::string> exchanges{};  ///< NSE, BSE, NFO, BFO, ...
  std::vector<std::string> segments{};   ///< NSE, INDICES, NFO-FUT, NFO-OPT, ...
  std::vector<std::string> types{};      ///< EQ, INDEX, FUT, CE, PE
  /// A derivative's underlying, an index by the name its derivatives use (NIFTY), a share's symbol.
  std::vector<std::string> underlyings{};
  std::vector<std::string> symbols{};
  /// Names of lists (NIFTY 50): shares on them and the derivatives of these shares.
  std::vector<std::string> lists{};
  std::vector<std::string> expiries{};  ///< YYYY-MM-DD; what has no expiry is kept
  /// 0 is the nearest listed expiry of the underlying, futures and options counted apart; what has
  /// no expiry is kept. An expiry may be named by date or by rank.
  std::vector<std::size_t> expiry_ranks{};
};

/// The index a family of derivatives is on, where the two have different names.
struct IndexName {
  std::string exchange;    ///< of the index
  std::string symbol;      ///< NIFTY 50
  std::string underlying;  ///< NIFTY
};
/// Names as Kite has them in 2025.
std::vector<IndexName> default_index_names();

/// What turns rows into instruments.
struct UniverseRules {
  UniverseFilter filter{};
  std::vector<SymbolList> lists{};
  std::vector<IndexName> index_names = default_index_names();
  FreezeTable freeze = FreezeTable::published();
};

struct StrikeQuery {
  std::string underlying{};
  std::size_t expiry_rank = 0;  ///< of the options, 0: nearest
  std::size_t strikes_each_side = 5;
  std::string exchange{};  ///< of the options; empty: NFO, else BFO
};

/// The contracts around the money. The pointers live as long as the universe.
struct StrikeWindow {
  std::string problem;  ///< why there is nothing, a sentence; empty when there is
  std::string exchange;
  std::string underlying;
  std::string expiry;
  double spot = 0;
  double at_the_money = 0;  ///< the listed strike nearest to spot, the lower of two equally near
  double step =
      0;  ///< from the money to the next listed strike, the shorter side; 0: there is none
  std::vector<const market::InstrumentInfo*> futures;  ///< the nearest not expiring before `expiry`
  std::vector<const market::InstrumentInfo*> calls;    ///< by strike
  std::vector<const market::InstrumentInfo*> puts;
};

class Universe {
 public:
  /// @param dump kept; only contracts that expire on `as_of` or later are taken
  /// @throws std::invalid_argument when the filter names a list that is not in `rules`
  Universe(std::shared_ptr<const InstrumentDump> dump, market::IstDate as_of,
           const UniverseRules& rules);
  /// The instruments of a table as they are; only the filter applies.
  Universe(const market::InstrumentTable& table, market::IstDate as_of, const UniverseRules& rules);

  market::IstDate as_of() const noexcept { return as_of_; }
  /// By exchange and symbol.
  std::span<const market::InstrumentInfo> all() const noexcept { return instruments_; }
  const market::InstrumentInfo* find(std::string_view exchange, std::string_view symbol) const;
  /// Listed expiries (YYYY-MM-DD, ascending) of an underlying's options or futures.
  std::vector<std::string_view> expiries(std::string_view exchange, std::string_view underlying,
                                         bool options) const;
  /// Futures and options around `spot` (in the instrument's currency).
  StrikeWindow select(const StrikeQuery& query, double spot) const;
  /// The index or share whose price is the spot of an underlying's derivatives; null: not in here.
  const market::InstrumentInfo* spot_of(std::string_view underlying) const;
  /// Adds what is in here to a table or replaces it there; nothing is removed, as engines may hold
  /// addresses of entries.
  void copy_into(market::InstrumentTable& table) const;

  /// Null when this was made from a table.
  const std::shared_ptr<const InstrumentDump>& dump() const noexcept { return dump_; }

 private:
  void index_derivatives();
  std::span<const std::uint32_t> contracts(std::string_view exchange, std::string_view underlying,
                                           bool options) const;
  void add_futures(StrikeWindow& window) const;
  void add_options(StrikeWindow& window, std::span<const std::uint32_t> listed,
                   std::size_t strikes_each_side) const;

  market::IstDate as_of_{};
  std::shared_ptr<const InstrumentDump> dump_;
  std::vector<market::InstrumentInfo> instruments_;
  /// Into instruments_: by exchange, underlying, futures first, expiry, strike, type.
  std::vector<std::uint32_t> derivatives_;
  std::vector<IndexName> index_names_;
};

/// Whether a row is still listed on a date.
inline bool is_live(const DumpRow& row, std::string_view as_of) noexcept {
  return row.expiry.empty() || row.expiry >= as_of;
}
/// Rows of a dump by exchange that are still listed on a date.
std::map<std::string, std::size_t, std::less<>> live_rows(const InstrumentDump& dump,
                                                          market::IstDate as_of);

}  // namespace tapedeck::universe
