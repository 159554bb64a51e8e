// The evaluator's inner types, for its own sources.
#pragma once

#include <string>
#include <unordered_map>

#include "alert/evaluator.hpp"

namespace tapedeck::alert {

/// When events of `while` came.
struct Evaluator::Guard {
  std::int64_t since = 0;         ///< without a pause of `within`
  std::int64_t since_active = 0;  ///< the same as ActiveHours::active_time
  std::int64_t last = 0;
};

struct Evaluator::RuleState {
  RuleState(CompiledRulePtr rule, std::uint32_t rule_number, const AlertLimits& limits,
            const market::TradingCalendar& calendar, Moment now)
      : compiled(std::move(rule)),
        number(rule_number),
        hours(compiled->rule, calendar, now),
        budget(limits.max_firings_per_minute, now.at) {}

  const Rule& rule() const noexcept { return compiled->rule; }
  bool is_absence() const noexcept {
    return std::holds_alternative<Absence>(compiled->rule.condition);
  }
  bool is_every() const noexcept { return std::holds_alternative<Every>(compiled->rule.condition); }

  void move(GroupState& group, Phase to) noexcept {
    count(group.phase, false);
    group.phase = to;
    count(to, true);
  }
  void count(Phase phase, bool one_more) noexcept {
    const std::size_t step = one_more ? 1 : static_cast<std::size_t>(-1);
    if (phase == Phase::pending) figures.pending += step;
    if (phase == Phase::firing) figures.firing += step;
  }

  CompiledRulePtr compiled;
  std::uint32_t number;
  ActiveHours hours;
  MinuteBudget budget;
  std::unordered_map<std::string, GroupState, TextHash, std::equal_to<>> groups;
  std::unordered_map<std::uint64_t, GroupState*> by_number;
  std::unordered_map<std::string, Guard, TextHash, std::equal_to<>> guards;
  RuleFigures figures;
};

struct Evaluator::Sight {
  const char* frame;
  const FrameIndex& index;
  std::int64_t at;  ///< when it happened, on the evaluator's clock
  bool fresh;
  Moment now;
};

}  // namespace tapedeck::alert
