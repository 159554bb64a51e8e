// Subscribers: callbacks on the log, each with a thread and a cursor of its own, so that a slow one
// delays nobody. Any thread may call any member; subscribe and unsubscribe also from callbacks.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "bus/history.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

class Subscribers {
 public:
  explicit Subscribers(EventLog& log) : log_(log) {}
  ~Subscribers();

  /// @param from the first sequence number the callback may get.
  std::uint64_t subscribe(const Filter& filter, TelemetryBus::Callback callback,
                          std::uint64_t from);
  bool unsubscribe(std::uint64_t id);
  std::size_t count() const;
  std::uint64_t callback_errors() const noexcept { return errors_.load(std::memory_order_relaxed); }
  std::uint64_t missed() const noexcept { return missed_.load(std::memory_order_relaxed); }
  /// Returns when nobody reads the former one any more.
  void set_history(const History* history);

 private:
  struct Subscription;
  void run(Subscription& subscription);
  void read_log(Subscription& subscription, std::vector<Event>& batch);
  bool read_history(Subscription& subscription, std::vector<Event>& batch);
  void end(std::shared_ptr<Subscription> subscription);
  void join_finished();

  EventLog& log_;
  mutable std::mutex mutex_;  // guards subscriptions_, leaving_ and next_id_
  std::map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_;
  std::vector<std::shared_ptr<Subscription>> leaving_;  // unsubscribed by their own callback
  std::uint64_t next_id_ = 1;
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> missed_{0};
  std::shared_mutex history_mutex_;  // held shared while reading history_
  const History* history_ = nullptr;
};

/// Copies a frame out of the log.
Event to_event(const char* frame, const FrameIndex& index, std::uint64_t seq);

}  // namespace tapedeck
