#include "app/second_signal.hpp"

#include <pthread.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

namespace tapedeck::app {
namespace {

constexpr timespec kGrace{2, 0};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SecondSignal::wake_signal()}) sigaddset(&set, signal);
  return set;
}

}  // namespace

int SecondSignal::wake_signal() noexcept {
  return SIGRTMIN + 1;
}

SecondSignal::SecondSignal(std::function<void()> hurry)
    : hurry_(std::move(hurry)), thread_([this] { watch(); }) {}

SecondSignal::~SecondSignal() {
  pthread_kill(thread_.native_handle(), wake_signal());
  thread_.join();
}

void SecondSignal::watch() {
  pthread_setname_np(pthread_self(), "td-signal");
  const sigset_t set = watched_signals();
  int signal = 0;
  if (sigwait(&set, &signal) != 0 || signal == wake_signal()) return;
  spdlog::warn("told to stop again: not waiting for clients any longer");
  hurry_();
  int next = 0;
  do {
    next = sigtimedwait(&set, nullptr, &kGrace);
  } while (next < 0 && errno == EINTR);
  if (next == wake_signal()) return;
  spdlog::error("ended before everything had been stored");
  _exit(128 + signal);
}

}  // namespace tapedeck::app
