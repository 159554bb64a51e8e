#include "base/fork_fds.hpp"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>

namespace tapedeck {
namespace {

// A slot is free, holds a descriptor, or holds one that this process, a child, has closed.
constexpr int kFree = -1;
constexpr int closed(int fd) noexcept {
  return -2 - fd;
}

struct Slots {
  std::array<std::atomic<int>, kMaxForkFds> fds;
  Slots() noexcept {
    for (auto& slot : fds) slot.store(kFree, std::memory_order_relaxed);
  }
};
Slots& slots() noexcept {
  // Never destroyed: children may be forked, and locks be released, while statics are.
  alignas(Slots) static std::byte memory[sizeof(Slots)];
  static Slots* const all = new (memory) Slots;
  return *all;
}

bool replace_one(int from, int to) noexcept {
  for (auto& slot : slots().fds) {
    int expected = from;
    if (slot.compare_exchange_strong(expected, to, std::memory_order_acq_rel)) return true;
  }
  return false;
}

}  // namespace

bool register_fork_fd(int fd) noexcept {
  static std::once_flag installed;
  std::call_once(installed, [] {
    slots();  // made before any child could need it
    pthread_atfork(nullptr, nullptr, &close_fork_fds_in_child);
  });
  return fd >= 0 && replace_one(kFree, fd);
}

bool unregister_fork_fd(int fd) noexcept {
  if (fd < 0) return false;
  return replace_one(fd, kFree) || !replace_one(closed(fd), kFree);
}

void close_fork_fds_in_child() noexcept {
  for (auto& slot : slots().fds) {
    const int fd = slot.load(std::memory_order_acquire);
    if (fd < 0) continue;
    slot.store(closed(fd), std::memory_order_release);
    ::close(fd);
  }
}

}  // namespace tapedeck
