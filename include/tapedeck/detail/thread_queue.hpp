// One publishing thread's queue of event records: a chain of byte rings with one producer and one
// consumer. The producer takes no lock, makes no system call and waits for nobody; when the ring is
// full it starts one twice the size until the queue's limit is reached, then reports "full".
//
// Thread contract: reserve, commit, drop by the owning thread; the rest by whoever holds the
// collector role. Cost of reserve + commit without growth: two cache lines of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "tapedeck/detail/record.hpp"

namespace tapedeck::detail {

/// Largest record a queue takes; more is refused as too large. Chosen so that a payload of the
/// contract's 64 KiB fits with its record's overhead.
inline constexpr std::size_t kMaxRecordBytes = 68 * 1024;

/// What one side polls and the other side uses lie this far apart: two lines, because processors
/// fetch them in pairs.
inline constexpr std::size_t kCacheLines = 128;

/// A ring of bytes whose records never wrap: storage goes kMaxRecordBytes beyond the capacity, so a
/// record that starts inside the ring may end behind it.
class ByteRing {
 public:
  explicit ByteRing(std::size_t capacity)
      : bytes_(new std::byte[capacity + kMaxRecordBytes]),
        mask_(capacity - 1),
        producer_mask_(mask_),
        producer_bytes_(bytes_.get()) {
    // Touch the pages now: the first events must not pay for page faults.
    std::memset(bytes_.get(), 0, capacity);
  }

  std::size_t capacity() const noexcept { return producer_mask_ + 1; }

  std::byte* reserve(std::size_t n) noexcept {
    const std::uint64_t end = write_ + n;
    if (end - read_seen_ > capacity()) [[unlikely]] {
      read_seen_ = read_.load(std::memory_order_acquire);
      if (end - read_seen_ > capacity()) return nullptr;
    }
    return producer_bytes_ + (write_ & producer_mask_);
  }
  void commit(std::size_t n) noexcept {
    write_ += n;
    written_.store(write_, std::memory_order_release);
  }

  /// Bytes the consumer has not given back yet; the producer's call.
  std::uint64_t unread() const noexcept { return write_ - read_.load(std::memory_order_acquire); }

  std::uint64_t written() const noexcept { return written_.load(std::memory_order_acquire); }
  std::uint64_t read_position() const noexcept { return read_.load(std::memory_order_relaxed); }
  const std::byte* at(std::uint64_t position) const noexcept {
    return bytes_.get() + (position & mask_);
  }
  void release(std::uint64_t position) noexcept {
    read_.store(position, std::memory_order_release);
  }

  alignas(kCacheLines) std::atomic<ByteRing*> next{nullptr};  // polled by the consumer

 private:
  const std::unique_ptr<std::byte[]> bytes_;
  const std::size_t mask_;
  // The producer's own line: its position, its last look at read_, and where to write.
  alignas(kCacheLines) std::uint64_t write_ = 0;
  std::uint64_t read_seen_ = 0;
  const std::size_t producer_mask_;
  std::byte* const producer_bytes_;
  // The consumer polls this line. The producer only ever stores to it, so it never waits for it.
  alignas(kCacheLines) std::atomic<std::uint64_t> written_{0};
  alignas(kCacheLines) std::atomic<std::uint64_t> read_{0};
  [[maybe_unused]] char keep_apart_[kCacheLines - sizeof(std::uint64_t)]{};
};

class ThreadQueue {
 public:
  ThreadQueue(std::size_t initial_bytes, std::size_t limit_bytes, std::uint64_t thread_id)
      : thread_id_(thread_id),
        limit_bytes_(limit_bytes),
        producer_ring_(new ByteRing(initial_bytes)),
        total_bytes_(initial_bytes),
        consumer_ring_(producer_ring_) {}
  ThreadQueue(const ThreadQueue&) = delete;
  ThreadQueue& operator=(const ThreadQueue&) = delete;
  ~ThreadQueue() {
    for (ByteRing* ring = consumer_ring_; ring != nullptr;) {
      ByteRing* next = ring->next.load(std::memory_order_relaxed);
      delete ring;
      ring = next;
    }
  }

  // --- the owning thread ---

  /// Room for a record of n bytes, or nullptr when the queue is full at its limit.
  [[gnu::always_inline]] std::byte* reserve(std::size_t n) noexcept {
    std::byte* out = producer_ring_->reserve(n);
    return out ? out : grow_and_reserve(n);
  }
  [[gnu::always_inline]] void commit(std::size_t n) noexcept { producer_ring_->commit(n); }
  /// Bytes in the ring being written that wait for the collector.
  std::uint64_t unread() const noexcept { return producer_ring_->unread(); }
  void count_drop() noexcept { add_one(dropped_); }
  void count_rejected() noexcept { add_one(rejected_); }
  /// Tells the collector that no more records will come.
  void retire() noexcept { retired_.store(true, std::memory_order_release); }

  // --- the collector ---

  struct Front {
    const std::byte* record;  // nullptr: nothing queued
    std::uint64_t ticks;
  };
  /// How far the producer has come; records up to here may be read.
  void refresh() noexcept {
    for (;;) {
      readable_ = consumer_ring_->written();
      if (readable_ != position_) return;
      ByteRing* next = consumer_ring_->next.load(std::memory_order_acquire);
      if (next == nullptr) return;
      // The producer left this ring before it linked the next, so a second look is final.
      readable_ = consumer_ring_->written();
      if (readable_ != position_) return;
      delete consumer_ring_;
      consumer_ring_ = next;
      position_ = 0;
    }
  }
  Front front() const noexcept {
    if (position_ == readable_) return {nullptr, ~std::uint64_t{0}};
    const std::byte* record = consumer_ring_->at(position_);
    RecordHeader header;
    std::memcpy(&header, record, sizeof header);
    return {record, header.ticks};
  }
  void pop(std::size_t n) noexcept { position_ += n; }
  /// Gives the space of what was popped back to the producer.
  void release() noexcept {
    if (consumer_ring_->read_position() != position_) consumer_ring_->release(position_);
  }
  bool retired() const noexcept { return retired_.load(std::memory_order_acquire); }
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }
  std::uint64_t rejected() const noexcept { return rejected_.load(std::memory_order_relaxed); }
  std::uint64_t thread_id() const noexcept { return thread_id_; }

 private:
  std::byte* grow_and_reserve(std::size_t n) noexcept;
  // One writer: no locked instruction needed.
  static void add_one(std::atomic<std::uint64_t>& counter) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  const std::uint64_t thread_id_;
  const std::size_t limit_bytes_;
  ByteRing* producer_ring_;
  std::size_t total_bytes_;

  alignas(kCacheLines) std::atomic<std::uint64_t> dropped_{0};  // polled by the collector
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<bool> retired_{false};

  ByteRing* consumer_ring_;
  std::uint64_t position_ = 0;  // collector's, in consumer_ring_
  std::uint64_t readable_ = 0;

 public:
  /// Drops already told to readers; the collector's own note.
  std::uint64_t drops_published = 0;
};

}  // namespace tapedeck::detail
