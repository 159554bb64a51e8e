#include "bus/event_log.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <stdexcept>

namespace tapedeck {

Segment::Segment()
    : bytes(static_cast<char*>(::operator new(kBytes))),
      index(static_cast<FrameIndex*>(::operator new(kMaxFrames * sizeof(FrameIndex)))) {}

Segment::~Segment() {
  ::operator delete(bytes);
  ::operator delete(index);
}

namespace {

std::size_t segments_for(std::size_t bytes) {
  return (bytes + Segment::kBytes - 1) / Segment::kBytes;
}

}  // namespace

EventLog::EventLog(std::string epoch, const Limits& limits)
    : epoch_(std::move(epoch)),
      begin_seq_(limits.first_seq),
      usual_segments_(std::max<std::size_t>(4, segments_for(limits.log_bytes))),
      slots_(usual_segments_ + segments_for(limits.held_bytes)),
      first_seq_(limits.first_seq),
      last_seq_(limits.first_seq - 1),
      buffer_first_(limits.first_seq),
      floor_(limits.floor_seq),
      buffer_size_(limits.buffer_size),
      next_seq_(limits.first_seq),
      buffer_begin_(limits.first_seq) {
  for (auto& held : held_) held.store(kHoldNothing, std::memory_order_relaxed);
  owned_.push_back(std::make_unique<Segment>());
  head_ = owned_.back().get();
  head_->base_seq.store(limits.first_seq, std::memory_order_relaxed);
  slots_[0].store(head_, std::memory_order_release);
}

std::optional<SegmentPin> EventLog::pin(std::uint64_t seq) const noexcept {
  while (seq != 0 && seq <= last_seq() && seq >= first_seq()) {
    // The last segment in the ring that begins at or before seq.
    std::uint64_t low = first_segment_.load(std::memory_order_acquire);
    std::uint64_t high = last_segment_.load(std::memory_order_acquire);
    while (low < high) {
      const std::uint64_t middle = low + (high - low + 1) / 2;
      if (slot(middle).base_seq.load(std::memory_order_acquire) <= seq) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    // It may be reused between the look and the pin: pin first, then look again.
    Segment& segment = slot(low);
    const std::int64_t pins = segment.pins.fetch_add(1, std::memory_order_acquire);
    const std::uint64_t base = segment.base_seq.load(std::memory_order_acquire);
    const std::uint32_t count = segment.count.load(std::memory_order_acquire);
    if ((pins & kReusing) == 0 && base <= seq && seq < base + count) {
      return SegmentPin(&segment, base, count);
    }
    segment.pins.fetch_sub(1, std::memory_order_release);
  }
  return std::nullopt;
}

void EventLog::wait_for(std::uint64_t seq, const std::atomic<bool>& stop) const noexcept {
  while (!stop.load(std::memory_order_acquire)) {
    const std::uint32_t seen = commits_.load(std::memory_order_acquire);
    if (last_seq() >= seq) return;
    if (stop.load(std::memory_order_acquire)) return;
    commits_.wait(seen, std::memory_order_acquire);
  }
}

void EventLog::interrupt() noexcept {
  commits_.fetch_add(1, std::memory_order_release);
  commits_.notify_all();
}

char* EventLog::room(std::size_t bound) {
  if (head_->used_bytes + bound > Segment::kBytes || head_->written == Segment::kMaxFrames) {
    open_segment();
  }
  return head_->bytes + head_->used_bytes;
}

void EventLog::append(FrameIndex& index) {
  index.offset = head_->used_bytes;
  head_->index[head_->written] = index;
  head_->used_bytes += index.length;
  ++head_->written;
  ++next_seq_;
  TypeCount& type = types_[index.type];
  ++type.ever;
  ++type.in_buffer;
  if (next_seq_ - buffer_begin_ > buffer_size_) {
    shrink_buffer_to(next_seq_ - buffer_size_);
    ++evicted_total_;
  }
}

void EventLog::set_mark(Mark mark) noexcept {
  const std::uint64_t version = mark_version_.load(std::memory_order_relaxed);
  mark_version_.store(version + 1, std::memory_order_relaxed);
  // Released each: who sees one of them sees that the version had become odd before.
  mark_seq_.store(mark.seq, std::memory_order_release);
  mark_ns_.store(mark.published_ns, std::memory_order_release);
  mark_version_.store(version + 2, std::memory_order_release);
}

EventLog::Mark EventLog::last_mark() const noexcept {
  const std::uint64_t version = mark_version_.load(std::memory_order_acquire);
  const Mark mark{mark_seq_.load(std::memory_order_acquire),
                  mark_ns_.load(std::memory_order_acquire)};
  const bool whole = version % 2 == 0 && mark_version_.load(std::memory_order_relaxed) == version;
  return whole ? mark : Mark{};
}

void EventLog::commit() noexcept {
  head_->count.store(head_->written, std::memory_order_release);
  last_seq_.store(next_seq_ - 1, std::memory_order_release);
  buffer_first_.store(buffer_begin_, std::memory_order_release);
  commits_.fetch_add(1, std::memory_order_release);
  commits_.notify_all();
}

void EventLog::open_segment() {
  commit();
  const std::uint64_t number = last_segment_.load(std::memory_order_relaxed) + 1;
  // Room for this one: what is held is let go only when every slot is taken.
  while (number - first_segment_.load(std::memory_order_relaxed) >= usual_segments_) {
    const std::uint64_t oldest = first_segment_.load(std::memory_order_relaxed);
    const std::uint64_t survivor = slot(oldest + 1).base_seq.load(std::memory_order_relaxed);
    const bool held = survivor > held_seq();
    if (held && number - oldest < slots_.size()) break;
    evict_oldest();
  }
  head_ = segment_to_write();
  slots_[number % slots_.size()].store(head_, std::memory_order_release);
  last_segment_.store(number, std::memory_order_release);
}

std::size_t EventLog::add_holder() {
  std::uint32_t taken = holders_.load(std::memory_order_relaxed);
  for (;;) {
    const auto holder = static_cast<std::size_t>(std::countr_one(taken));
    if (holder >= kMaxHolders) {
      throw std::length_error("a bus can have at most " + std::to_string(kMaxHolders - 1) +
                              " senders");
    }
    if (holders_.compare_exchange_weak(taken, taken | 1U << holder)) return holder;
  }
}

void EventLog::remove_holder(std::size_t holder) noexcept {
  hold_from(kHoldNothing, holder);
  holders_.fetch_and(~(1U << holder));
}

std::uint64_t EventLog::held_seq() const noexcept {
  std::uint64_t oldest = kHoldNothing;
  for (const auto& held : held_) oldest = std::min(oldest, held.load(std::memory_order_acquire));
  return oldest;
}

void EventLog::evict_oldest() {
  const std::uint64_t oldest = first_segment_.load(std::memory_order_relaxed);
  const std::uint64_t survivor = slot(oldest + 1).base_seq.load(std::memory_order_relaxed);
  if (buffer_begin_ <= survivor) {
    evicted_total_ += survivor - buffer_begin_;
    shrink_buffer_to(survivor);
    buffer_segment_ = oldest + 1;  // never look at the oldest again
    buffer_first_.store(buffer_begin_, std::memory_order_release);
  }
  first_seq_.store(survivor, std::memory_order_release);
  first_segment_.store(oldest + 1, std::memory_order_release);
  // Readers that find it by its old number see that it is none of theirs any more.
  spare_.push_back(slots_[oldest % slots_.size()].load(std::memory_order_relaxed));
}

/// An unpinned segment, emptied and ready for `number`.
Segment* EventLog::segment_to_write() {
  Segment* chosen = nullptr;
  for (Segment*& candidate : spare_) {
    std::int64_t unpinned = 0;
    if (candidate->pins.compare_exchange_strong(unpinned, kReusing, std::memory_order_acquire)) {
      chosen = candidate;
      candidate = spare_.back();
      spare_.pop_back();
      break;
    }
  }
  if (chosen == nullptr) {
    owned_.push_back(std::make_unique<Segment>());
    chosen = owned_.back().get();
    chosen->pins.store(kReusing, std::memory_order_relaxed);
  }
  chosen->used_bytes = 0;
  chosen->written = 0;
  chosen->count.store(0, std::memory_order_relaxed);
  chosen->base_seq.store(next_seq_, std::memory_order_release);
  chosen->pins.fetch_sub(kReusing, std::memory_order_release);
  return chosen;
}

void EventLog::shrink_buffer_to(std::uint64_t first) noexcept {
  while (buffer_begin_ < first) {
    Segment* segment = &slot(buffer_segment_);
    const std::uint64_t end = segment->base_seq.load(std::memory_order_relaxed) + segment->written;
    if (buffer_begin_ >= end) {
      ++buffer_segment_;
      continue;
    }
    const std::uint64_t at = buffer_begin_ - segment->base_seq.load(std::memory_order_relaxed);
    --types_[segment->index[at].type].in_buffer;
    ++buffer_begin_;
  }
}

void EventLog::clear_buffer() noexcept {
  shrink_buffer_to(next_seq_);
  floor_.store(next_seq_, std::memory_order_release);
  commit();
}

void EventLog::set_buffer_size(std::size_t events) noexcept {
  buffer_size_ = events;
  if (next_seq_ - buffer_begin_ > events) {
    evicted_total_ += next_seq_ - buffer_begin_ - events;
    shrink_buffer_to(next_seq_ - events);
    commit();
  }
}

std::optional<std::uint16_t> EventLog::type_number(std::string_view name) {
  if (const auto found = type_numbers_.find(name); found != type_numbers_.end()) {
    return found->second;
  }
  if (types_.size() == kMaxTypes) return std::nullopt;
  const auto number = static_cast<std::uint16_t>(types_.size());
  types_.push_back({std::string(name)});
  type_numbers_.emplace(std::string(name), number);
  return number;
}

}  // namespace tapedeck
