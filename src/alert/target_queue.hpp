// TargetQueue: what waits for one target, in which order it may go, and when. One lane for each
// rule, of which only the first may be under way; what tells of several rules is in all their
// lanes. A target that cannot be reached is asked by one request at a time, after waits that grow.
// Belongs to the DeliveryQueue, which owns the entries and serialises all calls. Finding the next
// is O(log n) but for bundles and targets that are down.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alert/delivery_entry.hpp"
#include "alert/dispatcher.hpp"
#include "alert/token_bucket.hpp"

namespace tapedeck::alert {

class TargetQueue {
 public:
  using Time = DeliveryEntry::Clock::time_point;
  static constexpr Time kNever = Time::max();
  /// Of one request to a target whose API takes a list.
  static constexpr std::size_t kMostInList = 500;

  TargetQueue(Target target, Time now);

  const Target& target() const noexcept { return target_; }
  /// What waits goes on with the new one.
  void set_target(Target target, Time now);
  /// It is no longer configured: nothing is begun.
  void close() noexcept { closed_ = true; }
  bool closed() const noexcept { return closed_; }

  std::size_t size() const noexcept { return size_; }
  /// @param entry must outlive its stay here
  void insert(DeliveryEntry& entry, Time now);
  void remove(DeliveryEntry& entry, Time now);

  /// The next that may be begun now; nullptr: none.
  DeliveryEntry* next(Time now, std::size_t max_connections);
  /// What is to be told at once instead of `first`, which next() returned: oldest first. One alone
  /// means that it is to be sent as it is.
  std::vector<DeliveryEntry*> to_bundle(DeliveryEntry& first);
  void begin(DeliveryEntry& entry, Time now);
  /// The attempt is over; if the entry stays, it waits for its not_before.
  void end(DeliveryEntry& entry, Time now);
  /// When next() may have something, if nothing else happens.
  Time due(Time now, std::size_t max_connections);

  /// It answered, whatever it said.
  void reached() noexcept { failures_ = 0; }
  /// Nothing is begun before then.
  void wait_until(Time until) noexcept { wait_until_ = std::max(wait_until_, until); }
  Time waits_until() const noexcept { return wait_until_; }
  /// Counts a failure of the target as such. @return how many there have been in a row; 0: the
  /// attempt began before the last one, so that it says nothing new
  unsigned count_failure(const DeliveryEntry& entry, Time now) noexcept;
  bool down() const noexcept { return failures_ > 0; }

  TargetStatus status;  ///< its figures, kept by the owner

 private:
  using Lane = std::deque<DeliveryEntry*>;
  using Waiting = std::map<std::pair<Time, std::uint64_t>, DeliveryEntry*>;

  std::vector<std::string> lanes_of(const DeliveryEntry& entry) const;
  bool is_first(const DeliveryEntry& entry) const;
  void offer(DeliveryEntry& entry, Time now);
  void withdraw(const DeliveryEntry& entry);
  void promote(Time now);
  std::size_t may_be_under_way(std::size_t max_connections) const noexcept;

  Target target_;
  TokenBucket bucket_;
  std::unordered_map<std::string, Lane> lanes_;
  std::map<std::uint64_t, DeliveryEntry*> ready_;  ///< first in their lanes, and may go
  Waiting waiting_;                                ///< first in their lanes, but not before
  std::size_t size_ = 0;
  std::size_t in_flight_ = 0;
  bool out_of_tokens_ = false;  ///< something had to wait for one
  bool closed_ = false;
  unsigned failures_ = 0;
  Time last_failure_{};
  Time wait_until_{};
};

}  // namespace tapedeck::alert
