// What of the evaluator survives a restart, and how it is taken up again.
#include <fmt/format.h>

#include <algorithm>

#include "alert/evaluator.hpp"
#include "alert/evaluator_impl.hpp"
#include "auth/strict_json.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::alert {
namespace {

using auth::member_of;
using auth::StrictJson;
using auth::text_of;

std::string_view name_of(Phase phase) noexcept {
  return phase == Phase::firing ? "firing" : phase == Phase::pending ? "pending" : "idle";
}

std::string number_or_null(const std::optional<double>& value) {
  return value ? fmt::format("{}", *value) : "null";
}

std::string text_of_group(const GroupState& group) {
  return fmt::format(
      R"({{"phase":"{}","since":{},"fired":{},"cooldown_until":{},"alert_id":{},"summary":{},)"
      R"("value":{},"last":{},"event_id":{},"suppressed":{},"acknowledged_by":{},)"
      R"("acknowledged":{},"told":{},"told_at":{}}})",
      name_of(group.phase), group.since_wall, group.fired_wall, group.cooldown_wall,
      json::quoted(group.alert_id), json::quoted(group.summary), number_or_null(group.value),
      number_or_null(group.last), json::quoted(group.event_id), group.suppressed,
      json::quoted(group.acknowledged_by), group.acknowledged_wall, group.told, group.told_wall);
}

std::int64_t integer_in(StrictJson::Object object, std::string_view name) {
  std::int64_t value = 0;
  const auto element = member_of(object, name);
  return element && element->get(value) == simdjson::SUCCESS ? value : 0;
}

std::string text_in(StrictJson::Object object, std::string_view name) {
  const auto element = member_of(object, name);
  return element ? std::string(text_of(*element).value_or(std::string_view())) : std::string();
}

std::optional<double> number_in(StrictJson::Object object, std::string_view name) {
  double value = 0;
  const auto element = member_of(object, name);
  if (!element || element->get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

/// A moment of the wall clock on the evaluator's.
std::int64_t at_of(std::int64_t wall, Moment now) noexcept {
  return std::clamp(now.at - (now.wall - wall), now.at - kNever / 4, now.at + kNever / 4);
}

void read_group(StrictJson::Object object, Moment now, GroupState& group) {
  const std::string phase = text_in(object, "phase");
  group.phase = phase == "firing"    ? Phase::firing
                : phase == "pending" ? Phase::pending
                                     : Phase::idle;
  group.since_wall = integer_in(object, "since");
  group.since = at_of(group.since_wall, now);
  group.fired_wall = integer_in(object, "fired");
  group.fired_at = at_of(group.fired_wall, now);
  group.cooldown_wall = integer_in(object, "cooldown_until");
  if (group.fired_wall > 0) group.cooldown_until = at_of(group.cooldown_wall, now);
  group.alert_id = text_in(object, "alert_id");
  group.summary = text_in(object, "summary");
  group.value = number_in(object, "value");
  group.last = number_in(object, "last");
  group.event_id = text_in(object, "event_id");
  group.suppressed =
      static_cast<std::uint64_t>(std::max<std::int64_t>(integer_in(object, "suppressed"), 0));
  group.acknowledged_by = text_in(object, "acknowledged_by");
  group.acknowledged_wall = integer_in(object, "acknowledged");
  const auto told = member_of(object, "told");
  bool value = false;
  group.told = told && told->get(value) == simdjson::SUCCESS && value;
  group.told_wall = integer_in(object, "told_at");
}

}  // namespace

std::vector<Evaluator::KeptGroup> Evaluator::take_changed_groups() {
  std::vector<KeptGroup> out;
  out.reserve(changed_groups_.size());
  for (const auto& [key, there] : changed_groups_) {
    KeptGroup kept{key.first, key.second, std::nullopt};
    GroupState* group = there ? find(key.first, std::string_view(key.second)) : nullptr;
    if (group != nullptr) {
      group->dirty = false;
      kept.state = text_of_group(*group);
    }
    out.push_back(std::move(kept));
  }
  changed_groups_.clear();
  return out;
}

bool Evaluator::restore(std::string_view rule, std::string_view group_id, std::string_view text,
                        Moment now) {
  RuleState* state = find_rule(rule);
  StrictJson json;
  const auto object = json.parse_object(text);
  if (state == nullptr || !object) return false;
  const std::string id(group_id);
  // group_by may have been another when it was kept.
  if (state->compiled->group_id(state->compiled->group_of(id)) != id) return false;
  GroupState* group = group_of(*state, id, now);
  if (group == nullptr) return false;
  read_group(*object, now, *group);
  state->count(group->phase, true);
  group->last_at = now.at;  // as if just matched: what is over will be after its time
  if (const auto* absence = std::get_if<Absence>(&state->rule().condition);
      absence != nullptr && group->phase == Phase::firing) {
    group->seen_active -= absence->duration.count();
  }
  return true;
}

void Evaluator::warm(const char* frame, const FrameIndex& index, std::int64_t at, Moment now) {
  for (const std::uint32_t handle : index_.find(frame, index)) {
    RuleState& state = *rules_[handle / 2];
    const Condition& condition = state.rule().condition;
    const auto* threshold = std::get_if<Threshold>(&condition);
    const bool windowed = std::holds_alternative<Count>(condition) ||
                          (threshold != nullptr && threshold->aggregate != Aggregate::last);
    if (handle % 2 != 0 || !windowed) continue;
    const Sight sight{frame, index, at, true, now};
    state.compiled->group_id(scratch_, frame, index);
    const auto known = state.groups.find(scratch_);
    GroupState* group = known == state.groups.end() ? nullptr : &known->second;
    remember(state, sight, group);
  }
}

std::int64_t Evaluator::longest_window() const {
  std::int64_t longest = 0;
  for (const auto& state : rules_) {
    if (state == nullptr) continue;
    const Condition& condition = state->rule().condition;
    if (const auto* count = std::get_if<Count>(&condition)) {
      longest = std::max(longest, count->window.count());
    } else if (const auto* threshold = std::get_if<Threshold>(&condition);
               threshold != nullptr && threshold->aggregate != Aggregate::last) {
      longest = std::max(longest, threshold->window.count());
    }
  }
  return longest;
}

void Evaluator::resume(Moment now) {
  for (const auto& state : rules_) {
    if (state != nullptr) settle_all(*state, now);
  }
}

}  // namespace tapedeck::alert
