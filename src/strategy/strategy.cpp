#include "tapedeck/strategy/strategy.hpp"

namespace tapedeck::strategy {

std::string_view to_string(Action action) noexcept {
  switch (action) {
    case Action::buy:
      return "BUY";
    case Action::sell:
      return "SELL";
    case Action::exit:
      return "EXIT";
    case Action::hold:
      break;
  }
  return "HOLD";
}

const StrategyEntry* find_strategy(std::string_view name) {
  for (const StrategyEntry& entry : all_strategies()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string strategy_names() {
  std::string names;
  for (const StrategyEntry& entry : all_strategies()) {
    if (!names.empty()) names += ", ";
    names += entry.name;
  }
  return names;
}

}  // namespace tapedeck::strategy
