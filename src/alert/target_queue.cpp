#include "alert/target_queue.hpp"

#include <algorithm>

namespace tapedeck::alert {

TargetQueue::TargetQueue(Target target, Time now)
    : target_(std::move(target)), bucket_(target_.max_per_minute, now) {
  status.name = shown_target(target_.name);
  status.format = target_.format;
}

void TargetQueue::set_target(Target target, Time now) {
  if (target.url != target_.url) {
    failures_ = 0;
    wait_until_ = {};
  }
  if (target.max_per_minute != target_.max_per_minute) {
    bucket_ = TokenBucket(target.max_per_minute, now);
  }
  target_ = std::move(target);
  status.format = target_.format;
  closed_ = false;
}

std::vector<std::string> TargetQueue::lanes_of(const DeliveryEntry& entry) const {
  if (!entry.message.several()) return {entry.message.notification.rule};
  std::vector<std::string> rules;
  for (const auto& [rule, count] : entry.message.rules) rules.push_back(rule);
  return rules;
}

bool TargetQueue::is_first(const DeliveryEntry& entry) const {
  const auto rules = lanes_of(entry);
  return std::all_of(rules.begin(), rules.end(),
                     [&](const std::string& rule) { return lanes_.at(rule).front() == &entry; });
}

void TargetQueue::offer(DeliveryEntry& entry, Time now) {
  if (entry.in_flight || !is_first(entry)) return;
  if (entry.not_before <= now) {
    ready_.emplace(entry.number, &entry);
  } else {
    waiting_.emplace(std::pair(entry.not_before, entry.number), &entry);
  }
}

void TargetQueue::withdraw(const DeliveryEntry& entry) {
  ready_.erase(entry.number);
  waiting_.erase({entry.not_before, entry.number});
}

void TargetQueue::insert(DeliveryEntry& entry, Time now) {
  for (const std::string& rule : lanes_of(entry)) {
    Lane& lane = lanes_[rule];
    auto at = lane.end();  // a bundle takes the place of what it stands for
    while (at != lane.begin() && (*(at - 1))->number > entry.number) --at;
    if (at == lane.begin() && !lane.empty()) withdraw(*lane.front());
    lane.insert(at, &entry);
  }
  ++size_;
  offer(entry, now);
}

void TargetQueue::remove(DeliveryEntry& entry, Time now) {
  withdraw(entry);
  std::vector<DeliveryEntry*> next;
  for (const std::string& rule : lanes_of(entry)) {
    const auto found = lanes_.find(rule);
    Lane& lane = found->second;
    const bool was_first = lane.front() == &entry;
    lane.erase(std::find(lane.begin(), lane.end(), &entry));
    if (lane.empty()) {
      lanes_.erase(found);
    } else if (was_first) {
      next.push_back(lane.front());
    }
  }
  --size_;
  for (DeliveryEntry* const one : next) offer(*one, now);
}

void TargetQueue::promote(Time now) {
  while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
    DeliveryEntry* const entry = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    ready_.emplace(entry->number, entry);
  }
}

std::size_t TargetQueue::may_be_under_way(std::size_t max_connections) const noexcept {
  return down() ? 1 : max_connections;
}

DeliveryEntry* TargetQueue::next(Time now, std::size_t max_connections) {
  if (size_ == in_flight_ || closed_ || now < wait_until_ ||
      in_flight_ >= may_be_under_way(max_connections)) {
    return nullptr;
  }
  promote(now);
  if (ready_.empty()) return nullptr;
  if (!bucket_.has_one(now)) {
    out_of_tokens_ = true;
    return nullptr;
  }
  if (!down()) return ready_.begin()->second;
  // Another one each time: if one message is what the target cannot bear, the others get through.
  const auto least_tried = std::min_element(
      ready_.begin(), ready_.end(),
      [](const auto& a, const auto& b) { return a.second->attempts < b.second->attempts; });
  return least_tried->second;
}

std::vector<DeliveryEntry*> TargetQueue::to_bundle(DeliveryEntry& first) {
  const bool waited = out_of_tokens_;
  if (!waited || first.attempts > 0 || first.message.several()) return {&first};
  std::vector<DeliveryEntry*> parts;
  for (const auto& [rule, lane] : lanes_) {
    if (lane.front()->in_flight || lane.front()->attempts > 0) continue;
    for (DeliveryEntry* const entry : lane) {
      if (entry->message.several()) break;
      parts.push_back(entry);
    }
  }
  std::sort(parts.begin(), parts.end(),
            [](const auto* a, const auto* b) { return a->number < b->number; });
  const bool takes_list = target_.format == Format::alertmanager;
  if (takes_list && parts.size() > kMostInList) {
    parts.resize(kMostInList);
  } else {
    out_of_tokens_ = false;
  }
  return parts;
}

void TargetQueue::begin(DeliveryEntry& entry, Time now) {
  withdraw(entry);
  entry.in_flight = true;
  entry.started = now;
  ++in_flight_;
  bucket_.take();
}

void TargetQueue::end(DeliveryEntry& entry, Time now) {
  entry.in_flight = false;
  --in_flight_;
  offer(entry, now);
}

TargetQueue::Time TargetQueue::due(Time now, std::size_t max_connections) {
  if (size_ == in_flight_ || closed_ || in_flight_ >= may_be_under_way(max_connections)) {
    return kNever;
  }
  Time at = kNever;
  if (!ready_.empty()) {
    at = now;
  } else if (!waiting_.empty()) {
    at = waiting_.begin()->first.first;
  }
  if (at == kNever) return at;
  return std::max({at, wait_until_, bucket_.next(now)});
}

unsigned TargetQueue::count_failure(const DeliveryEntry& entry, Time now) noexcept {
  if (failures_ > 0 && entry.started < last_failure_) return 0;
  last_failure_ = now;
  return ++failures_;
}

}  // namespace tapedeck::alert
