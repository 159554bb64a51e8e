#include "gil.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace tapedeck::python {
namespace {

std::atomic<bool> ended{false};
std::atomic<int> coming_back{0};  // have seen that it has not ended, and ask for the lock

}  // namespace

GilReleased::GilReleased() noexcept : state_(ended.load() ? nullptr : PyEval_SaveThread()) {}

GilReleased::~GilReleased() {
  if (state_ == nullptr) return;
  coming_back.fetch_add(1);
  if (ended.load()) {
    coming_back.fetch_sub(1);
    for (;;) pause();
  }
  PyEval_RestoreThread(state_);
  coming_back.fetch_sub(1);
}

void end_of_releases() noexcept {
  ended.store(true);
  PyThreadState* state = PyEval_SaveThread();
  // They need the lock for a moment only; a second is for a machine that is very busy.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (coming_back.load() > 0 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  PyEval_RestoreThread(state);
}

void forget_releases_after_fork() noexcept {
  coming_back.store(0);
}

}  // namespace tapedeck::python
