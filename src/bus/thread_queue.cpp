#include "tapedeck/detail/thread_queue.hpp"

namespace tapedeck::detail {

std::byte* ThreadQueue::grow_and_reserve(std::size_t n) noexcept {
  // At its limit a queue must at least hold one of the largest records.
  std::size_t capacity = producer_ring_->capacity() * 2;
  while (capacity < n) capacity *= 2;
  if (total_bytes_ + capacity > limit_bytes_) return nullptr;
  ByteRing* bigger = nullptr;
  try {
    bigger = new ByteRing(capacity);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  total_bytes_ += capacity;
  producer_ring_->next.store(bigger, std::memory_order_release);
  producer_ring_ = bigger;
  return producer_ring_->reserve(n);
}

}  // namespace tapedeck::detail
