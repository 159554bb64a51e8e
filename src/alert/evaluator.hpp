// Evaluator: asks rules about events and about time passing, and says what fires and what is over.
// It has no clock, thread or file of its own: whoever drives it gives the moment, so that history
// is judged as live events are, only faster.
//
// Not thread-safe. An event that concerns no rule costs some 50 ns, one that does some 100 ns a
// rule, whatever their number. Memory is bounded by AlertLimits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alert/active_hours.hpp"
#include "alert/alert_status.hpp"
#include "alert/compiled_rule.hpp"
#include "alert/group_state.hpp"
#include "alert/rule_index.hpp"
#include "base/text_hash.hpp"

namespace tapedeck::alert {

/// A group that fires (again, with `every`) or is over.
struct AlertChange {
  CompiledRulePtr rule;
  AlertStatus status;
  std::shared_ptr<const HeldEvent> event;  ///< null: none made it fire
  std::uint64_t group = 0;                 ///< GroupState::number; gone when the group is
  std::int64_t wall = 0;                   ///< when
  bool told = false;                       ///< of one that is over: its firing was notified
};

/// Lets so many a minute through, at first as many at once.
class MinuteBudget {
 public:
  MinuteBudget(std::size_t per_minute, std::int64_t now);
  bool take(std::int64_t at) noexcept;
  /// When take() will succeed.
  std::int64_t next(std::int64_t at) const noexcept;

 private:
  std::int64_t each_ns_;   // a minute's part
  std::int64_t spent_to_;  // the budget of a minute is full when this is a minute ago
};

class Evaluator {
 public:
  /// @param calendar must outlive it
  Evaluator(AlertLimits limits, const market::TradingCalendar& calendar);
  ~Evaluator();

  // --- rules; replacing one is removing and adding ---

  void add(CompiledRulePtr rule, Moment now);
  /// What fires of it is over.
  void remove(std::string_view name, Moment now);
  bool empty() const noexcept { return by_name_.empty(); }

  // --- events and time ---

  /// An event, in the order of the log. Time is to be advanced to its moment before.
  /// @param at when it happened, on the evaluator's clock, not before 0
  /// @param age how long ago that is, ns. Beyond a rule's max_age it fires nothing; it may still
  /// end what fires.
  void look(const char* frame, const FrameIndex& index, std::int64_t at, std::int64_t age,
            Moment now);
  /// What is due without an event. `now.at` must not go back.
  void advance(Moment now);
  /// What has changed since the last call, in order.
  std::vector<AlertChange> take_changes() { return std::exchange(changes_, {}); }

  // --- looking, and marks of people ---

  struct RuleFigures {
    std::uint64_t matches = 0, old = 0, firings = 0, suppressed = 0, dropped_groups = 0;
    std::int64_t last_fired_wall = 0;
    std::size_t pending = 0, firing = 0;
  };
  RuleFigures figures(std::string_view rule) const;
  /// Calls back for each group that is pending or firing.
  void for_each(const std::function<void(const CompiledRule&, GroupState&)>& visit);
  GroupState* find(std::string_view rule, std::uint64_t group);
  GroupState* find(std::string_view rule, std::string_view group_id);
  AlertStatus status(const CompiledRule& rule, const GroupState& group) const;
  /// What has been marked differs from what is kept.
  void touch(std::string_view rule, GroupState& group);

  // --- what survives a restart: groups that are pending, firing, cooling down or watched ---

  struct KeptGroup {
    std::string rule;
    std::string group_id;
    std::optional<std::string> state;  ///< JSON; nothing: forget it
  };
  std::vector<KeptGroup> take_changed_groups();
  /// A group as take_changed_groups() gave it, before events are looked at; what cannot be read or
  /// has no rule is left out. @return whether it was taken
  bool restore(std::string_view rule, std::string_view group_id, std::string_view state,
               Moment now);
  /// An event from before: it fills the windows of rules and nothing else.
  void warm(const char* frame, const FrameIndex& index, std::int64_t at, Moment now);
  /// The longest window of all rules, ns; 0: none has one.
  std::int64_t longest_window() const;
  /// After restore() and warm(): looks at every group.
  void resume(Moment now);

 private:
  struct RuleState;
  struct Guard;
  struct Verdict {
    bool holds = false;
    std::optional<double> value{};
    std::int64_t until = kNever;  ///< without another event it may be different then
  };
  static constexpr std::uint64_t kHours = 0;  // is no group's number
  struct Due {
    std::int64_t at;
    std::uint32_t rule;
    std::uint64_t group;  // or kHours: the edge of the rule's hours
    bool operator>(const Due& other) const noexcept { return at > other.at; }
  };
  struct Sight;  // of one event

  void match(RuleState& state, const Sight& sight);
  bool remember(RuleState& state, const Sight& sight, GroupState*& group);
  void see_guard(RuleState& state, const Sight& sight);
  void match_every(RuleState& state, GroupState& group, const Sight& sight);
  void due_every(RuleState& state, GroupState& group, Moment at);
  Verdict judge(RuleState& state, GroupState& group, std::int64_t at);
  Verdict judge_absence(RuleState& state, GroupState& group, std::int64_t at);
  Verdict judge_threshold(const Threshold& threshold, GroupState& group, std::int64_t at);
  Verdict gated(RuleState& state, GroupState& group, std::int64_t at, Verdict verdict);
  void settle(RuleState& state, GroupState& group, Moment at, const Sight* sight);
  /// @param guard_id only groups whose guard it is; nullptr: all
  void settle_all(RuleState& state, Moment at, const std::string* guard_id = nullptr);
  void begin(RuleState& state, GroupState& group, Moment at);
  std::int64_t try_to_fire(RuleState& state, GroupState& group, Moment at);
  void fire(RuleState& state, GroupState& group, Moment at);
  void resolve(RuleState& state, GroupState& group, Moment at);
  bool may_forget(const RuleState& state, GroupState& group, std::int64_t at);
  void move_hours(RuleState& state, Moment at);
  void schedule_hours(RuleState& state, Moment now);
  void forget(RuleState& state, GroupState& group, Moment at);
  GroupState* group_of(RuleState& state, const std::string& id, Moment now);
  void schedule(RuleState& state, GroupState& group, std::int64_t at);
  void mark(RuleState& state, GroupState& group);
  void rebuild_index();
  RuleState* find_rule(std::string_view name) const;

  const AlertLimits limits_;
  const market::TradingCalendar& calendar_;
  std::vector<std::unique_ptr<RuleState>> rules_;  // by number; null: removed
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> by_name_;
  RuleIndex index_;
  std::vector<RuleState*> with_hours_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<AlertChange> changes_;
  std::map<std::pair<std::string, std::string>, bool> changed_groups_;  // still there?
  std::uint64_t next_group_ = 1;
  std::string scratch_;
};

}  // namespace tapedeck::alert
