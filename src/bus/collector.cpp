#include "bus/collector.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tapedeck {
namespace {

constexpr std::uint64_t kHousekeeping_ns = 100'000'000;
constexpr std::uint64_t kRateWindow_ns = 5'000'000'000;
constexpr std::size_t kMaxSourceField = 256;

}  // namespace

Collector::Collector(EventLog& log, bool use_tsc)
    : log_(log), clock_(use_tsc), encoder_(log.epoch()) {
  // A known type's number is its place in KnownEvents, which is what records carry.
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (log_.type_number(std::tuple_element_t<I, detail::KnownEvents>::type), ...);
  }
  (std::make_index_sequence<detail::kKnownEventCount>{});
  sources_.emplace_back();
  source_keys_.emplace_back();
  known_sources_.push_back(&sources_.front());
}

void Collector::register_queue(std::shared_ptr<detail::ThreadQueue> queue) {
  const std::lock_guard lock(registry_mutex_);
  new_queues_.push_back(std::move(queue));
  has_new_queues_.store(true, std::memory_order_release);
}

SourceId Collector::register_source(const Source& source) {
  const auto same = [&](const Source& other) {
    return other.host == source.host && other.engine_id == source.engine_id &&
           other.run_id == source.run_id && other.account == source.account &&
           other.mode == source.mode;
  };
  for (const std::string* text :
       {&source.host, &source.engine_id, &source.run_id, &source.account, &source.mode}) {
    if (text->size() > kMaxSourceField) {
      throw std::length_error("a source's field may have at most 256 bytes: " +
                              text->substr(0, 40));
    }
  }
  const std::lock_guard lock(registry_mutex_);
  const auto found = std::find_if(source_keys_.begin(), source_keys_.end(), same);
  if (found == source_keys_.end()) {
    if (source_keys_.size() > 0xFFFF) throw std::length_error("a bus knows at most 65535 sources");
    source_keys_.push_back(source);
    sources_.push_back(encode_source(source));
    has_new_queues_.store(true, std::memory_order_release);
    return static_cast<SourceId>(source_keys_.size() - 1);
  }
  return static_cast<SourceId>(found - source_keys_.begin());
}

void Collector::adopt_new_queues() {
  if (!has_new_queues_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(registry_mutex_);
  has_new_queues_.store(false, std::memory_order_relaxed);
  for (auto& queue : new_queues_) queues_.push_back(std::move(queue));
  new_queues_.clear();
  for (std::size_t i = known_sources_.size(); i < sources_.size(); ++i) {
    known_sources_.push_back(&sources_[i]);
  }
}

void Collector::encode_record(const std::byte* record) {
  detail::RecordHeader header;
  std::memcpy(&header, record, sizeof header);
  if (header.ticks < last_ticks_) {
    ++clock_inversions_;
  } else {
    last_ticks_ = header.ticks;
  }
  if (header.source >= known_sources_.size()) adopt_new_queues();
  const bool is_known = header.source < known_sources_.size();  // not of another bus
  const EncodedSource& source = *known_sources_[is_known ? header.source : 0];
  FrameIndex index;
  char* out = log_.room(FrameEncoder::frame_bound(header, source));
  encoder_.encode(out, record, source, log_.next_seq(), clock_.to_utc_ns(header.ticks), index);
  if (index.payload_length > kMaxPayloadBytes) {
    ++rejected_;
    return;
  }
  if (header.kind != detail::kGenericKind) {
    index.type = header.kind;
  } else {
    const auto type = log_.type_number({out + index.type_offset(), index.type_length});
    if (!type) {
      ++rejected_;
      return;
    }
    index.type = *type;
  }
  log_.append(index);
  note_published(header.ticks);
}

void Collector::note_published(std::uint64_t ticks) {
  const std::size_t place = uncommitted_ / kSampleEvery;
  if (uncommitted_ % kSampleEvery == 0 && place < sampled_ticks_.size()) {
    sampled_ticks_[place] = ticks;
  }
  ++uncommitted_;
}

/// Of the records that are about to be committed.
void Collector::measure_latency() {
  if (uncommitted_ == 0) return;
  const std::int64_t now_ns = clock_.to_utc_ns(clock_.ticks());
  for (std::size_t first = 0; first < uncommitted_; first += kSampleEvery) {
    const std::size_t place = first / kSampleEvery;
    if (place == sampled_ticks_.size()) break;
    latency_.observe(now_ns - clock_.to_utc_ns(sampled_ticks_[place]),
                     std::min(kSampleEvery, uncommitted_ - first));
  }
  log_.set_mark({log_.next_seq() - uncommitted_, clock_.to_utc_ns(sampled_ticks_[0])});
  uncommitted_ = 0;
}

std::size_t Collector::collect(std::size_t limit, std::uint64_t until_ticks) {
  // Only what was enqueued up to now, before the first look at any queue: a queue looked at last
  // may already hold an event whose cause came into one looked at first after that look.
  until_ticks = std::min(until_ticks, clock_.ordered_ticks());
  adopt_new_queues();
  for (const auto& queue : queues_) queue->refresh();
  std::size_t collected = 0;
  bool any_left = true;
  while (any_left && collected < limit) {
    // From the queue whose first record is oldest, up to the first record of the runner-up.
    detail::ThreadQueue* oldest = nullptr;
    std::uint64_t oldest_ticks = ~std::uint64_t{0};
    std::uint64_t next_ticks = ~std::uint64_t{0};
    for (const auto& queue : queues_) {
      const auto front = queue->front();
      if (front.record == nullptr) continue;
      if (front.ticks < oldest_ticks || oldest == nullptr) {
        next_ticks = oldest_ticks;
        oldest_ticks = front.ticks;
        oldest = queue.get();
      } else {
        next_ticks = std::min(next_ticks, front.ticks);
      }
    }
    any_left = oldest != nullptr && oldest_ticks <= until_ticks;
    if (!any_left) break;
    next_ticks = std::min(next_ticks, until_ticks);
    for (auto front = oldest->front(); front.record != nullptr && front.ticks <= next_ticks;
         front = oldest->front()) {
      std::uint32_t size = 0;
      std::memcpy(&size, front.record, sizeof size);
      encode_record(front.record);
      oldest->pop(size);
      if (++collected % kCommitEvery == 0) {
        oldest->release();
        commit();
        if (collected >= limit) break;
      }
    }
    oldest->release();
    if (oldest->front().record == nullptr) oldest->refresh();  // it may go on in a larger ring
  }
  if (collected % kCommitEvery != 0) commit();
  forget_retired_queues();
  return collected;
}

void Collector::collect_all() {
  collect(~std::size_t{0});
}

void Collector::commit() {
  measure_latency();
  log_.commit();
  for (const auto& listener : listeners_) {
    if (listener) listener();
  }
}

Result<SeqRange> Collector::append(std::span<const DecodedEvent> events) {
  collect_share();
  // All or nothing: make sure of every type before the first event goes in.
  for (const DecodedEvent& event : events) {
    if (!log_.type_number(event.type)) {
      rejected_ += events.size();
      return Error{"too_many_types",
                   "This server already knows " + std::to_string(EventLog::kMaxTypes) +
                       " event types; use an existing one instead of " + std::string(event.type) +
                       ".",
                   "/" + std::to_string(&event - events.data()) + "/type"};
    }
  }
  const std::int64_t received_ns = clock_.to_utc_ns(clock_.ticks());
  const SeqRange range{log_.next_seq(), log_.next_seq() + events.size() - 1};
  for (const DecodedEvent& event : events) {
    FrameIndex index;
    index.type = *log_.type_number(event.type);
    char* out = log_.room(FrameEncoder::frame_bound(event));
    encoder_.encode(out, event, log_.next_seq(),
                    event.has_timestamp ? event.timestamp_ns : received_ns, index);
    log_.append(index);
  }
  log_.set_mark({range.first, received_ns});
  commit();
  return range;
}

std::size_t Collector::add_commit_listener(std::function<void()> listener) {
  listeners_.push_back(std::move(listener));
  return listeners_.size() - 1;
}

void Collector::remove_commit_listener(std::size_t handle) {
  listeners_[handle] = nullptr;
}

void Collector::forget_retired_queues() {
  std::erase_if(queues_, [&](const std::shared_ptr<detail::ThreadQueue>& queue) {
    if (!queue->retired()) return false;
    queue->refresh();
    if (queue->front().record != nullptr) return false;
    publish_drops(*queue);
    retired_dropped_ += queue->dropped();
    retired_rejected_ += queue->rejected();
    return true;
  });
}

void Collector::publish_drops(detail::ThreadQueue& queue) {
  const std::uint64_t dropped = queue.dropped();
  if (dropped == queue.drops_published) return;
  const GenericEvent event{
      "events_dropped",
      {{"count", dropped - queue.drops_published}, {"thread", queue.thread_id()}}};
  queue.drops_published = dropped;
  alignas(8) std::byte record[512];
  detail::write_record(record, detail::record_size(event, false), event, kNow, 0, clock_.ticks());
  encode_record(record);
  commit();
}

void Collector::housekeeping() {
  rounds_.store(rounds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const std::uint64_t now_ns = monotonic_now_ns();
  if (now_ns - last_housekeeping_ns_ < kHousekeeping_ns) return;
  last_housekeeping_ns_ = now_ns;
  clock_.recalibrate_if_due();
  for (const auto& queue : queues_) publish_drops(*queue);

  rate_samples_.push_back({now_ns, log_.next_seq()});
  while (now_ns - rate_samples_.front().at_ns > kRateWindow_ns) rate_samples_.pop_front();
  const RateSample& first = rate_samples_.front();
  const auto elapsed_ns = static_cast<double>(now_ns - first.at_ns);
  events_per_second_ =
      elapsed_ns > 0 ? static_cast<double>(log_.next_seq() - first.seq) * 1e9 / elapsed_ns : 0.0;
}

std::uint64_t Collector::dropped_total() const noexcept {
  std::uint64_t total = retired_dropped_;
  for (const auto& queue : queues_) total += queue->dropped();
  return total;
}

std::uint64_t Collector::rejected_total() const noexcept {
  std::uint64_t total = retired_rejected_ + rejected_;
  for (const auto& queue : queues_) total += queue->rejected();
  return total;
}

}  // namespace tapedeck
