#include "tapedeck/bus.hpp"

#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/random.hpp"
#include "base/tick_clock.hpp"
#include "bus/access.hpp"
#include "bus/backward_scan.hpp"
#include "bus/collector.hpp"
#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "bus/subscribers.hpp"

namespace tapedeck {
namespace {

std::uint64_t next_instance() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

BusOptions checked(BusOptions options) {
  if (options.buffer_size == 0) throw std::invalid_argument("buffer_size must be at least 1");
  if (!std::has_single_bit(options.queue_initial_bytes) ||
      options.queue_initial_bytes < detail::kMaxRecordBytes ||
      options.queue_limit_bytes < options.queue_initial_bytes) {
    throw std::invalid_argument(
        "queue_initial_bytes must be a power of two of at least 128 KiB and not above "
        "queue_limit_bytes");
  }
  const auto bad_epoch_character = [](char c) {
    return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
  };
  if (options.epoch.size() > 32 ||
      std::any_of(options.epoch.begin(), options.epoch.end(), bad_epoch_character)) {
    throw std::invalid_argument("epoch must be at most 32 characters of a-z 0-9");
  }
  if (options.first_seq == 0) throw std::invalid_argument("first_seq must be at least 1");
  if (options.epoch.empty()) options.epoch = random_hex(10);
  return options;
}

}  // namespace

struct TelemetryBus::Impl {
  Impl(const BusOptions& given, bool use_tsc)
      : options(given),
        log(given.epoch, {.buffer_size = given.buffer_size,
                          .log_bytes = given.log_bytes,
                          .held_bytes = given.held_bytes,
                          .first_seq = given.first_seq,
                          .floor_seq = given.floor_seq}),
        collector(log, use_tsc),
        subscribers(log),
        thread([this] { run(); }) {}

  ~Impl() {
    stop.store(true, std::memory_order_release);
    thread.join();
    {
      const auto role = collector.take_role();
      collector.collect_all();
    }
  }

  void run();

  const BusOptions options;
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  EventLog log;
  Collector collector;
  Subscribers subscribers;
  std::atomic<bool> stop{false};
  std::thread thread;
};

void TelemetryBus::Impl::run() {
  using namespace std::chrono_literals;
  pthread_setname_np(pthread_self(), "td-collector");
  prctl(PR_SET_TIMERSLACK, 1000UL);  // the default, 50 us, would double the shortest pause
  constexpr std::chrono::microseconds kShortest = 200us, kLongest = 4ms, kEconomy = 20ms;
  std::chrono::microseconds pause = kShortest;
  while (!stop.load(std::memory_order_acquire)) {
    std::size_t collected = 0;
    {
      const auto role = collector.take_role();
      collected = collector.collect_share();
      collector.housekeeping();
    }
    while (collector.role_wanted()) std::this_thread::yield();
    if (collected == Collector::kShare) continue;
    switch (options.collector) {
      case CollectorPolicy::low_latency:
        continue;
      case CollectorPolicy::economy:
        pause = kEconomy;
        break;
      case CollectorPolicy::balanced:
        pause = collected > 0 ? kShortest : std::min(pause * 5 / 4, kLongest);
        break;
    }
    std::this_thread::sleep_for(pause);
  }
}

/// The queues of one thread, by bus. Ends with the thread and tells the buses.
struct TelemetryBus::ThreadSlots {
  struct Slot {
    std::uint64_t bus;
    std::shared_ptr<detail::ThreadQueue> queue;
  };
  std::vector<Slot> slots;

  ~ThreadSlots() {
    for (const Slot& slot : slots) slot.queue->retire();
    last_used_ = {};
    ended = true;
  }
  static thread_local bool ended;  // trivial, so it outlives this
};
thread_local bool TelemetryBus::ThreadSlots::ended = false;

detail::ThreadQueue* TelemetryBus::find_or_make_queue() noexcept {
  // An event published while the thread's storage is being destroyed has no queue to go to.
  if (ThreadSlots::ended) return nullptr;
  try {
    static thread_local ThreadSlots mine;
    for (const auto& slot : mine.slots) {
      if (slot.bus == instance_) {
        last_used_ = {instance_, slot.queue.get()};
        return slot.queue.get();
      }
    }
    // A queue that only this thread still knows belonged to a bus that is gone.
    std::erase_if(mine.slots, [](const auto& slot) { return slot.queue.use_count() == 1; });
    auto queue = std::make_shared<detail::ThreadQueue>(impl_->options.queue_initial_bytes,
                                                       impl_->options.queue_limit_bytes,
                                                       static_cast<std::uint64_t>(gettid()));
    mine.slots.push_back({instance_, queue});
    impl_->collector.register_queue(queue);
    last_used_ = {instance_, queue.get()};
    return queue.get();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

TelemetryBus::TelemetryBus(BusOptions options)
    : instance_(next_instance()),
      use_tsc_(cycle_counter_is_invariant()),
      impl_(std::make_unique<Impl>(checked(std::move(options)), use_tsc_)) {}

TelemetryBus::~TelemetryBus() {
  if (last_used_.bus == instance_) last_used_ = {};
}

std::uint64_t TelemetryBus::monotonic_ns() noexcept {
  return monotonic_now_ns();
}

bool TelemetryBus::reject(detail::ThreadQueue& queue) noexcept {
  queue.count_rejected();
  return false;
}

SourceId TelemetryBus::register_source(const Source& source) {
  return impl_->collector.register_source(source);
}

void TelemetryBus::flush() {
  const auto role = impl_->collector.take_role();
  impl_->collector.collect_all();
}

std::vector<Event> TelemetryBus::get_recent_events(std::string_view event_type, std::size_t limit) {
  if (limit == 0) throw std::invalid_argument("limit must be at least 1");
  flush();
  Filter wanted;
  if (!event_type.empty()) wanted.event_type.emplace_back(event_type);
  const CompiledFilter filter(wanted);
  EventLog& log = impl_->log;
  std::vector<Event> events;
  scan_backwards(log, filter, log.buffer_first_seq(), log.last_seq() + 1, nullptr,
                 [&](const ScannedEvent& found) {
                   events.push_back(to_event(found.frame, *found.index, found.seq));
                   return events.size() < limit;
                 });
  std::reverse(events.begin(), events.end());
  return events;
}

std::vector<Event> TelemetryBus::snapshot(Timestamp since) {
  flush();
  Filter wanted;
  wanted.since = since;
  const CompiledFilter filter(wanted);
  EventLog& log = impl_->log;
  std::vector<Event> events;
  const std::uint64_t last = log.last_seq();
  std::uint64_t next = log.buffer_first_seq();
  while (next <= last) {
    next = std::max(next, log.first_seq());
    const auto pin = log.pin(next);
    if (!pin) continue;  // evicted since: look again from the oldest
    for (; next < pin->end_seq() && next <= last; ++next) {
      const FrameIndex& index = pin->index(next);
      if (!filter.matches(pin->frame(index), index)) continue;
      events.push_back(to_event(pin->frame(index), index, next));
    }
  }
  return events;
}

BusStats TelemetryBus::get_stats() {
  const std::size_t subscriber_count = impl_->subscribers.count();
  const auto role = impl_->collector.take_role();
  impl_->collector.collect_all();
  return stats_with_role(subscriber_count);
}

BusStats TelemetryBus::stats_with_role(std::size_t subscriber_count) const {
  BusStats stats;
  stats.subscribers = subscriber_count;
  const EventLog& log = impl_->log;
  for (const auto& type : log.types()) {
    if (type.ever == 0) continue;
    stats.event_types.push_back(type.name);
    if (type.in_buffer > 0) stats.event_counts[type.name] = type.in_buffer;
  }
  std::sort(stats.event_types.begin(), stats.event_types.end());
  stats.buffer_size = log.buffer_size();
  stats.published_total = log.last_seq() + 1 - log.begin_seq();
  stats.last_seq = log.last_seq();
  stats.total_events = log.last_seq() + 1 - log.buffer_first_seq();
  stats.first_seq = stats.total_events > 0 ? log.buffer_first_seq() : 0;
  stats.evicted_total = log.evicted_total();
  stats.dropped_total = impl_->collector.dropped_total();
  stats.rejected_total = impl_->collector.rejected_total();
  stats.clock_inversions_total = impl_->collector.clock_inversions();
  stats.events_per_second = impl_->collector.events_per_second();
  stats.callback_errors_total = impl_->subscribers.callback_errors();
  stats.callback_missed_total = impl_->subscribers.missed();
  stats.epoch = log.epoch();
  stats.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - impl_->started).count();
  return stats;
}

std::vector<std::string> TelemetryBus::get_event_types() {
  return get_stats().event_types;
}

void TelemetryBus::clear_buffer() {
  const auto role = impl_->collector.take_role();
  impl_->collector.collect_all();
  impl_->log.clear_buffer();
}

std::uint64_t TelemetryBus::subscribe(Filter filter, Callback callback,
                                      std::optional<std::uint64_t> from_seq) {
  flush();
  const std::uint64_t from = from_seq.value_or(impl_->log.last_seq() + 1);
  return impl_->subscribers.subscribe(filter, std::move(callback), from);
}

bool TelemetryBus::unsubscribe(std::uint64_t id) {
  return impl_->subscribers.unsubscribe(id);
}

TelemetryBus& get_telemetry_bus() {
  static TelemetryBus bus;
  return bus;
}

EventLog& BusAccess::log(TelemetryBus& bus) noexcept {
  return bus.impl_->log;
}

void BusAccess::collect_share(TelemetryBus& bus) {
  const auto role = bus.impl_->collector.take_role();
  bus.impl_->collector.collect_share();
}

std::uint64_t BusAccess::collector_rounds(const TelemetryBus& bus) noexcept {
  return bus.impl_->collector.rounds();
}

BusStats BusAccess::stats(TelemetryBus& bus) {
  const std::size_t subscriber_count = bus.impl_->subscribers.count();
  const auto role = bus.impl_->collector.take_role();
  bus.impl_->collector.collect_share();
  return bus.stats_with_role(subscriber_count);
}

BusFigures BusAccess::figures(TelemetryBus& bus) {
  const std::size_t subscriber_count = bus.impl_->subscribers.count();
  const auto role = bus.impl_->collector.take_role();
  Collector& collector = bus.impl_->collector;
  const EventLog& log = bus.impl_->log;
  collector.collect_share();
  BusFigures figures;
  figures.stats = bus.stats_with_role(subscriber_count);
  for (const auto& type : log.types()) {
    if (type.ever > 0) figures.published_by_type.emplace_back(type.name, type.ever);
  }
  figures.publishers = collector.publishers();
  figures.log_events = log.last_seq() + 1 - log.first_seq();
  figures.publish_latency = collector.publish_latency();
  return figures;
}

Result<SeqRange> BusAccess::append(TelemetryBus& bus, std::span<const DecodedEvent> events) {
  const auto role = bus.impl_->collector.take_role();
  return bus.impl_->collector.append(events);
}

void BusAccess::set_buffer_size(TelemetryBus& bus, std::size_t events) {
  if (events == 0) throw std::invalid_argument("buffer_size must be at least 1");
  const auto role = bus.impl_->collector.take_role();
  bus.impl_->collector.collect_all();
  bus.impl_->log.set_buffer_size(events);
}

void BusAccess::set_history(TelemetryBus& bus, const History* history) {
  bus.impl_->subscribers.set_history(history);
}

std::size_t BusAccess::add_commit_listener(TelemetryBus& bus, std::function<void()> listener) {
  const auto role = bus.impl_->collector.take_role();
  return bus.impl_->collector.add_commit_listener(std::move(listener));
}

void BusAccess::remove_commit_listener(TelemetryBus& bus, std::size_t handle) {
  const auto role = bus.impl_->collector.take_role();
  bus.impl_->collector.remove_commit_listener(handle);
}

}  // namespace tapedeck
