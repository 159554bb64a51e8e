// Waiting for a condition, for tests that would otherwise sleep.
#pragma once

#include <chrono>
#include <thread>

namespace tapedeck::testing {

/// @return whether the condition came true within a minute.
template <typename Condition>
bool wait_until(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace tapedeck::testing
