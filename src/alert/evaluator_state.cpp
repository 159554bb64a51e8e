// The state machine of a group: idle, pending, firing, and back.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "alert/evaluator.hpp"
#include "alert/evaluator_impl.hpp"

namespace tapedeck::alert {
namespace {

/// A source that stays away for so long is not missed any more.
constexpr std::int64_t kForgetAbsentAfterNs = 24LL * 3600 * 1'000'000'000;

/// The same again when the same events are evaluated again after a crash.
std::string make_alert_id(const std::string& rule, const GroupState& group, std::int64_t wall) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xFFU) * 0x100000001b3;  // in no UTF-8: keeps texts apart
  };
  add(rule);
  add(group.id);
  add(group.event_id.empty() ? std::to_string(wall) : group.event_id);
  return fmt::format("{:016x}", hash);
}

std::uint64_t whole(std::optional<double> value) noexcept {
  return static_cast<std::uint64_t>(std::clamp(value.value_or(0), 0.0, 1e18));
}

}  // namespace

// --- what its condition says of a group ---

Evaluator::Verdict Evaluator::judge(RuleState& state, GroupState& group, std::int64_t at) {
  const Condition& condition = state.rule().condition;
  if (const auto* count = std::get_if<Count>(&condition)) {
    if (!group.times) return {};
    const std::int64_t window = count->window.count();
    const std::int64_t oldest = group.times->nth_newest();
    const auto value = static_cast<double>(group.times->count_after(at - window));
    if (oldest != kNever && oldest > at - window) return {true, value, oldest + window};
    return {false, value, std::max(group.times->newest() + window, at + 1)};
  }
  if (state.is_absence()) return judge_absence(state, group, at);
  return judge_threshold(std::get<Threshold>(condition), group, at);
}

Evaluator::Verdict Evaluator::judge_absence(RuleState& state, GroupState& group, std::int64_t at) {
  std::int64_t from = group.seen_active;
  if (state.rule().only_while) {
    const auto guard = state.guards.find(group.guard_id);
    if (guard == state.guards.end()) return {};
    from = std::max(from, guard->second.since_active);
  }
  const std::int64_t silent = std::max<std::int64_t>(state.hours.active_time(at) - from, 0);
  const std::int64_t allowed = std::get<Absence>(state.rule().condition).duration.count();
  const double seconds = static_cast<double>(silent) / 1e9;
  if (silent < allowed) {
    return {false, std::nullopt, state.hours.active() ? at + (allowed - silent) : kNever};
  }
  const bool forgettable = group.phase == Phase::firing && !state.rule().group_by.empty();
  return {true, seconds, forgettable ? group.fired_at + kForgetAbsentAfterNs : kNever};
}

Evaluator::Verdict Evaluator::judge_threshold(const Threshold& threshold, GroupState& group,
                                              std::int64_t at) {
  if (threshold.aggregate == Aggregate::last) {
    if (!group.last) return {};
    const std::int64_t window = threshold.window.count();
    const std::int64_t until = window == 0 ? kNever : group.last_at + window;
    if (until <= at) return {};
    return {holds(threshold.comparison, *group.last, threshold.limit), group.last, until};
  }
  if (!group.window) return {};
  const std::optional<double> value = group.window->value_at(at);
  Verdict verdict{false, value, group.window->next_change(at)};
  const bool counts =
      threshold.aggregate == Aggregate::count || threshold.aggregate == Aggregate::rate;
  const std::int64_t window_full = group.watched_since + threshold.window.count();
  if (counts && window_full > at) verdict.until = std::min(verdict.until, window_full);
  if (!value || (!counts && group.window->count_at(at) < threshold.min_count)) return verdict;
  // Too few is known only after a whole window.
  const bool may_hold =
      !counts || window_full <= at || holds(threshold.comparison, 1e300, threshold.limit);
  verdict.holds = may_hold && holds(threshold.comparison, *value, threshold.limit);
  return verdict;
}

/// The condition alone does not do it: its hours and `while` must agree.
Evaluator::Verdict Evaluator::gated(RuleState& state, GroupState& group, std::int64_t at,
                                    Verdict verdict) {
  if (!state.hours.active()) verdict.holds = false;
  if (!state.rule().only_while) return verdict;
  const auto guard = state.guards.find(group.guard_id);
  const std::int64_t until = guard == state.guards.end()
                                 ? INT64_MIN
                                 : guard->second.last + state.rule().only_while->within.count();
  if (until <= at) {
    verdict.holds = false;
    // Its return looks at every group.
    if (group.phase == Phase::idle && state.is_absence()) verdict.until = kNever;
  } else if (verdict.holds) {
    verdict.until = std::min(verdict.until, until);
  }
  return verdict;
}

// --- the state machine ---

void Evaluator::settle(RuleState& state, GroupState& group, Moment at, const Sight* sight) {
  if (state.is_absence() && group.phase == Phase::firing && !state.rule().group_by.empty() &&
      group.fired_at + kForgetAbsentAfterNs <= at.at) {
    forget(state, group, at);
    return;
  }
  const Verdict verdict = gated(state, group, at.at, judge(state, group, at.at));
  std::int64_t due = verdict.until;
  if (verdict.holds) {
    group.value = verdict.value;
    if (sight != nullptr && group.phase != Phase::firing) {
      group.event = std::make_shared<const HeldEvent>(sight->frame, sight->index);
    }
    if (group.phase == Phase::idle) begin(state, group, at);
    if (group.phase == Phase::pending) due = std::min(due, try_to_fire(state, group, at));
  } else if (group.phase == Phase::firing) {
    group.value = verdict.value;
    resolve(state, group, at);
  } else if (group.phase == Phase::pending) {
    state.move(group, Phase::idle);
    group.event.reset();
    mark(state, group);
  }
  if (group.phase == Phase::idle && group.cooldown_until > at.at) {
    due = std::min(due, group.cooldown_until);
  }
  schedule(state, group, due);
  if (may_forget(state, group, at.at)) forget(state, group, at);
}

void Evaluator::begin(RuleState& state, GroupState& group, Moment at) {
  state.move(group, Phase::pending);
  group.since = at.at;
  group.since_wall = at.wall;
  group.event_id = group.event == nullptr ? std::string() : std::string(group.event->id());
  if (group.since + state.rule().hold.count() < group.cooldown_until) {
    ++group.suppressed;
    ++state.figures.suppressed;
  }
  mark(state, group);
}

/// @return when to try again; kNever when it has fired
std::int64_t Evaluator::try_to_fire(RuleState& state, GroupState& group, Moment at) {
  const std::int64_t ready =
      std::max(group.since + state.rule().hold.count(), group.cooldown_until);
  if (at.at < ready) {
    MessageContext context{state.rule(), "pending", group.group, group.value};
    if (group.event != nullptr) {
      context.frame = group.event->frame.data();
      context.index = &group.event->index;
    }
    group.summary = state.compiled->message->render(context);
    return ready;
  }
  if (!state.budget.take(at.at)) return state.budget.next(at.at);
  fire(state, group, at);
  return kNever;
}

void Evaluator::fire(RuleState& state, GroupState& group, Moment at) {
  MessageContext context{state.rule(), "firing", group.group, group.value};
  context.count = state.is_every() ? group.suppressed + 1 : whole(group.value);
  context.suppressed = group.suppressed;
  if (group.event != nullptr) {
    context.frame = group.event->frame.data();
    context.index = &group.event->index;
    group.event_id = std::string(group.event->id());
  }
  if (group.phase != Phase::firing) {
    state.move(group, Phase::firing);
    group.alert_id = make_alert_id(state.rule().name, group, at.wall);
    group.fired_at = at.at;
    group.fired_wall = at.wall;
    group.acknowledged_by.clear();
    group.acknowledged_wall = 0;
  }
  group.told = false;
  group.cooldown_until = at.at + state.rule().cooldown.count();
  group.cooldown_wall = at.wall + state.rule().cooldown.count();
  group.summary = state.compiled->message->render(context);
  ++state.figures.firings;
  state.figures.last_fired_wall = at.wall;
  changes_.push_back(
      {state.compiled, status(*state.compiled, group), group.event, group.number, at.wall});
  group.suppressed = 0;
  group.event.reset();
  mark(state, group);
}

void Evaluator::resolve(RuleState& state, GroupState& group, Moment at) {
  // What it said of its event stays true; without one it can say how things are now.
  const MessageTemplate& message = *state.compiled->message;
  group.summary = message.needs_event()
                      ? "resolved: " + group.summary
                      : message.render({state.rule(), "resolved", group.group, group.value});
  AlertChange change{state.compiled, status(*state.compiled, group), nullptr, group.number, at.wall,
                     group.told};
  change.status.state = AlertState::resolved;
  change.status.resolved_ns = at.wall;
  changes_.push_back(std::move(change));
  state.move(group, Phase::idle);
  group.alert_id.clear();
  group.event.reset();
  mark(state, group);
}

// --- `every`: each match is told, as far as cooldown and budget let it ---

void Evaluator::match_every(RuleState& state, GroupState& group, const Sight& sight) {
  const Moment at = sight.now;
  if (!gated(state, group, at.at, {true}).holds) {
    if (may_forget(state, group, at.at)) forget(state, group, at);
    return;
  }
  group.last_at = at.at;
  group.event = std::make_shared<const HeldEvent>(sight.frame, sight.index);
  if (group.phase == Phase::idle) {
    group.since = at.at;
    group.since_wall = at.wall;
  }
  if (at.at >= group.cooldown_until && state.budget.take(at.at)) {
    fire(state, group, at);
    schedule(state, group, at.at + state.rule().resolve_after.count());
    return;
  }
  ++group.suppressed;
  ++state.figures.suppressed;
  schedule(state, group, std::max(group.cooldown_until, state.budget.next(at.at)));
}

void Evaluator::due_every(RuleState& state, GroupState& group, Moment at) {
  if (group.suppressed > 0 && at.at >= group.cooldown_until && state.budget.take(at.at)) {
    --group.suppressed;  // this one is told
    fire(state, group, at);
  }
  const std::int64_t over = group.last_at + state.rule().resolve_after.count();
  if (group.suppressed > 0) {
    schedule(state, group, std::max(group.cooldown_until, state.budget.next(at.at)));
  } else if (group.phase == Phase::firing && at.at >= over) {
    resolve(state, group, at);
  }
  if (group.phase == Phase::firing) schedule(state, group, over);
  if (group.phase == Phase::idle && group.cooldown_until > at.at) {
    schedule(state, group, group.cooldown_until);
  }
  if (may_forget(state, group, at.at)) forget(state, group, at);
}

}  // namespace tapedeck::alert
