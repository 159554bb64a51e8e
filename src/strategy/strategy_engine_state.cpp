// What StrategyEngineV2 keeps in the StateStore: `engine`, `strategy/<name>` and
// `lane/<strategy>/<exchange>/<symbol>`.
#include <fmt/format.h>

#include "strategy/strategy_engine_impl.hpp"

namespace tapedeck::strategy {
namespace {

constexpr std::string_view kEngine = "engine";
constexpr std::string_view kStrategy = "strategy/";
constexpr std::string_view kLane = "lane/";
/// A lane with nothing in it: the store has no way to remove a name.
constexpr std::string_view kNothing = "{}";
/// How many ids are marked as given out at a time, so that not each of them has to be saved. A
/// crash leaves a hole of that many numbers, a stop none.
constexpr std::uint64_t kIdsReserved = 1000;
/// Where ids begin when it is not known which have been given out: nine digits, as many as fit.
constexpr std::uint64_t kIdsAfterDamage = 100'000'000;

}  // namespace

// --- restoring ---

void StrategyEngineV2::Impl::restore() {
  if (options_.state_store == nullptr) return;
  const auto saved = options_.state_store->load(publisher_.engine_id());
  if (const auto engine = saved.find(std::string(kEngine)); engine != saved.end()) {
    EngineMemory memory;
    const std::string problem = read_json(engine->second, memory);
    report_damage(kEngine, problem);
    if (!problem.empty()) first_ids_ = {kIdsAfterDamage, kIdsAfterDamage};
    killed_ = memory.killed;
    curve_ = memory.curve;
    if (memory.session_date) session_date_ = *memory.session_date;
    ids_.restart(memory.ids);
    reserved_ids_ = memory.ids;
  }
  for (StrategyState& strategy : strategies_) {
    const std::string name = fmt::format("{}{}", kStrategy, strategy.entry.name);
    if (const auto at = saved.find(name); at != saved.end()) {
      report_damage(name, read_json(at->second, strategy.memory));
    }
  }
  for (const auto& [name, value] : saved) {
    if (name.starts_with(kLane) && value != kNothing) restore_lane(name, value);
  }
}

void StrategyEngineV2::Impl::restore_lane(std::string_view name, const std::string& value) {
  const std::string_view rest = name.substr(kLane.size());
  const std::size_t first = rest.find('/');
  const std::size_t second = rest.find('/', first + 1);
  if (first == rest.npos || second == rest.npos || second + 1 == rest.size()) {
    report_damage(name, "its name is none");
    return;
  }
  LaneMemory memory;
  if (const std::string problem = read_json(value, memory); !problem.empty()) {
    report_damage(name, problem);
    return;
  }
  for (std::size_t i = 0; i < strategies_.size(); ++i) {
    if (strategies_[i].entry.name != rest.substr(0, first)) continue;
    SymbolState& state =
        state_of(rest.substr(first + 1, second - first - 1), rest.substr(second + 1));
    Lane& lane = state.lanes[i];
    lane.memory = memory;
    lane.unconfirmed = memory.order_out;
    lane.kept = true;
    if (memory.holding.size != 0) ++strategies_[i].open_positions;
  }
}

void StrategyEngineV2::Impl::report_damage(std::string_view name, std::string_view problem) {
  if (problem.empty()) return;
  if (!damage_.empty()) damage_ += "; ";
  damage_ += fmt::format("'{}' was not restored: {}", name, problem);
}

// --- saving ---

void StrategyEngineV2::Impl::save_engine() {
  if (options_.state_store == nullptr) return;
  const EngineMemory memory{killed_, session_date_, stopped_ ? ids_.counters() : reserved_ids_,
                            curve_};
  options_.state_store->save(publisher_.engine_id(), kEngine, to_json(memory));
}

void StrategyEngineV2::Impl::save_lane(const SymbolState& state, Lane& lane) {
  if (options_.state_store == nullptr) return;
  const bool keep = lane.memory.is_worth_keeping();
  if (!keep && !lane.kept) return;
  lane.kept = keep;
  const std::string name = fmt::format("{}{}/{}/{}", kLane, strategies_[lane.strategy].entry.name,
                                       state.info.exchange, state.info.symbol);
  options_.state_store->save(publisher_.engine_id(), name,
                             keep ? to_json(lane.memory) : std::string(kNothing));
}

void StrategyEngineV2::Impl::save_strategies() {
  if (options_.state_store == nullptr) return;
  for (StrategyState& strategy : strategies_) {
    if (!std::exchange(strategy.changed, false)) continue;
    options_.state_store->save(publisher_.engine_id(),
                               fmt::format("{}{}", kStrategy, strategy.entry.name),
                               to_json(strategy.memory));
  }
}

// --- ids ---

std::string StrategyEngineV2::Impl::new_decision_id() {
  if (ids_.counters().decisions >= reserved_ids_.decisions) {
    reserved_ids_.decisions = ids_.counters().decisions + kIdsReserved;
    save_engine();
  }
  return ids_.next_decision(now_);
}

std::string StrategyEngineV2::Impl::new_round_trip_id() {
  if (ids_.counters().round_trips >= reserved_ids_.round_trips) {
    reserved_ids_.round_trips = ids_.counters().round_trips + kIdsReserved;
    save_engine();
  }
  return ids_.next_round_trip(now_);
}

}  // namespace tapedeck::strategy
