// Keeps windows of strikes around the money: knows which prices move them and when one has to be
// chosen anew. Engine thread; a price that changes nothing costs a comparison of names and two of
// numbers for each window.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tapedeck/universe/universe.hpp"

namespace tapedeck::universe {

/// A window that was chosen anew and is another than before.
struct WindowChange {
  std::size_t index = 0;
  std::vector<std::string> added;
  std::vector<std::string> removed;
};

class StrikeWatch {
 public:
  explicit StrikeWatch(std::vector<StrikeQuery> queries);

  /// Chooses every window anew, at the last price of its spot.
  std::vector<WindowChange> set_universe(std::shared_ptr<const Universe> universe);
  std::vector<WindowChange> on_price(std::string_view exchange, std::string_view symbol,
                                     double price);
  const std::vector<StrikeWindow>& windows() const noexcept { return windows_; }
  const StrikeQuery& query(std::size_t index) const { return spots_[index].query; }

 private:
  struct Spot {
    StrikeQuery query;
    std::string exchange;
    std::string symbol;
    double price = 0;  // newest
    double low = 0;    // outside of low to high the window is chosen anew
    double high = 0;
    std::vector<std::string> symbols;  // in the window, sorted
  };

  void choose(std::size_t index, std::vector<WindowChange>& changes);

  std::shared_ptr<const Universe> universe_;
  std::vector<Spot> spots_;
  std::vector<StrikeWindow> windows_;
};

}  // namespace tapedeck::universe
