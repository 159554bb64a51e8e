#include "alert/delivery_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "alert/rule.hpp"
#include "base/random.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::alert {
namespace {

std::int64_t wall_ns() {
  return to_ns(now());
}

std::string key_of(std::string_view target, std::string_view id) {
  return fmt::format("{}\n{}", target, id);
}

template <typename Use>
void for_each_key(const DeliveryEntry& entry, Use use) {
  use(key_of(entry.target(), entry.id()));
  for (const std::string& id : entry.message.part_ids) use(key_of(entry.target(), id));
}

}  // namespace

DeliveryQueue::DeliveryQueue(DeliveryOptions options, ValueStore* store, Time now) : store_(store) {
  configure(std::move(options), now);
  if (store_ == nullptr) return;
  load(kDead, now);
  load(kWaiting, now);
  save();
}

void DeliveryQueue::load(std::string_view owner, Time now) {
  for (auto& [name, value] : store_->load(owner)) {
    auto parsed = parse_entry(value);
    if (!parsed) {
      log_.push_back(fmt::format("alerts: what is kept as {} cannot be read: {}", name,
                                 parsed.error().message));
      continue;
    }
    auto entry = std::make_unique<DeliveryEntry>(std::move(parsed).value());
    last_number_ = std::max(last_number_, entry->number);
    if (owner == kDead) {
      remember(*entry);
      add_dead(std::move(entry));
      continue;
    }
    // The clock may have been set meanwhile; and the network may not be there yet.
    const auto passed =
        std::clamp<std::chrono::nanoseconds>(std::chrono::nanoseconds(wall_ns() - entry->queued_ns),
                                             std::chrono::nanoseconds(0), options_.retry_for);
    entry->deadline = now + std::max<std::chrono::nanoseconds>(options_.retry_for - passed,
                                                               options_.retry_longest);
    enqueue(std::move(entry), now);
  }
}

void DeliveryQueue::configure(DeliveryOptions options, Time now) {
  options_ = std::move(options);
  retry_wait_.set(options_.retry_first, options_.retry_longest);
  for (auto& [name, queue] : queues_) {
    auto target = find_target(name);
    if (target) {
      queue->set_target(std::move(target).value(), now);
    } else {
      queue->close();
    }
  }
  for (const Target& target : options_.targets) {
    if (!queues_.contains(target.name)) {
      queues_.emplace(target.name, std::make_unique<TargetQueue>(target, now));
    }
  }
  std::vector<DeliveryEntry*> lost;
  for (const auto& [number, entry] : waiting_) {
    if (queue_of(*entry).closed() && !entry->in_flight) lost.push_back(entry.get());
  }
  for (DeliveryEntry* const entry : lost) {
    bury_waiting(*entry, "the target is no longer configured", now);
  }
  std::erase_if(queues_,
                [](const auto& item) { return item.second->closed() && item.second->size() == 0; });
  save();
}

Result<Target> DeliveryQueue::find_target(std::string_view name_or_url) const {
  if (is_target_url(name_or_url)) {
    auto target = target_of_url(name_or_url, options_.secret);
    if (!target) return Error{"invalid_rule", target.error().message, "/notify"};
    return target;
  }
  for (const Target& target : options_.targets) {
    if (target.name == name_or_url) return target;
  }
  std::string names;
  for (const Target& target : options_.targets) {
    names += (names.empty() ? "" : ", ") + target.name;
  }
  return Error{"invalid_rule",
               fmt::format("there is no target {}; {}", name_or_url,
                           names.empty() ? "none is configured" : "there are " + names),
               "/notify"};
}

TargetQueue* DeliveryQueue::queue_of(const std::string& name_or_url, Time now,
                                     std::string& why_not) {
  const auto found = queues_.find(name_or_url);
  if (found != queues_.end() && !found->second->closed()) return found->second.get();
  auto target = find_target(name_or_url);
  if (!target) {
    why_not = target.error().message;
    return nullptr;
  }
  if (queues_.size() >= kMostTargets) forget_idle_targets();
  return queues_.emplace(name_or_url, std::make_unique<TargetQueue>(std::move(*target), now))
      .first->second.get();
}

void DeliveryQueue::forget_idle_targets() {
  std::erase_if(queues_, [](const auto& item) {
    return is_target_url(item.first) && item.second->size() == 0;
  });
}

bool DeliveryQueue::known(const std::string& key) const {
  return waiting_keys_.contains(key) || remembered_.contains(key);
}

void DeliveryQueue::remember(const DeliveryEntry& entry) {
  for_each_key(entry, [this](std::string key) {
    waiting_keys_.erase(key);
    if (!remembered_.insert(key).second) return;
    remembered_order_.push_back(std::move(key));
    if (remembered_order_.size() <= kRemembered) return;
    remembered_.erase(remembered_order_.front());
    remembered_order_.pop_front();
  });
}

void DeliveryQueue::say(const std::string& target, std::string sentence) {
  std::string& last = said_[target];
  if (last == sentence) return;
  log_.push_back(fmt::format("alerts: target {}: {}", shown_target(target), sentence));
  last = std::move(sentence);
}

void DeliveryQueue::keep(std::string_view owner, const DeliveryEntry& entry) {
  if (store_ == nullptr) return;
  changes_.push_back({std::string(owner), entry.stored_name(), entry_json(entry)});
}

void DeliveryQueue::drop(std::string_view owner, const DeliveryEntry& entry) {
  if (store_ == nullptr) return;
  changes_.push_back({std::string(owner), entry.stored_name(), std::nullopt});
}

void DeliveryQueue::save() {
  if (!changes_.empty()) store_->save(std::exchange(changes_, {}));
}

void DeliveryQueue::enqueue(std::unique_ptr<DeliveryEntry> owned, Time now) {
  DeliveryEntry& entry = *owned;
  std::string why_not;
  TargetQueue* const queue = queue_of(entry.target(), now, why_not);
  if (queue != nullptr && queue->size() >= options_.max_queued_per_target) {
    why_not = fmt::format("{} messages were waiting already", queue->size());
  }
  if (!why_not.empty()) {
    drop(kWaiting, entry);
    bury(std::move(owned), std::move(why_not));
    return;
  }
  for_each_key(entry, [this](std::string key) { waiting_keys_.insert(std::move(key)); });
  waiting_.emplace(entry.number, std::move(owned));
  queue->insert(entry, now);
}

bool DeliveryQueue::wants_resolved(const std::string& name_or_url, Time now) {
  std::string why_not;
  const TargetQueue* const queue = queue_of(name_or_url, now, why_not);
  return queue == nullptr || queue->target().send_resolved;
}

void DeliveryQueue::add(std::vector<Notification> notifications, Time now) {
  for (Notification& notification : notifications) {
    if (known(key_of(notification.target, notification.id))) continue;
    if (notification.state == "resolved" && !wants_resolved(notification.target, now)) continue;
    auto entry = std::make_unique<DeliveryEntry>();
    entry->number = ++last_number_;
    entry->queued_ns = wall_ns();
    entry->deadline = now + options_.retry_for;
    entry->message.notification = std::move(notification);
    keep(kWaiting, *entry);
    enqueue(std::move(entry), now);
  }
  save();
}

DeliveryEntry& DeliveryQueue::bundle(TargetQueue& queue, const std::vector<DeliveryEntry*>& parts,
                                     Time now) {
  auto owned = std::make_unique<DeliveryEntry>();
  DeliveryEntry& entry = *owned;
  entry.number = parts.front()->number;
  entry.queued_ns = parts.front()->queued_ns;
  entry.deadline = parts.front()->deadline;
  std::vector<Notification> notifications;
  for (DeliveryEntry* const part : parts) {
    drop(kWaiting, *part);
    notifications.push_back(take_out(*part, now)->message.notification);
  }
  entry.message =
      make_bundle(std::move(notifications), queue.target().format, "digest-" + random_hex(16));
  keep(kWaiting, entry);
  for_each_key(entry, [this](std::string key) { waiting_keys_.insert(std::move(key)); });
  waiting_.emplace(entry.number, std::move(owned));
  queue.insert(entry, now);
  ++queue.status.digests_total;
  return entry;
}

std::vector<DeliveryQueue::Start> DeliveryQueue::start(Time now) {
  std::vector<Start> starts;
  const std::size_t most = options_.max_connections_per_target;
  for (const auto& [name, queue] : queues_) {
    while (DeliveryEntry* entry = queue->next(now, most)) {
      const auto parts = queue->to_bundle(*entry);
      if (parts.size() > 1) entry = &bundle(*queue, parts, now);
      queue->begin(*entry, now);
      starts.push_back({entry, &queue->target()});
    }
  }
  save();
  return starts;
}

DeliveryQueue::Time DeliveryQueue::due(Time now) {
  Time first = TargetQueue::kNever;
  for (const auto& [name, queue] : queues_) {
    first = std::min(first, queue->due(now, options_.max_connections_per_target));
  }
  return first;
}

std::unique_ptr<DeliveryEntry> DeliveryQueue::take_out(DeliveryEntry& entry, Time now) {
  queue_of(entry).remove(entry, now);
  for_each_key(entry, [this](const std::string& key) { waiting_keys_.erase(key); });
  return std::move(waiting_.extract(entry.number).mapped());
}

void DeliveryQueue::finished(std::uint64_t number, const HttpAnswer& answer, Time now) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  DeliveryEntry& entry = *found->second;
  const std::string target = entry.target();
  TargetQueue& queue = queue_of(entry);
  const Verdict verdict = judge(answer, queue.target());
  if (answer.kind == HttpAnswer::Kind::answered) queue.reached();
  if (verdict.what == Verdict::What::delivered) {
    delivered(entry, queue, now);
  } else {
    failed(entry, queue, verdict, now);
  }
  if (queue.closed() && queue.size() == 0) queues_.erase(target);
  save();
}

void DeliveryQueue::delivered(DeliveryEntry& entry, TargetQueue& queue, Time now) {
  queue.end(entry, now);
  queue.status.delivered_total += entry.message.messages;
  queue.status.last_delivered_ns = wall_ns();
  queue.status.last_error.clear();
  const std::int64_t at_ns = entry.message.notification.at_ns;
  last_latency_ns_ = std::max<std::int64_t>(1, queue.status.last_delivered_ns - at_ns);
  if (said_.erase(entry.target()) > 0) {
    log_.push_back(fmt::format("alerts: target {}: works again", queue.status.name));
  }
  drop(kWaiting, entry);
  remember(*take_out(entry, now));
}

void DeliveryQueue::failed(DeliveryEntry& entry, TargetQueue& queue, const Verdict& verdict,
                           Time now) {
  ++entry.attempts;
  ++queue.status.failed_total;
  entry.last_error = queue.status.last_error = verdict.sentence;
  if (verdict.what == Verdict::What::retry_target) {
    const unsigned failures = queue.count_failure(entry, now);
    if (failures > 0) queue.wait_until(now + retry_wait_.after(failures));
    if (verdict.retry_after) queue.wait_until(now + *verdict.retry_after);
  }
  if (entry.discarded) {
    queue.end(entry, now);
    drop(kWaiting, entry);
    remember(*take_out(entry, now));
  } else if (verdict.what == Verdict::What::dead) {
    queue.end(entry, now);
    bury_waiting(entry, verdict.sentence, now);
  } else if (queue.closed()) {
    queue.end(entry, now);
    bury_waiting(entry, "the target is no longer configured", now);
  } else if (now >= entry.deadline) {
    queue.end(entry, now);
    bury_waiting(entry,
                 fmt::format("given up after {} attempts: {}", entry.attempts, verdict.sentence),
                 now);
  } else {
    wait_for_next(entry, queue, verdict, now);
  }
  if (queue.down()) bury_expired(queue, now);
}

void DeliveryQueue::wait_for_next(DeliveryEntry& entry, TargetQueue& queue, const Verdict& verdict,
                                  Time now) {
  if (verdict.what == Verdict::What::retry_target) {
    entry.not_before = queue.waits_until();
  } else {
    entry.not_before = now + retry_wait_.after(entry.attempts);
    if (verdict.retry_after) {
      entry.not_before = std::max<Time>(entry.not_before, now + *verdict.retry_after);
    }
  }
  const std::chrono::nanoseconds wait =
      std::max<std::chrono::nanoseconds>(std::chrono::nanoseconds(0), entry.not_before - now);
  entry.next_try_ns = wall_ns() + wait.count();
  queue.end(entry, now);
  keep(kWaiting, entry);
  if (!said_.contains(entry.target()))
    say(entry.target(), verdict.sentence + "; it is tried again");
}

void DeliveryQueue::bury_expired(TargetQueue& queue, Time now) {
  std::vector<DeliveryEntry*> expired;
  for (const auto& [number, entry] : waiting_) {
    if (entry->deadline <= now && !entry->in_flight && &queue_of(*entry) == &queue) {
      expired.push_back(entry.get());
    }
  }
  for (DeliveryEntry* const entry : expired) {
    bury_waiting(*entry, "given up, as the target did not answer: " + queue.status.last_error, now);
  }
}

void DeliveryQueue::bury_waiting(DeliveryEntry& entry, std::string reason, Time now) {
  drop(kWaiting, entry);
  bury(take_out(entry, now), std::move(reason));
}

void DeliveryQueue::bury(std::unique_ptr<DeliveryEntry> entry, std::string reason) {
  remember(*entry);
  say(entry->target(), "a message is a dead letter: " + reason);
  entry->last_error = std::move(reason);
  entry->next_try_ns = 0;
  keep(kDead, *entry);
  add_dead(std::move(entry));
  while (dead_.size() > options_.max_dead_letters) {
    drop(kDead, *take_dead(dead_.begin()->first));
    ++forgotten_;
  }
}

void DeliveryQueue::add_dead(std::unique_ptr<DeliveryEntry> entry) {
  ++dead_of_[entry->target()];
  dead_.emplace(entry->number, std::move(entry));
}

std::unique_ptr<DeliveryEntry> DeliveryQueue::take_dead(std::uint64_t number) {
  auto entry = std::move(dead_.extract(number).mapped());
  const auto count = dead_of_.find(entry->target());
  if (--count->second == 0) dead_of_.erase(count);
  return entry;
}

}  // namespace tapedeck::alert
