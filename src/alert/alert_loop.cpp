// The service's thread: reads the log, lets time pass for the rules, tells what has changed.
#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "alert/alert_service_impl.hpp"

namespace tapedeck::alert {
namespace {

constexpr std::chrono::milliseconds kLookEvery{10};
constexpr ReadLimits kBatch{.events = 1000, .bytes = std::size_t{1} << 20};
/// After a crash or a long pause: older events would fire nothing.
constexpr std::uint64_t kMostBehind = 2'000'000;
/// Events of before the start that fill windows.
constexpr std::uint64_t kMostWarmed = 1'000'000;
constexpr std::int64_t kRemindEveryNs = 1'000'000'000;
constexpr std::int64_t kSaveAtOnceNs = 100'000'000;
constexpr const char* kPositionOwner = "alert_position";
constexpr const char* kGroupOwner = "alert_group";
constexpr char kSeparator = '\x1f';  // in no rule's name

std::int64_t steady_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

}  // namespace

void AlertService::Impl::run() {
  pthread_setname_np(pthread_self(), "td-alerts");
  for (;;) {
    const bool busy = turn();
    last_turn_ns.store(steady_ns(), std::memory_order_relaxed);
    std::unique_lock lock(mutex);
    if (stopping && (!busy || next_seq >= stop_seq)) return;
    if (busy) continue;
    wake.wait_for(lock, kLookEvery, [this] { return stopping; });
  }
}

void AlertService::Impl::take_up() {
  moment = clock.look();
  evaluated_at = moment.at;
  next_seq = tape.end_seq();
  if (store == nullptr) return;
  const auto position = store->load(kPositionOwner);
  if (const auto id = position.find("id"); id != position.end()) {
    const ResumePoint point = tape.resume_after(id->second);
    next_seq = std::min(next_seq, point.next);
    totals.missed_total += point.missed.value_or(0);
  }
  const std::uint64_t end = tape.end_seq();
  if (end - next_seq > kMostBehind) {
    totals.missed_total += end - next_seq - kMostBehind;
    next_seq = end - kMostBehind;
  }
  for (const auto& [key, state] : store->load(kGroupOwner)) {
    const std::size_t at = key.find(kSeparator);
    if (at == std::string::npos ||
        !evaluator.restore(key.substr(0, at), key.substr(at + 1), state, moment)) {
      store->save({{kGroupOwner, key, std::nullopt}});  // of a rule that is gone or another now
    }
  }
  warm_up(moment);
  evaluator.resume(moment);
}

void AlertService::Impl::warm_up(Moment now) {
  const std::int64_t window = evaluator.longest_window();
  if (window == 0) return;
  Filter recent;
  recent.since = from_ns(now.wall - window);
  const CompiledFilter filter(recent);
  SeqBounds bounds{std::max(tape.oldest_seq(), next_seq - std::min(next_seq, kMostWarmed)),
                   next_seq};
  try {
    while (bounds.first < bounds.end) {
      const Selection slice = tape.forward(filter, bounds, kBatch);
      for (const ScannedEvent& event : slice.items) {
        const std::int64_t age = clock.age_of(event.index->timestamp_ns);
        evaluator.warm(event.frame, *event.index, now.at - age, now);
      }
      if (slice.next <= bounds.first) return;
      bounds.first = slice.next;
    }
  } catch (const HistoryError& error) {
    options.log(fmt::format("alerts: windows begin empty: {}", error.what()));
  }
}

bool AlertService::Impl::turn() {
  std::vector<Notification> to_send;
  std::size_t read = 0;
  {
    const std::lock_guard lock(mutex);
    moment = clock.look();
    read = read_on(moment);
    if (next_seq == tape.end_seq()) {
      evaluated_at = moment.at;
      evaluator.advance(moment);
    }
    to_send = tell(moment);
    if (moment.at - reminded_at >= kRemindEveryNs) remind(moment, to_send);
    const std::int64_t since_saved = moment.at - saved_at;
    const std::int64_t interval = std::chrono::nanoseconds(options.limits.save_interval).count();
    if (since_saved >= (to_send.empty() ? interval : std::min(interval, kSaveAtOnceNs))) {
      save(moment);
    }
  }
  if (!to_send.empty()) dispatcher.send(std::move(to_send));
  return read > 0;
}

/// @return how many numbers were passed
std::size_t AlertService::Impl::read_on(Moment now) {
  const std::uint64_t end = tape.end_seq();
  if (next_seq >= end) return 0;
  const std::uint64_t from = next_seq;
  if (evaluator.empty()) {  // events are not even looked at
    next_seq = end;
    return 0;
  }
  try {
    const Selection slice = tape.forward({}, {next_seq, end}, kBatch);
    for (const ScannedEvent& event : slice.items) {
      const std::int64_t age = clock.age_of(event.index->timestamp_ns);
      // What is due before the event comes first, also when this thread lags behind.
      evaluated_at = std::max(evaluated_at, now.at - age);
      const Moment then = now.back_to(evaluated_at);
      evaluator.advance(then);
      evaluator.look(event.frame, *event.index, now.at - age, age, then);
    }
    totals.events_total += slice.items.size();
    totals.missed_total += slice.missing;
    next_seq = std::max(next_seq, slice.next);
  } catch (const HistoryError& error) {
    const std::uint64_t oldest = tape.log().first_seq();
    if (oldest > next_seq) {  // what only the history has cannot be read
      options.log(
          fmt::format("alerts: {} events were not looked at: {}", oldest - next_seq, error.what()));
      totals.missed_total += oldest - next_seq;
      next_seq = oldest;
    }
  }
  return static_cast<std::size_t>(next_seq - from);
}

std::vector<Notification> AlertService::Impl::tell(Moment now) {
  std::vector<Notification> out;
  for (const AlertChange& change : evaluator.take_changes()) {
    const bool fires = change.status.state == AlertState::firing;
    publish_change(bus, source, change);
    totals.firings_total += fires ? 1 : 0;
    if (!fires) remember_resolved(change);
    notify(change, now, out);
  }
  return out;
}

void AlertService::Impl::remember_resolved(const AlertChange& change) {
  resolved.push_back(change.status);
  if (resolved.size() > options.limits.max_resolved) resolved.pop_front();
}

void AlertService::Impl::notify(const AlertChange& change, Moment now,
                                std::vector<Notification>& out) {
  const Rule& rule = change.rule->rule;
  if (change.status.state == AlertState::resolved) {
    if (!change.told) return;
  } else {
    const std::string group_id = change.rule->group_id(change.status.group);
    if (silences.until(rule.name, group_id, now.wall) != 0) return;
    if (GroupState* group = evaluator.find(rule.name, change.group)) {
      group->told = true;
      group->told_wall = now.wall;
      group->repeated_wall.clear();
      evaluator.touch(rule.name, *group);
    }
  }
  for (const std::string& target : rule.notify) {
    out.push_back(notification_of(change, target, now.wall));
  }
}

void AlertService::Impl::remind(Moment now, std::vector<Notification>& out) {
  reminded_at = now.at;
  silences.expire(now.wall);
  evaluator.for_each([&](const CompiledRule& rule, GroupState& group) {
    if (group.phase == Phase::firing && !rule.rule.notify.empty()) {
      remind_group(rule, group, now, out);
    }
  });
}

void AlertService::Impl::remind_group(const CompiledRule& rule, GroupState& group, Moment now,
                                      std::vector<Notification>& out) {
  if (silences.until(rule.rule.name, group.id, now.wall) != 0) return;
  AlertChange change{nullptr, evaluator.status(rule, group), nullptr, group.number, now.wall};
  change.rule = book.entries().find(rule.rule.name)->second.compiled;
  if (!group.told) {
    notify(change, now, out);  // its silence is over
    return;
  }
  group.repeated_wall.resize(rule.rule.notify.size(), group.told_wall);
  for (std::size_t i = 0; i < rule.rule.notify.size(); ++i) {
    const std::string& target = rule.rule.notify[i];
    const Repeat repeat = dispatcher.repeat_of(target);
    const std::int64_t every = std::chrono::nanoseconds(repeat.every).count();
    const bool due = every > 0 && now.wall - group.repeated_wall[i] >= every;
    if (!due || (!group.acknowledged_by.empty() && !repeat.also_acknowledged)) continue;
    group.repeated_wall[i] = now.wall;
    Notification again = notification_of(change, target, now.wall);
    again.id += fmt::format("-{}", now.wall / kRemindEveryNs);
    out.push_back(std::move(again));
  }
}

void AlertService::Impl::save(Moment now) {
  saved_at = now.at;
  std::vector<Evaluator::KeptGroup> groups = evaluator.take_changed_groups();
  if (store == nullptr || (groups.empty() && saved_seq == next_seq)) return;
  std::vector<ValueStore::Change> changes;
  changes.reserve(groups.size() + 1);
  for (Evaluator::KeptGroup& group : groups) {
    changes.push_back(
        {kGroupOwner, group.rule + kSeparator + group.group_id, std::move(group.state)});
  }
  if (next_seq > tape.log().begin_seq() || saved_seq != 0) {
    changes.push_back({kPositionOwner, "id", tape.id_of(next_seq - 1)});
  }
  saved_seq = next_seq;
  store->save(std::move(changes));
}

}  // namespace tapedeck::alert
