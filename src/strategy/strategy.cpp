#include "tapedeck/strategy/strategy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "market/random_source.hpp"

namespace tapedeck::strategy {
namespace {

const Parameter* find_parameter(const StrategyEntry& strategy, std::string_view name) {
  for (const Parameter& parameter : strategy.parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

std::string parameter_names(const StrategyEntry& strategy) {
  std::string names;
  for (const Parameter& parameter : strategy.parameters) {
    if (!names.empty()) names += ", ";
    names += parameter.name;
  }
  return names.empty() ? "none" : names;
}

}  // namespace

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

// --- what a strategy asks for ---

double StrategySetup::parameter(std::string_view name) const {
  const auto at = parameters_.find(name);
  if (at != parameters_.end()) return at->second;
  throw std::logic_error(fmt::format("the strategy does not declare the parameter '{}'", name));
}

ValueId StrategySetup::need(ValueId id) {
  needed_.push_back(id);
  entered_.push_back(id);
  return id;
}

MacdIds StrategySetup::macd(int fast, int slow, int signal) {
  const MacdIds ids = plan_.macd(fast, slow, signal);
  for (const ValueId id : {ids.line, ids.signal, ids.histogram}) need(id);
  return ids;
}

BollingerIds StrategySetup::bollinger(int period, double deviations) {
  const BollingerIds ids = plan_.bollinger(period, deviations);
  for (const ValueId id : {ids.upper, ids.middle, ids.lower}) need(id);
  return ids;
}

AdxIds StrategySetup::adx(int period) {
  const AdxIds ids = plan_.adx(period);
  for (const ValueId id : {ids.adx, ids.plus_di, ids.minus_di}) need(id);
  return ids;
}

SuperTrendIds StrategySetup::supertrend(int period, double multiplier) {
  const SuperTrendIds ids = plan_.supertrend(period, multiplier);
  for (const ValueId id : {ids.line, ids.direction}) need(id);
  return ids;
}

ValueId StrategySetup::vwap() {
  entered_.push_back(plan_.vwap());
  return entered_.back();
}

void StrategySetup::indicator(const IndicatorSpec& spec) {
  if (spec.kind == IndicatorKind::vwap) {
    vwap();
    return;
  }
  const std::size_t first = plan_.add(spec).index;
  for (std::size_t i = 0; i < IndicatorPlan::value_count(spec.kind); ++i) need({first + i});
}

// --- the table ---

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

std::string describe_parameters(const StrategyEntry& strategy) {
  std::string text;
  for (const Parameter& one : strategy.parameters) {
    text += fmt::format("  {} = {}  ({}..{}) {}\n", one.name, one.usual, one.least, one.most,
                        one.meaning);
  }
  return text;
}

ParameterValues complete_parameters(const StrategyEntry& strategy, const ParameterValues& set) {
  ParameterValues complete;
  for (const Parameter& one : strategy.parameters) complete.emplace(one.name, one.usual);
  for (const auto& [name, value] : set) {
    const Parameter* one = find_parameter(strategy, name);
    if (one == nullptr) {
      throw std::invalid_argument(fmt::format("strategy '{}' has no parameter '{}'; it has: {}",
                                              strategy.name, name, parameter_names(strategy)));
    }
    const bool in_range = value >= one->least && value <= one->most;  // false for NaN
    if (!in_range || (one->whole && value != std::floor(value))) {
      throw std::invalid_argument(fmt::format(
          "parameter '{}' of strategy '{}' must be a {}number within {}..{}, not {}", name,
          strategy.name, one->whole ? "whole " : "", one->least, one->most, value));
    }
    complete[name] = value;
  }
  return complete;
}

std::string config_hash_of(const StrategyEntry& strategy, const ParameterValues& complete) {
  std::string text = fmt::format("{} {}", strategy.name, strategy.version);
  for (const auto& [name, value] : complete) text += fmt::format(" {}={}", name, value);
  return fmt::format("{:016x}", market::hash_text(text.data(), text.size()));
}

}  // namespace tapedeck::strategy
