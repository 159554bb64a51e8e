// DeliveryQueue: everything that waits or is dead, of all targets: what may be sent next, what an
// answer does to it, and how all of it is kept in the store. Knows no sockets and no threads: the
// dispatcher calls it with its lock held and says what time it is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "alert/delivery_entry.hpp"
#include "alert/dispatcher.hpp"
#include "alert/http_sender.hpp"
#include "alert/retry_wait.hpp"
#include "alert/target_queue.hpp"
#include "alert/verdict.hpp"
#include "base/value_store.hpp"

namespace tapedeck::alert {

class DeliveryQueue {
 public:
  using Time = TargetQueue::Time;
  // Owners in the store.
  static constexpr std::string_view kWaiting = "alert_delivery";
  static constexpr std::string_view kDead = "alert_dead";
  /// So many that are no longer queued are known by their ids.
  static constexpr std::size_t kRemembered = 10'000;
  /// URLs of rules that nothing waits for are forgotten, with their figures, beyond so many.
  static constexpr std::size_t kMostTargets = 10'000;

  /// Takes up what the store has. @param store may be nullptr
  DeliveryQueue(DeliveryOptions options, ValueStore* store, Time now);
  void configure(DeliveryOptions options, Time now);
  const DeliveryOptions& options() const noexcept { return options_; }

  /// Error code: invalid_rule.
  Result<Target> find_target(std::string_view name_or_url) const;

  void add(std::vector<Notification> notifications, Time now);

  struct Start {
    const DeliveryEntry* entry;  ///< in flight from now on
    const Target* target;
  };
  /// What is to be sent now.
  std::vector<Start> start(Time now);
  void finished(std::uint64_t number, const HttpAnswer& answer, Time now);
  /// When start() may have something, if nothing else happens.
  Time due(Time now);

  std::vector<Delivery> list(const Dispatcher::ListQuery& query) const;
  std::size_t resend(const Dispatcher::ListQuery& query, Time now);
  std::optional<Error> resend(std::string_view id, Time now);
  std::optional<Error> discard(std::string_view id, Time now);
  std::vector<TargetStatus> targets() const;

  std::size_t queued() const noexcept { return waiting_.size(); }
  std::size_t dead() const noexcept { return dead_.size(); }
  std::uint64_t forgotten() const noexcept { return forgotten_; }
  std::int64_t last_latency_ns() const noexcept { return last_latency_ns_; }
  /// Sentences for the log since the last call.
  std::vector<std::string> take_log() { return std::exchange(log_, {}); }

 private:
  using Entries = std::map<std::uint64_t, std::unique_ptr<DeliveryEntry>>;

  void load(std::string_view owner, Time now);
  TargetQueue* queue_of(const std::string& name_or_url, Time now, std::string& why_not);
  TargetQueue& queue_of(const DeliveryEntry& entry) { return *queues_.at(entry.target()); }
  bool wants_resolved(const std::string& name_or_url, Time now);
  void forget_idle_targets();
  void enqueue(std::unique_ptr<DeliveryEntry> entry, Time now);
  DeliveryEntry& bundle(TargetQueue& queue, const std::vector<DeliveryEntry*>& parts, Time now);
  void delivered(DeliveryEntry& entry, TargetQueue& queue, Time now);
  void failed(DeliveryEntry& entry, TargetQueue& queue, const Verdict& verdict, Time now);
  void wait_for_next(DeliveryEntry& entry, TargetQueue& queue, const Verdict& verdict, Time now);
  void bury_expired(TargetQueue& queue, Time now);
  /// Takes a waiting one out. @return it
  std::unique_ptr<DeliveryEntry> take_out(DeliveryEntry& entry, Time now);
  void bury(std::unique_ptr<DeliveryEntry> entry, std::string reason);
  void bury_waiting(DeliveryEntry& entry, std::string reason, Time now);
  void add_dead(std::unique_ptr<DeliveryEntry> entry);
  std::unique_ptr<DeliveryEntry> take_dead(std::uint64_t number);
  /// @return why it stays dead
  std::optional<std::string> revive(std::uint64_t number, Time now);

  bool known(const std::string& key) const;
  void remember(const DeliveryEntry& entry);  ///< as one that is not queued any more
  void say(const std::string& target, std::string sentence);
  void keep(std::string_view owner, const DeliveryEntry& entry);
  void drop(std::string_view owner, const DeliveryEntry& entry);
  void save();

  DeliveryOptions options_;
  ValueStore* const store_;
  RetryWait retry_wait_;
  std::uint64_t last_number_ = 0;
  Entries waiting_;  ///< those in flight too
  Entries dead_;
  std::map<std::string, std::size_t> dead_of_;                            ///< how many, by target
  std::unordered_map<std::string, std::unique_ptr<TargetQueue>> queues_;  ///< as in `notify`
  std::unordered_set<std::string> waiting_keys_;
  std::unordered_set<std::string> remembered_;
  std::deque<std::string> remembered_order_;
  std::unordered_map<std::string, std::string> said_;  ///< of targets in trouble: the last sentence
  std::uint64_t forgotten_ = 0;
  std::int64_t last_latency_ns_ = 0;
  std::vector<ValueStore::Change> changes_;
  std::vector<std::string> log_;
};

}  // namespace tapedeck::alert
