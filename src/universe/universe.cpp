#include "tapedeck/universe/universe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "universe/instrument_rules.hpp"

namespace tapedeck::universe {
namespace {

using market::InstrumentInfo;

auto listing_key(const InstrumentInfo& info) {
  return std::tuple<std::string_view, std::string_view>(info.exchange, info.symbol);
}

auto family_key(const InstrumentInfo& info) {
  return std::tuple<std::string_view, std::string_view, bool>(info.exchange, info.underlying,
                                                              info.is_option());
}

/// Where in the ascending strikes the money is: the nearest to spot, the lower of two equally near.
std::size_t nearest(const std::vector<double>& strikes, double spot) {
  const auto above = std::lower_bound(strikes.begin(), strikes.end(), spot);
  if (above == strikes.begin()) return 0;
  const auto at = static_cast<std::size_t>(above - strikes.begin());
  if (above == strikes.end() || spot - strikes[at - 1] <= strikes[at] - spot) return at - 1;
  return at;
}

double step_at(const std::vector<double>& strikes, std::size_t money) {
  const double below = money > 0 ? strikes[money] - strikes[money - 1] : 0;
  const double above = money + 1 < strikes.size() ? strikes[money + 1] - strikes[money] : 0;
  return below > 0 && above > 0 ? std::min(below, above) : std::max(below, above);
}

}  // namespace

Universe::Universe(std::shared_ptr<const InstrumentDump> dump, market::IstDate as_of,
                   const UniverseRules& rules)
    : as_of_(as_of),
      dump_(std::move(dump)),
      instruments_(make_instruments(*dump_, as_of, rules)),
      index_names_(rules.index_names) {
  apply_filter(instruments_, rules);
  index_derivatives();
}

Universe::Universe(const market::InstrumentTable& table, market::IstDate as_of,
                   const UniverseRules& rules)
    : as_of_(as_of), index_names_(rules.index_names) {
  instruments_.reserve(table.size());
  for (const auto& [key, info] : table.all()) instruments_.push_back(info);
  std::sort(instruments_.begin(), instruments_.end(),
            [](const auto& a, const auto& b) { return listing_key(a) < listing_key(b); });
  apply_filter(instruments_, rules);
  index_derivatives();
}

void Universe::index_derivatives() {
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    if (instruments_[i].is_derivative()) derivatives_.push_back(static_cast<std::uint32_t>(i));
  }
  const auto key = [this](std::uint32_t at) {
    const InstrumentInfo& info = instruments_[at];
    return std::tuple<std::string_view, std::string_view, bool, std::string_view, double,
                      std::string_view, std::uint32_t>(
        info.exchange, info.underlying, info.is_option(), info.expiry, info.strike, info.type, at);
  };
  std::sort(derivatives_.begin(), derivatives_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
}

const InstrumentInfo* Universe::find(std::string_view exchange, std::string_view symbol) const {
  const std::tuple key{exchange, symbol};
  const auto at = std::partition_point(instruments_.begin(), instruments_.end(),
                                       [&](const auto& info) { return listing_key(info) < key; });
  return at != instruments_.end() && listing_key(*at) == key ? &*at : nullptr;
}

std::span<const std::uint32_t> Universe::contracts(std::string_view exchange,
                                                   std::string_view underlying,
                                                   bool options) const {
  const std::tuple key{exchange, underlying, options};
  const auto begin =
      std::partition_point(derivatives_.begin(), derivatives_.end(),
                           [&](std::uint32_t at) { return family_key(instruments_[at]) < key; });
  const auto end = std::partition_point(begin, derivatives_.end(), [&](std::uint32_t at) {
    return family_key(instruments_[at]) == key;
  });
  return {begin, end};
}

std::vector<std::string_view> Universe::expiries(std::string_view exchange,
                                                 std::string_view underlying, bool options) const {
  std::vector<std::string_view> listed;
  for (const std::uint32_t at : contracts(exchange, underlying, options)) {
    const std::string& expiry = instruments_[at].expiry;
    if (listed.empty() || listed.back() != expiry) listed.push_back(expiry);
  }
  return listed;
}

StrikeWindow Universe::select(const StrikeQuery& query, double spot) const {
  StrikeWindow window;
  window.underlying = query.underlying;
  window.spot = spot;
  if (!std::isfinite(spot) || spot <= 0) {
    window.problem = fmt::format("the spot price of {} is not known", query.underlying);
    return window;
  }
  std::span<const std::uint32_t> listed;
  for (const std::string_view exchange : market::InstrumentTable::kLookupOrder) {
    window.exchange = query.exchange.empty() ? exchange : query.exchange;
    listed = contracts(window.exchange, query.underlying, true);
    if (!listed.empty() || !query.exchange.empty()) break;
  }
  if (listed.empty()) {
    window.problem = fmt::format("no options on '{}' are listed{}{}", query.underlying,
                                 query.exchange.empty() ? "" : " on ", query.exchange);
    window.exchange = query.exchange;
    return window;
  }
  const auto dates = expiries(window.exchange, query.underlying, true);
  if (query.expiry_rank >= dates.size()) {
    window.problem = fmt::format("'{}' has {} listed option expiries; there is no rank {}",
                                 query.underlying, dates.size(), query.expiry_rank);
    return window;
  }
  window.expiry = dates[query.expiry_rank];
  add_futures(window);
  add_options(window, listed, query.strikes_each_side);
  return window;
}

void Universe::add_futures(StrikeWindow& window) const {
  for (const std::uint32_t at : contracts(window.exchange, window.underlying, false)) {
    const InstrumentInfo& future = instruments_[at];
    if (future.expiry < window.expiry) continue;
    if (!window.futures.empty() && window.futures[0]->expiry != future.expiry) break;
    window.futures.push_back(&future);
  }
}

void Universe::add_options(StrikeWindow& window, std::span<const std::uint32_t> listed,
                           std::size_t strikes_each_side) const {
  std::vector<double> strikes;
  for (const std::uint32_t at : listed) {
    const InstrumentInfo& option = instruments_[at];
    if (option.expiry == window.expiry && (strikes.empty() || strikes.back() != option.strike)) {
      strikes.push_back(option.strike);
    }
  }
  const std::size_t money = nearest(strikes, window.spot);
  window.at_the_money = strikes[money];
  window.step = step_at(strikes, money);
  const double low = strikes[money - std::min(money, strikes_each_side)];
  const double high = strikes[money + std::min(strikes.size() - 1 - money, strikes_each_side)];
  for (const std::uint32_t at : listed) {
    const InstrumentInfo& option = instruments_[at];
    if (option.expiry != window.expiry || option.strike < low || option.strike > high) continue;
    (option.type == "CE" ? window.calls : window.puts).push_back(&option);
  }
}

const InstrumentInfo* Universe::spot_of(std::string_view underlying) const {
  for (const IndexName& name : index_names_) {
    if (name.underlying != underlying) continue;
    if (const InstrumentInfo* index = find(name.exchange, name.symbol)) return index;
  }
  for (const std::string_view exchange : {"NSE", "BSE"}) {
    if (const InstrumentInfo* same = find(exchange, underlying)) return same;
  }
  return nullptr;
}

void Universe::copy_into(market::InstrumentTable& table) const {
  for (const InstrumentInfo& info : instruments_) table.add(info);
}

}  // namespace tapedeck::universe
