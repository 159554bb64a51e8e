// TelemetryBus: where engines publish what they do, and where it can be read again in one order.
//
// Publishing is for trading threads: publish() copies the event into the calling thread's own queue
// and returns. It takes no lock, makes no system call, wakes nobody and allocates nothing, except
// in a thread's first call and when a full queue grows to its limit. Beyond the limit the event is
// dropped and counted, and the count itself is published as `events_dropped`. Typical cost: 20 ns.
//
// A collector thread merges the queues by the moment of enqueueing, numbers the events, encodes
// each once as JSON and appends it to a log in memory. Everything that reads is a cursor on that
// log.
//
// Thread contract: every member may be called from any thread at any time between construction and
// the start of destruction. What a thread published, it sees in its own reads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/detail/thread_queue.hpp"
#include "tapedeck/events.hpp"
#include "tapedeck/filter.hpp"
#include "tapedeck/time.hpp"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tapedeck {

/// How eagerly the collector looks for new events. Publishers never wake it.
enum class CollectorPolicy {
  balanced,     ///< looks every 200 us while events come, backing off to 4 ms when idle (default)
  low_latency,  ///< spins: under a microsecond, and a core of its own
  economy,      ///< every 20 ms
};

struct BusOptions {
  /// How many events default reads see (stats, events, get_recent_events). At least 1.
  std::size_t buffer_size = 5000;
  /// Memory for encoded events, in bytes; older ones are evicted beyond it. Rounded up to whole
  /// MiB, at least 4.
  std::size_t log_bytes = std::size_t{64} << 20;
  /// A publishing thread's queue at first and at most, in bytes; powers of two.
  std::size_t queue_initial_bytes = std::size_t{128} << 10;
  std::size_t queue_limit_bytes = std::size_t{16} << 20;
  CollectorPolicy collector = CollectorPolicy::balanced;
  /// What the log may take beyond log_bytes while a store has not written it yet, in bytes.
  std::size_t held_bytes = std::size_t{256} << 20;
  /// Names this history in event ids; empty: a random one.
  std::string epoch{};
  /// The first event's number: 1 but for a history that goes on.
  std::uint64_t first_seq = 1;
  /// What a former run's clear_buffer() hid from default reads: everything before it.
  std::uint64_t floor_seq = 1;
};

namespace detail {
/// The bus this thread used last (its instance_; 0: none) and the thread's queue there.
struct LastUsedQueue {
  std::uint64_t bus = 0;
  ThreadQueue* queue = nullptr;
};
}  // namespace detail

/// Who publishes. Each field optional; written into the event's `source`.
struct Source {
  std::string host{};
  std::string engine_id{};
  std::string run_id{};
  std::string account{};  ///< an alias, never a credential
  std::string mode{};     ///< paper, live, replay
};

/// A Source known to a bus; see TelemetryBus::register_source.
enum class SourceId : std::uint16_t { none = 0 };

/// An event as readers get it.
struct Event {
  std::uint64_t seq = 0;
  std::string type;
  Timestamp timestamp{};
  std::string json;     ///< the whole event
  std::string payload;  ///< its payload alone
};

struct BusStats {
  std::uint64_t total_events = 0;  ///< in the buffer now
  std::uint64_t buffer_size = 0;
  std::vector<std::string> event_types;               ///< ever seen, sorted
  std::map<std::string, std::uint64_t> event_counts;  ///< in the buffer now, by type
  std::uint64_t published_total = 0;
  std::uint64_t dropped_total = 0;           ///< a full queue could not take them
  std::uint64_t evicted_total = 0;           ///< left the buffer because newer ones came
  std::uint64_t rejected_total = 0;          ///< too large, or a type that is no type
  std::uint64_t clock_inversions_total = 0;  ///< enqueued earlier than an event already numbered
  std::uint64_t callback_errors_total = 0;   ///< exceptions that callbacks threw
  std::uint64_t callback_missed_total = 0;   ///< events that callbacks were too slow for
  std::uint64_t subscribers = 0;
  double events_per_second = 0;  ///< over the last few seconds
  std::string epoch;
  std::uint64_t first_seq = 0;  ///< 0: the buffer is empty
  std::uint64_t last_seq = 0;   ///< first_seq of the options - 1: none yet
  double uptime_seconds = 0;
};

class TelemetryBus {
 public:
  /// @throws std::invalid_argument for options out of range.
  explicit TelemetryBus(BusOptions options = {});
  /// Collects what was published, then ends the subscribers and the collector.
  ~TelemetryBus();
  TelemetryBus(const TelemetryBus&) = delete;
  TelemetryBus& operator=(const TelemetryBus&) = delete;

  // --- publishing ---

  /// Publishes a known event or a GenericEvent.
  /// @param at when it happened; kNow: now.
  /// @param source who says so, from register_source().
  /// @return false when it was dropped (queue full) or refused (bad type, far too large). A payload
  /// that turns out larger than 64 KiB as JSON is refused by the collector and counted too.
  template <typename E>
  requires KnownEvent<E> || std::same_as<E, GenericEvent>
  [[gnu::always_inline]] bool publish(const E& event, Timestamp at = kNow,
                                      SourceId source = SourceId::none) noexcept {
    detail::ThreadQueue* queue = queue_of_this_thread();
    if (queue == nullptr) [[unlikely]]
      return false;
    if constexpr (std::same_as<E, GenericEvent>) {
      if (!is_valid_type(event.event_type)) return reject(*queue);
    }
    const std::size_t size = detail::record_size(event, at != kNow);
    if (size > detail::kMaxRecordBytes) [[unlikely]]
      return reject(*queue);
    std::byte* out = queue->reserve(size);
    if (out == nullptr) [[unlikely]] {
      queue->count_drop();
      return false;
    }
    detail::write_record(out, size, event, at, static_cast<std::uint16_t>(source), ticks());
    queue->commit(size);
    return true;
  }

  /// Makes a source known so that events can name it at no cost.
  /// @throws std::length_error beyond 65535 different sources.
  SourceId register_source(const Source& source);

  /// Whether text may be an event type: 1 to 64 bytes of [A-Za-z0-9_.:-].
  static bool is_valid_type(std::string_view text) noexcept { return is_valid_event_type(text); }

  // --- reading ---

  /// The newest events, newest last.
  /// @param event_type only this type; empty: all.
  /// @param limit how many at most; must be > 0 (std::invalid_argument).
  std::vector<Event> get_recent_events(std::string_view event_type = {}, std::size_t limit = 100);
  /// Buffered events with a timestamp of `since` or later, oldest first.
  std::vector<Event> snapshot(Timestamp since);
  BusStats get_stats();
  /// Types ever seen, sorted.
  std::vector<std::string> get_event_types();
  /// Default reads begin after what has been published up to now. Cursors and callbacks go on.
  void clear_buffer();

  using Callback = std::function<void(const Event&)>;
  /// Calls back for each matching event, in order, on a thread of the subscription's own. The
  /// callback may be slow, publish, throw (ignored, counted) or unsubscribe itself; when it falls
  /// so far behind that the log has evicted what comes next, it is caught up from the store, or,
  /// where there is none, misses those (counted in callback_missed_total).
  /// @param from_seq the first event it may get, to resume: one past Event::seq of the last one it
  ///   had. What is no longer there is skipped. None: from now on.
  std::uint64_t subscribe(Filter filter, Callback callback,
                          std::optional<std::uint64_t> from_seq = std::nullopt);
  /// Ends a subscription; when it returns, the callback is not running and will not run again
  /// (called from the callback itself: will not run again).
  /// @return false when there is no such subscription.
  bool unsubscribe(std::uint64_t id);

  /// Waits until everything this thread has published is in the log.
  void flush();
  /// About how many bytes this thread has published that are not in the log yet: for publishers
  /// that would rather wait than drop.
  std::uint64_t backlog_bytes() const noexcept {
    return last_used_.bus == instance_ ? last_used_.queue->unread() : 0;
  }

 private:
  friend class BusAccess;
  struct Impl;
  struct ThreadSlots;

  static inline constinit thread_local detail::LastUsedQueue last_used_{};

  [[gnu::always_inline]] detail::ThreadQueue* queue_of_this_thread() noexcept {
    if (last_used_.bus == instance_) [[likely]]
      return last_used_.queue;
    return find_or_make_queue();
  }
  detail::ThreadQueue* find_or_make_queue() noexcept;
  BusStats stats_with_role(std::size_t subscriber_count) const;
  static bool reject(detail::ThreadQueue& queue) noexcept;

  [[gnu::always_inline]] std::uint64_t ticks() const noexcept {
#if defined(__x86_64__)
    if (use_tsc_) [[likely]] {
      unsigned cpu;
      return __rdtscp(&cpu);
    }
#endif
    return monotonic_ns();
  }
  static std::uint64_t monotonic_ns() noexcept;

  const std::uint64_t instance_;  // never reused, unlike an address
  const bool use_tsc_;
  std::unique_ptr<Impl> impl_;
};

/// The process's bus, made on first use with default options.
TelemetryBus& get_telemetry_bus();

}  // namespace tapedeck
