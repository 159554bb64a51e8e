#include "universe/strike_watch.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace tapedeck::universe {
namespace {

std::vector<std::string> symbols_of(const StrikeWindow& window) {
  std::vector<std::string> symbols;
  for (const auto* part : {&window.futures, &window.calls, &window.puts}) {
    for (const market::InstrumentInfo* info : *part) symbols.push_back(info->symbol);
  }
  std::sort(symbols.begin(), symbols.end());
  return symbols;
}

std::vector<std::string> minus(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) {
  std::vector<std::string> rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

}  // namespace

StrikeWatch::StrikeWatch(std::vector<StrikeQuery> queries) : windows_(queries.size()) {
  for (StrikeQuery& query : queries) {
    windows_[spots_.size()].underlying = query.underlying;
    windows_[spots_.size()].problem = "there is no universe yet";
    spots_.push_back(Spot{std::move(query), {}, {}, 0, 0, 0, {}});
  }
}

std::vector<WindowChange> StrikeWatch::set_universe(std::shared_ptr<const Universe> universe) {
  universe_ = std::move(universe);
  std::vector<WindowChange> changes;
  for (std::size_t i = 0; i < spots_.size(); ++i) {
    Spot& spot = spots_[i];
    const market::InstrumentInfo* info = universe_->spot_of(spot.query.underlying);
    spot.exchange = info != nullptr ? info->exchange : "";
    // Not in the universe (a filter took it out): the underlying's own name.
    spot.symbol = info != nullptr ? info->symbol : spot.query.underlying;
    choose(i, changes);
  }
  return changes;
}

std::vector<WindowChange> StrikeWatch::on_price(std::string_view exchange, std::string_view symbol,
                                                double price) {
  std::vector<WindowChange> changes;
  if (!universe_ || !std::isfinite(price) || price <= 0) return changes;
  for (std::size_t i = 0; i < spots_.size(); ++i) {
    Spot& spot = spots_[i];
    if (spot.symbol != symbol) continue;
    if (!exchange.empty() && !spot.exchange.empty() && spot.exchange != exchange) continue;
    spot.price = price;
    if (price >= spot.low && price <= spot.high) continue;
    choose(i, changes);
  }
  return changes;
}

void StrikeWatch::choose(std::size_t index, std::vector<WindowChange>& changes) {
  Spot& spot = spots_[index];
  StrikeWindow window = universe_->select(spot.query, spot.price);
  // Without a second strike, or without any, no price can make a difference.
  const bool movable = window.step > 0;
  spot.low = movable ? spot.price - window.step : 0;
  spot.high = movable          ? spot.price + window.step
              : spot.price > 0 ? std::numeric_limits<double>::infinity()
                               : 0;
  std::vector<std::string> symbols = symbols_of(window);
  WindowChange change{index, minus(symbols, spot.symbols), minus(spot.symbols, symbols)};
  const bool is_news =
      !change.added.empty() || !change.removed.empty() || window.problem != windows_[index].problem;
  spot.symbols = std::move(symbols);
  windows_[index] = std::move(window);
  if (is_news) changes.push_back(std::move(change));
}

}  // namespace tapedeck::universe
