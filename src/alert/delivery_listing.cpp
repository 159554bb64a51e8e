// What people see of the queue and do with it: lists, resending, discarding, figures.
#include <fmt/format.h>

#include <algorithm>

#include "alert/delivery_queue.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::alert {
namespace {

bool matches(const DeliveryEntry& entry, const Dispatcher::ListQuery& query) {
  if (!query.rule.empty() && !entry.is_about(query.rule)) return false;
  return query.target.empty() || query.target == entry.target() ||
         query.target == shown_target(entry.target());
}

Delivery shown(const DeliveryEntry& entry, bool dead) {
  Delivery out;
  out.notification = entry.message.notification;
  out.notification.target = shown_target(entry.target());  // a URL is a secret
  out.number = entry.number;
  out.attempts = entry.attempts;
  out.last_error = entry.last_error;
  out.next_try_ns = dead ? 0 : entry.next_try_ns;
  out.dead = dead;
  out.messages = entry.message.messages;
  return out;
}

/// One for each target that it was sent to.
template <typename Entries>
std::vector<std::uint64_t> numbers_of(const Entries& entries, std::string_view id) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, entry] : entries) {
    if (entry->id() == id) numbers.push_back(number);
  }
  return numbers;
}

Error no_such(std::string_view id, std::string_view which) {
  return {"not_found", fmt::format("there is no {} {}", which, id), "id"};
}

}  // namespace

std::vector<Delivery> DeliveryQueue::list(const Dispatcher::ListQuery& query) const {
  std::vector<Delivery> found;
  auto waiting = waiting_.begin();
  auto dead = dead_.begin();
  const bool want_waiting = !query.dead || !*query.dead;
  const bool want_dead = !query.dead || *query.dead;
  while (found.size() < query.limit) {
    const bool has_waiting = want_waiting && waiting != waiting_.end();
    const bool has_dead = want_dead && dead != dead_.end();
    if (!has_waiting && !has_dead) break;
    const bool is_dead = has_dead && (!has_waiting || dead->first < waiting->first);
    const DeliveryEntry& entry = *(is_dead ? dead++ : waiting++)->second;
    if (matches(entry, query)) found.push_back(shown(entry, is_dead));
  }
  return found;
}

std::optional<std::string> DeliveryQueue::revive(std::uint64_t number, Time now) {
  DeliveryEntry& dead = *dead_.at(number);
  std::string why_not;
  const TargetQueue* const queue = queue_of(dead.target(), now, why_not);
  if (queue == nullptr) return why_not;
  if (queue->size() >= options_.max_queued_per_target) {
    return fmt::format("{} messages wait for its target already", queue->size());
  }
  drop(kDead, dead);
  auto entry = take_dead(number);
  entry->number = ++last_number_;
  entry->attempts = 0;
  entry->last_error.clear();
  entry->not_before = {};
  entry->queued_ns = to_ns(tapedeck::now());
  entry->deadline = now + options_.retry_for;
  keep(kWaiting, *entry);
  enqueue(std::move(entry), now);
  return std::nullopt;
}

std::size_t DeliveryQueue::resend(const Dispatcher::ListQuery& query, Time now) {
  std::vector<std::uint64_t> numbers;
  if (!query.dead || *query.dead) {
    for (const auto& [number, entry] : dead_) {
      if (numbers.size() < query.limit && matches(*entry, query)) numbers.push_back(number);
    }
  }
  std::size_t resent = 0;
  for (const std::uint64_t number : numbers) resent += revive(number, now) ? 0U : 1U;
  save();
  return resent;
}

std::optional<Error> DeliveryQueue::resend(std::string_view id, Time now) {
  const std::vector<std::uint64_t> numbers = numbers_of(dead_, id);
  if (numbers.empty()) return no_such(id, "dead letter");
  std::optional<Error> error;
  for (const std::uint64_t number : numbers) {
    if (auto why_not = revive(number, now)) error = Error{"not_resent", std::move(*why_not), "id"};
  }
  save();
  return error;
}

std::optional<Error> DeliveryQueue::discard(std::string_view id, Time now) {
  const std::vector<std::uint64_t> dead = numbers_of(dead_, id), waiting = numbers_of(waiting_, id);
  for (const std::uint64_t number : dead) drop(kDead, *take_dead(number));
  for (const std::uint64_t number : waiting) {
    DeliveryEntry* const entry = waiting_.at(number).get();
    entry->discarded = entry->in_flight;
    drop(kWaiting, *entry);
    if (!entry->in_flight) remember(*take_out(*entry, now));
  }
  save();
  if (dead.empty() && waiting.empty()) return no_such(id, "delivery");
  return std::nullopt;
}

std::vector<TargetStatus> DeliveryQueue::targets() const {
  // Those that are shown alike (URLs of one host) are one.
  std::map<std::string, TargetStatus> by_name;
  for (const auto& [name, queue] : queues_) {
    const TargetStatus& from = queue->status;
    TargetStatus& to = by_name.try_emplace(from.name).first->second;
    to.name = from.name;
    to.format = from.format;
    to.queued += queue->size();
    to.delivered_total += from.delivered_total;
    to.failed_total += from.failed_total;
    to.digests_total += from.digests_total;
    to.last_delivered_ns = std::max(to.last_delivered_ns, from.last_delivered_ns);
    if (!from.last_error.empty()) to.last_error = from.last_error;
  }
  for (const auto& [name, count] : dead_of_) {
    const std::string shown_name = shown_target(name);
    TargetStatus& to = by_name.try_emplace(shown_name).first->second;
    to.name = shown_name;
    to.dead += count;
  }
  std::vector<TargetStatus> all;
  for (auto& [name, status] : by_name) all.push_back(std::move(status));
  return all;
}

}  // namespace tapedeck::alert
