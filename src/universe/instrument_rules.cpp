#include "universe/instrument_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <tuple>

namespace tapedeck::universe {
namespace {

using market::InstrumentInfo;
using market::SessionGroup;

bool has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}
bool allows(const std::vector<std::string>& list, std::string_view name) {
  return list.empty() || has(list, name);
}

std::string_view underlying_of_index(const DumpRow& row, const std::vector<IndexName>& names) {
  for (const IndexName& name : names) {
    if (name.exchange == row.exchange && name.symbol == row.symbol) return name.underlying;
  }
  return row.symbol;
}

/// What one pass over the dump's derivatives tells about the cash market.
struct Derivatives {
  std::set<std::string_view> on_nfo;  // underlyings
  /// Nearest future by exchange and underlying.
  std::map<std::pair<std::string_view, std::string_view>, const DumpRow*> nearest_future;
};

Derivatives look_at_derivatives(const InstrumentDump& dump, std::string_view as_of) {
  Derivatives found;
  for (const DumpRow& row : dump.rows) {
    if (!row.is_derivative() || !is_live(row, as_of)) continue;
    if (row.exchange == "NFO") found.on_nfo.insert(row.name);
    if (row.type != "FUT") continue;
    const DumpRow*& nearest = found.nearest_future[{row.exchange, row.name}];
    if (nearest == nullptr || row.expiry < nearest->expiry) nearest = &row;
  }
  return found;
}

void set_index(InstrumentInfo& info, const DumpRow& row, const Derivatives& derivatives,
               const UniverseRules& rules) {
  info.type = "INDEX";
  info.group = SessionGroup::index;
  info.tradable = false;
  info.underlying = underlying_of_index(row, rules.index_names);
  const std::string_view market = row.exchange == "BSE" ? "BFO" : "NFO";
  const auto future = derivatives.nearest_future.find({market, info.underlying});
  if (future == derivatives.nearest_future.end()) return;
  info.order_exchange = market;
  info.order_symbol = future->second->symbol;
}

InstrumentInfo make_instrument(const DumpRow& row, const Derivatives& derivatives,
                               const UniverseRules& rules, market::IstDate as_of) {
  InstrumentInfo info;
  info.symbol = row.symbol;
  info.exchange = row.exchange;
  info.segment = row.segment;
  info.type = row.type;
  info.token = row.token;
  if (row.tick_size > 0) info.tick_size = row.tick_size;
  info.lot_size = std::max<std::int64_t>(row.lot_size, 1);
  if (row.segment == "INDICES") {
    set_index(info, row, derivatives, rules);
  } else if (row.is_derivative()) {
    info.group = SessionGroup::derivatives;
    info.underlying = row.name;
    info.expiry = row.expiry;
    info.strike = row.strike;
    info.freeze_qty = rules.freeze.at(row.name, as_of);
  } else if (row.exchange == "NSE" && derivatives.on_nfo.contains(row.symbol)) {
    info.group = SessionGroup::equity_fno;
  }
  return info;
}

/// Listed expiries by exchange, underlying and whether they are of options.
class ExpiryRanks {
 public:
  void learn(const std::vector<InstrumentInfo>& instruments) {
    for (const InstrumentInfo& info : instruments) {
      if (!info.expiry.empty()) expiries_[key(info)].insert(info.expiry);
    }
  }
  std::size_t rank(const InstrumentInfo& info) const {
    const auto& listed = expiries_.at(key(info));
    return static_cast<std::size_t>(std::distance(listed.begin(), listed.find(info.expiry)));
  }

 private:
  using Key = std::tuple<std::string, std::string, bool>;
  static Key key(const InstrumentInfo& info) {
    return {info.exchange, info.underlying, info.is_option()};
  }
  std::map<Key, std::set<std::string>> expiries_;
};

class Filter {
 public:
  Filter(const std::vector<InstrumentInfo>& instruments, const UniverseRules& rules)
      : filter_(rules.filter) {
    if (!filter_.expiry_ranks.empty()) ranks_.learn(instruments);
    for (const std::string& name : filter_.lists) {
      const auto list = std::find_if(rules.lists.begin(), rules.lists.end(),
                                     [&](const SymbolList& known) { return known.name == name; });
      if (list == rules.lists.end()) {
        throw std::invalid_argument(fmt::format("there is no list '{}'", name));
      }
      lists_.push_back(&*list);
    }
  }

  bool keeps(const InstrumentInfo& info) const {
    return allows(filter_.exchanges, info.exchange) && allows(filter_.segments, info.segment) &&
           allows(filter_.types, info.type) && allows(filter_.symbols, info.symbol) &&
           allows(filter_.underlyings, family_of(info)) && is_listed(info) && expires_in_time(info);
  }

 private:
  static const std::string& family_of(const InstrumentInfo& info) {
    return info.underlying.empty() ? info.symbol : info.underlying;
  }
  bool is_listed(const InstrumentInfo& info) const {
    if (lists_.empty()) return true;
    return std::any_of(lists_.begin(), lists_.end(), [&](const SymbolList* list) {
      return list->symbols.contains(family_of(info));
    });
  }
  bool expires_in_time(const InstrumentInfo& info) const {
    const auto& wanted = filter_.expiry_ranks;
    if (info.expiry.empty() || (filter_.expiries.empty() && wanted.empty())) return true;
    if (has(filter_.expiries, info.expiry)) return true;
    if (wanted.empty()) return false;
    return std::find(wanted.begin(), wanted.end(), ranks_.rank(info)) != wanted.end();
  }

  const UniverseFilter& filter_;
  std::vector<const SymbolList*> lists_;
  ExpiryRanks ranks_;  // only where ranks are asked for
};

}  // namespace

std::vector<IndexName> default_index_names() {
  return {{"NSE", "NIFTY 50", "NIFTY"},
          {"NSE", "NIFTY BANK", "BANKNIFTY"},
          {"NSE", "NIFTY FIN SERVICE", "FINNIFTY"},
          {"NSE", "NIFTY MID SELECT", "MIDCPNIFTY"},
          {"NSE", "NIFTY NEXT 50", "NIFTYNXT50"},
          {"BSE", "SNSX50", "SENSEX50"}};
}

std::vector<InstrumentInfo> make_instruments(const InstrumentDump& dump, market::IstDate as_of,
                                             const UniverseRules& rules) {
  const std::string date = market::format_date(as_of);
  const Derivatives derivatives = look_at_derivatives(dump, date);
  std::vector<InstrumentInfo> instruments;
  instruments.reserve(dump.rows.size());
  for (const DumpRow& row : dump.rows) {
    if (is_live(row, date)) {
      instruments.push_back(make_instrument(row, derivatives, rules, as_of));
    }
  }
  return instruments;
}

void apply_filter(std::vector<InstrumentInfo>& instruments, const UniverseRules& rules) {
  const Filter filter(instruments, rules);
  std::erase_if(instruments, [&](const InstrumentInfo& info) { return !filter.keeps(info); });
}

std::map<std::string, std::size_t, std::less<>> live_rows(const InstrumentDump& dump,
                                                          market::IstDate as_of) {
  const std::string date = market::format_date(as_of);
  std::map<std::string, std::size_t, std::less<>> counts;
  for (const DumpRow& row : dump.rows) {
    if (!is_live(row, date)) continue;
    auto at = counts.find(row.exchange);
    if (at == counts.end()) at = counts.emplace(row.exchange, 0).first;
    ++at->second;
  }
  return counts;
}

}  // namespace tapedeck::universe
