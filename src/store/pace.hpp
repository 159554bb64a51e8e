// For publishers that nothing else paces (a run at speed 0), so that they do not outrun their own
// history. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "store/store.hpp"

namespace tapedeck::store {

/// Waits while much of what was published is not on disk yet, unless the disk is in trouble.
inline void wait_for_history(const Store& history) {
  constexpr std::uint64_t kMostLag = 150'000;  // of some 400 000 that the log may hold back
  for (StoreStats stats = history.stats(); !stats.degraded && stats.lag_events > kMostLag;
       stats = history.stats()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace tapedeck::store
