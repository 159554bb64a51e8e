#include "alert/evaluator.hpp"

#include <algorithm>

#include "alert/evaluator_impl.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;

constexpr std::uint32_t when_handle(std::uint32_t rule) noexcept {
  return rule * 2;
}
constexpr std::uint32_t guard_handle(std::uint32_t rule) noexcept {
  return rule * 2 + 1;
}

/// What alerts publish themselves is never looked at: a rule could keep itself firing.
bool is_of_alerts(std::string_view type) noexcept {
  return type == "alert_event" || type == "alert_action";
}

}  // namespace

MinuteBudget::MinuteBudget(std::size_t per_minute, std::int64_t now)
    : each_ns_(kMinuteNs / static_cast<std::int64_t>(std::max<std::size_t>(per_minute, 1))),
      spent_to_(now - kMinuteNs) {}

bool MinuteBudget::take(std::int64_t at) noexcept {
  const std::int64_t spent = std::max(spent_to_, at - kMinuteNs);
  if (spent + each_ns_ > at) return false;
  spent_to_ = spent + each_ns_;
  return true;
}

std::int64_t MinuteBudget::next(std::int64_t at) const noexcept {
  return std::max(at + 1, spent_to_ + each_ns_);
}

Evaluator::Evaluator(AlertLimits limits, const market::TradingCalendar& calendar)
    : limits_(limits), calendar_(calendar) {}
Evaluator::~Evaluator() = default;

// --- rules ---

void Evaluator::add(CompiledRulePtr rule, Moment now) {
  const auto number = static_cast<std::uint32_t>(rules_.size());
  rules_.emplace_back();
  by_name_[rule->rule.name] = number;
  rules_[number] = std::make_unique<RuleState>(std::move(rule), number, limits_, calendar_, now);
  RuleState& state = *rules_[number];
  index_.add(state.compiled->when, when_handle(number));
  if (state.rule().only_while) index_.add(state.compiled->guard, guard_handle(number));
  if (!state.hours.is_always()) {
    with_hours_.push_back(&state);
    schedule_hours(state, now);
  }
  if (state.is_absence() && state.rule().group_by.empty()) {  // missed from now on
    if (GroupState* group = group_of(state, "[]", now)) settle(state, *group, now, nullptr);
  }
}

void Evaluator::remove(std::string_view name, Moment now) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  std::unique_ptr<RuleState>& state = rules_[found->second];
  for (auto& [id, group] : state->groups) {
    if (group.phase == Phase::firing) resolve(*state, group, now);
    changed_groups_[{state->rule().name, id}] = false;
  }
  std::erase(with_hours_, state.get());
  state.reset();
  by_name_.erase(found);
  rebuild_index();
}

void Evaluator::rebuild_index() {
  index_.clear();
  for (const auto& state : rules_) {
    if (state == nullptr) continue;
    index_.add(state->compiled->when, when_handle(state->number));
    if (state->rule().only_while) index_.add(state->compiled->guard, guard_handle(state->number));
  }
}

Evaluator::RuleState* Evaluator::find_rule(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : rules_[found->second].get();
}

// --- events ---

void Evaluator::look(const char* frame, const FrameIndex& index, std::int64_t at, std::int64_t age,
                     Moment now) {
  if (is_of_alerts({frame + index.type_offset(), index.type_length})) return;
  for (const std::uint32_t handle : index_.find(frame, index)) {
    RuleState& state = *rules_[handle / 2];
    const Sight sight{frame, index, at, age <= state.rule().max_age.count(), now};
    if (handle == guard_handle(state.number)) {
      see_guard(state, sight);
    } else {
      match(state, sight);
    }
  }
}

void Evaluator::see_guard(RuleState& state, const Sight& sight) {
  state.compiled->guard_id(scratch_, sight.frame, sight.index);
  auto found = state.guards.find(scratch_);
  const std::int64_t within = state.rule().only_while->within.count();
  if (found == state.guards.end()) {
    if (state.guards.size() >= limits_.max_groups) return;
    found = state.guards.emplace(scratch_, Guard{}).first;
    found->second.last = sight.at - within;
  }
  Guard& guard = found->second;
  const bool begins = guard.last + within <= sight.at;
  guard.last = std::max(guard.last, sight.at);
  if (!begins) return;
  guard.since = sight.at;
  guard.since_active = state.hours.active_time(sight.at);
  settle_all(state, sight.now, &found->first);
}

void Evaluator::match(RuleState& state, const Sight& sight) {
  ++state.figures.matches;
  const CompiledRule& compiled = *state.compiled;
  compiled.group_id(scratch_, sight.frame, sight.index);
  const auto known = state.groups.find(scratch_);
  if (compiled.forget != nullptr && compiled.forget->matches(sight.frame, sight.index)) {
    if (known != state.groups.end()) forget(state, known->second, sight.now);
    return;
  }
  GroupState* group = known == state.groups.end() ? nullptr : &known->second;
  if (!remember(state, sight, group)) return;
  if (state.is_every()) {
    match_every(state, *group, sight);
  } else {
    settle(state, *group, sight.now, &sight);
  }
}

/// Puts the event into what its rule remembers. @param group nullptr: not known yet; made when
/// there is something to remember
/// @return whether the group is to be looked at
bool Evaluator::remember(RuleState& state, const Sight& sight, GroupState*& group) {
  const Condition& condition = state.rule().condition;
  const auto old = [&] {
    ++state.figures.old;
    return false;
  };
  const auto need_group = [&] {
    if (group == nullptr) group = group_of(state, scratch_, sight.now);
    return group != nullptr;
  };
  if (state.is_absence()) {
    if (!need_group()) return false;
    group->seen_active = std::max(group->seen_active, state.hours.active_time(sight.at));
    return true;
  }
  if (state.is_every()) return sight.fresh ? need_group() : old();
  if (const auto* count = std::get_if<Count>(&condition)) {
    if (!sight.fresh) return old();
    if (!need_group()) return false;
    if (!group->times) group->times.emplace(count->at_least);
    group->times->add(sight.at);
    return true;
  }
  const Threshold& threshold = std::get<Threshold>(condition);
  std::optional<double> value = 1.0;
  if (state.compiled->value != nullptr) {
    value = state.compiled->value->number(sight.frame, sight.index);
    if (!value) return false;
  }
  if (threshold.aggregate == Aggregate::last) {
    const bool over = holds(threshold.comparison, *value, threshold.limit);
    if (over && !sight.fresh) return old();
    if (!over && group == nullptr) return false;
    if (!need_group()) return false;
    group->last = value;
    group->last_at = sight.at;
    return true;
  }
  if (!sight.fresh) return old();
  if (!need_group()) return false;
  if (!group->window) group->window.emplace(threshold.aggregate, threshold.window);
  group->window->add(sight.at, *value);
  return true;
}

// --- time ---

void Evaluator::advance(Moment now) {
  while (!due_.empty() && due_.top().at <= now.at) {
    const Due due = due_.top();
    due_.pop();
    RuleState* state = rules_[due.rule].get();
    if (state == nullptr) continue;
    if (due.group == kHours) {
      move_hours(*state, now.back_to(due.at));
      continue;
    }
    const auto found = state->by_number.find(due.group);
    if (found == state->by_number.end() || found->second->due != due.at) continue;
    GroupState& group = *found->second;
    group.due = kNever;
    const Moment then = now.back_to(due.at);
    if (state->is_every()) {
      due_every(*state, group, then);
    } else {
      settle(*state, group, then, nullptr);
    }
  }
  // A simulated market's clock goes at its own pace.
  for (RuleState* state : with_hours_) {
    if (state->hours.is_to_look(now)) move_hours(*state, now);
  }
}

void Evaluator::move_hours(RuleState& state, Moment at) {
  if (state.hours.move_to(at)) settle_all(state, at);
  schedule_hours(state, at);
}

void Evaluator::schedule_hours(RuleState& state, Moment now) {
  if (state.hours.until_market() == kNever) return;
  const std::int64_t wait = state.hours.until_market() - now.market;
  due_.push({now.at + std::max<std::int64_t>(wait, 1), state.number, kHours});
}

void Evaluator::settle_all(RuleState& state, Moment at, const std::string* guard_id) {
  std::vector<std::uint64_t> numbers;  // a group may go when it is settled
  for (const auto& [number, group] : state.by_number) {
    if (guard_id == nullptr || group->guard_id == *guard_id) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (const std::uint64_t number : numbers) {
    const auto found = state.by_number.find(number);
    if (found == state.by_number.end()) continue;
    if (state.is_every()) {
      due_every(state, *found->second, at);
    } else {
      settle(state, *found->second, at, nullptr);
    }
  }
}

void Evaluator::schedule(RuleState& state, GroupState& group, std::int64_t at) {
  if (at >= group.due) return;
  group.due = at;
  due_.push({at, state.number, group.number});
}

// --- groups ---

GroupState* Evaluator::group_of(RuleState& state, const std::string& id, Moment now) {
  const auto found = state.groups.find(id);
  if (found != state.groups.end()) return &found->second;
  if (state.groups.size() >= limits_.max_groups) {
    ++state.figures.dropped_groups;
    return nullptr;
  }
  GroupState& group = state.groups[id];
  group.number = next_group_++;
  group.id = id;
  group.group = state.compiled->group_of(id);
  if (state.rule().only_while) group.guard_id = state.compiled->guard_id(group.group);
  group.watched_since = now.at;
  group.seen_active = state.hours.active_time(now.at);
  state.by_number[group.number] = &group;
  if (state.is_absence()) mark(state, group);
  return &group;
}

void Evaluator::mark(RuleState& state, GroupState& group) {
  if (group.dirty) return;
  group.dirty = true;
  changed_groups_[{state.rule().name, group.id}] = true;
}

bool Evaluator::may_forget(const RuleState& state, GroupState& group, std::int64_t at) {
  if (group.phase != Phase::idle || group.suppressed > 0 || group.cooldown_until > at) return false;
  if (state.is_absence()) return false;
  if (state.is_every()) return true;
  if (const auto* count = std::get_if<Count>(&state.rule().condition)) {
    return !group.times || group.times->newest() + count->window.count() <= at;
  }
  if (!group.window) {
    return !judge_threshold(std::get<Threshold>(state.rule().condition), group, at).holds;
  }
  // Silence is what these rules are about.
  const auto& threshold = std::get<Threshold>(state.rule().condition);
  if (threshold.aggregate == Aggregate::count || threshold.aggregate == Aggregate::rate) {
    return !holds(threshold.comparison, 0, threshold.limit) && group.due == kNever;
  }
  return group.due == kNever;
}

void Evaluator::forget(RuleState& state, GroupState& group, Moment at) {
  if (group.phase == Phase::firing) resolve(state, group, at);
  state.count(group.phase, false);
  changed_groups_[{state.rule().name, group.id}] = false;
  state.by_number.erase(group.number);
  state.groups.erase(std::string(group.id));
}

// --- looking ---

Evaluator::RuleFigures Evaluator::figures(std::string_view rule) const {
  const RuleState* state = find_rule(rule);
  return state == nullptr ? RuleFigures{} : state->figures;
}

void Evaluator::for_each(const std::function<void(const CompiledRule&, GroupState&)>& visit) {
  for (const auto& state : rules_) {
    if (state == nullptr) continue;
    if (state->figures.pending + state->figures.firing == 0) continue;
    for (auto& [id, group] : state->groups) {
      if (group.phase != Phase::idle) visit(*state->compiled, group);
    }
  }
}

GroupState* Evaluator::find(std::string_view rule, std::uint64_t group) {
  RuleState* state = find_rule(rule);
  if (state == nullptr) return nullptr;
  const auto found = state->by_number.find(group);
  return found == state->by_number.end() ? nullptr : found->second;
}

GroupState* Evaluator::find(std::string_view rule, std::string_view group_id) {
  RuleState* state = find_rule(rule);
  if (state == nullptr) return nullptr;
  const auto found = state->groups.find(group_id);
  return found == state->groups.end() ? nullptr : &found->second;
}

void Evaluator::touch(std::string_view rule, GroupState& group) {
  if (RuleState* state = find_rule(rule)) mark(*state, group);
}

AlertStatus Evaluator::status(const CompiledRule& rule, const GroupState& group) const {
  AlertStatus status;
  status.alert_id = group.phase == Phase::pending ? std::string() : group.alert_id;
  status.rule = rule.rule.name;
  status.state = group.phase == Phase::firing ? AlertState::firing : AlertState::pending;
  status.severity = rule.rule.severity;
  status.group = group.group;
  status.summary = group.summary;
  status.value = group.value;
  status.event_id = group.event_id;
  status.since_ns = group.since_wall;
  status.fired_ns = group.phase == Phase::firing ? group.fired_wall : 0;
  status.suppressed = group.suppressed;
  status.acknowledged_by = group.acknowledged_by;
  status.acknowledged_ns = group.acknowledged_wall;
  return status;
}

}  // namespace tapedeck::alert
