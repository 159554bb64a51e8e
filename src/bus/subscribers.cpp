#include "bus/subscribers.hpp"

#include <pthread.h>

#include <algorithm>
#include <vector>

namespace tapedeck {

namespace {

constexpr std::size_t kBatch = 64;  // events copied before callbacks run

}  // namespace

struct Subscribers::Subscription {
  CompiledFilter filter;
  TelemetryBus::Callback callback;
  std::uint64_t next = 0;
  std::atomic<bool> stop{false};
  std::atomic<bool> finished{false};
  std::thread thread;
};

Event to_event(const char* frame, const FrameIndex& index, std::uint64_t seq) {
  Event event;
  event.seq = seq;
  event.type.assign(frame + index.type_offset(), index.type_length);
  event.timestamp = from_ns(index.timestamp_ns);
  event.json.assign(frame + index.json_offset(), index.json_length());
  event.payload.assign(frame + index.payload_offset(), index.payload_length);
  return event;
}

Subscribers::~Subscribers() {
  std::vector<std::shared_ptr<Subscription>> all;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, subscription] : subscriptions_) all.push_back(std::move(subscription));
    subscriptions_.clear();
  }
  for (auto& subscription : all) end(std::move(subscription));
  for (auto& subscription : leaving_) subscription->thread.join();
}

std::uint64_t Subscribers::subscribe(const Filter& filter, TelemetryBus::Callback callback,
                                     std::uint64_t from) {
  auto subscription = std::make_shared<Subscription>();
  subscription->filter = CompiledFilter(filter);
  subscription->callback = std::move(callback);
  subscription->next = from;
  join_finished();
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_id_++;
  subscription->thread = std::thread([this, subscription] {
    run(*subscription);
    subscription->finished.store(true, std::memory_order_release);
  });
  subscriptions_.emplace(id, subscription);
  return id;
}

bool Subscribers::unsubscribe(std::uint64_t id) {
  std::shared_ptr<Subscription> subscription;
  {
    const std::lock_guard lock(mutex_);
    const auto found = subscriptions_.find(id);
    if (found == subscriptions_.end()) return false;
    subscription = std::move(found->second);
    subscriptions_.erase(found);
  }
  end(std::move(subscription));
  return true;
}

void Subscribers::end(std::shared_ptr<Subscription> subscription) {
  subscription->stop.store(true, std::memory_order_release);
  log_.interrupt();
  if (subscription->thread.get_id() != std::this_thread::get_id()) {
    subscription->thread.join();
    return;
  }
  // In its own callback: it ends when that returns, and somebody else joins it.
  const std::lock_guard lock(mutex_);
  leaving_.push_back(std::move(subscription));
}

void Subscribers::join_finished() {
  const std::lock_guard lock(mutex_);
  std::erase_if(leaving_, [](const std::shared_ptr<Subscription>& subscription) {
    if (!subscription->finished.load(std::memory_order_acquire)) return false;
    subscription->thread.join();
    return true;
  });
}

std::size_t Subscribers::count() const {
  const std::lock_guard lock(mutex_);
  return subscriptions_.size();
}

void Subscribers::set_history(const History* history) {
  const std::unique_lock lock(history_mutex_);
  history_ = history;
}

void Subscribers::read_log(Subscription& subscription, std::vector<Event>& batch) {
  const auto pin = log_.pin(subscription.next);
  if (!pin) return;  // evicted since: the next turn sees to it
  for (; subscription.next < pin->end_seq() && batch.size() < kBatch; ++subscription.next) {
    const FrameIndex& index = pin->index(subscription.next);
    if (!subscription.filter.matches(pin->frame(index), index)) continue;
    batch.push_back(to_event(pin->frame(index), index, subscription.next));
  }
}

/// @return false when there is nothing to be had
bool Subscribers::read_history(Subscription& subscription, std::vector<Event>& batch) {
  const std::shared_lock lock(history_mutex_);
  if (history_ == nullptr) return false;
  try {
    const HistorySlice slice = history_->read_forward(subscription.filter, subscription.next,
                                                      log_.first_seq(), {.events = kBatch});
    for (const StoredFrames& block : slice.blocks) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        batch.push_back(to_event(block.frame(i), block.index[i], block.seqs[i]));
      }
    }
    missed_.fetch_add(slice.missing, std::memory_order_relaxed);
    const bool came_on = slice.next > subscription.next;
    subscription.next = std::max(subscription.next, slice.next);
    return came_on;
  } catch (const HistoryError&) {
    return false;  // the store reports its own troubles
  }
}

void Subscribers::run(Subscription& subscription) {
  pthread_setname_np(pthread_self(), "td-callback");
  std::vector<Event> batch;
  while (!subscription.stop.load(std::memory_order_acquire)) {
    log_.wait_for(subscription.next, subscription.stop);
    batch.clear();
    const std::uint64_t oldest = log_.first_seq();
    if (subscription.next >= oldest) {
      read_log(subscription, batch);
    } else if (!read_history(subscription, batch)) {
      missed_.fetch_add(oldest - subscription.next, std::memory_order_relaxed);
      subscription.next = oldest;
    }
    for (const Event& event : batch) {
      if (subscription.stop.load(std::memory_order_acquire)) return;
      try {
        subscription.callback(event);
      } catch (...) {  // the publisher must never notice, and nobody else is here to
        errors_.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
}

}  // namespace tapedeck
