// Collector: merges the threads' queues by the moment of enqueueing, numbers the events, encodes
// them into the log. A role rather than a thread: whoever holds `role` may do a piece of it, so
// that a reader or a POST need not wait for the collector thread's next look.
//
// Thread contract: register_queue, register_source and the counters that say so from any thread;
// everything else only while holding role().
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/latency_histogram.hpp"
#include "base/tick_clock.hpp"
#include "bus/event_log.hpp"
#include "event/event_decoder.hpp"
#include "event/record_encoder.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

struct SeqRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

class Collector {
 public:
  Collector(EventLog& log, bool use_tsc);

  // --- any thread ---
  void register_queue(std::shared_ptr<detail::ThreadQueue> queue);
  SourceId register_source(const Source& source);
  /// For the collector thread: lets those who want the role go first.
  class Role;
  Role take_role();
  bool role_wanted() const noexcept { return waiting_.load(std::memory_order_relaxed) > 0; }
  /// How often the collector thread has come by; it does so several times a second, busy or not.
  std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_relaxed); }

  // --- with the role ---
  /// Moves up to `limit` records, enqueued at `until_ticks` or before, into the log and shows them
  /// to readers. @return how many.
  std::size_t collect(std::size_t limit, std::uint64_t until_ticks = ~std::uint64_t{0});
  /// Moves everything that was enqueued before the call, however long that takes.
  void collect_all();
  /// Moves what is waiting, up to a fair share: all of it unless publishers are far ahead, so that
  /// an I/O thread is never held up by their backlog.
  std::size_t collect_share() { return collect(kShare); }
  static constexpr std::size_t kShare = 1024;
  /// Appends events from outside, all or none, after what is waiting (a fair share of it).
  Result<SeqRange> append(std::span<const DecodedEvent> events);
  /// Called with the role after each commit; must be quick and must not call back.
  std::size_t add_commit_listener(std::function<void()> listener);
  void remove_commit_listener(std::size_t handle);
  /// In each round of the collector thread: once in a while recalibrates the clock, measures the
  /// rate, publishes drops.
  void housekeeping();

  std::uint64_t dropped_total() const noexcept;
  std::uint64_t rejected_total() const noexcept;
  std::uint64_t clock_inversions() const noexcept { return clock_inversions_; }
  double events_per_second() const noexcept { return events_per_second_; }
  /// Threads whose queues are looked at.
  std::size_t publishers() const noexcept { return queues_.size(); }
  /// From publish() to the log. Each eighth event of a commit stands for those around it.
  LatencyHistogram::Snapshot publish_latency() const noexcept { return latency_.snapshot(); }

 private:
  void adopt_new_queues();
  void forget_retired_queues();
  void publish_drops(detail::ThreadQueue& queue);
  void encode_record(const std::byte* record);
  void note_published(std::uint64_t ticks);
  void measure_latency();
  void commit();

  EventLog& log_;
  TickClock clock_;
  FrameEncoder encoder_;

  std::mutex role_;
  std::atomic<int> waiting_{0};
  std::atomic<std::uint64_t> rounds_{0};

  std::mutex registry_mutex_;  // guards new_queues_ and sources_'s growth
  std::vector<std::shared_ptr<detail::ThreadQueue>> new_queues_;
  std::atomic<bool> has_new_queues_{false};
  std::deque<EncodedSource> sources_;  // never shrinks, so records may name them without the mutex
  std::vector<Source> source_keys_;
  std::vector<const EncodedSource*> known_sources_;  // the role's copy

  std::vector<std::shared_ptr<detail::ThreadQueue>> queues_;
  std::vector<std::function<void()>> listeners_;
  std::uint64_t last_ticks_ = 0;
  std::uint64_t clock_inversions_ = 0;
  std::uint64_t retired_dropped_ = 0;
  std::uint64_t retired_rejected_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t last_housekeeping_ns_ = 0;
  double events_per_second_ = 0;
  // Of the records since the last commit: how many, and when each eighth was published.
  static constexpr std::size_t kCommitEvery = 256;
  static constexpr std::size_t kSampleEvery = 8;
  std::size_t uncommitted_ = 0;
  std::array<std::uint64_t, kCommitEvery / kSampleEvery> sampled_ticks_{};
  LatencyHistogram latency_;
  struct RateSample {
    std::uint64_t at_ns;
    std::uint64_t seq;
  };
  std::deque<RateSample> rate_samples_;
};

/// Holding this is holding the role.
class Collector::Role {
 public:
  explicit Role(Collector& collector) : lock_(collector.role_, std::defer_lock) {
    if (lock_.try_lock()) return;
    collector.waiting_.fetch_add(1, std::memory_order_relaxed);
    lock_.lock();
    collector.waiting_.fetch_sub(1, std::memory_order_relaxed);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

inline Collector::Role Collector::take_role() {
  return Role(*this);
}

}  // namespace tapedeck
