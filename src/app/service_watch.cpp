#include "app/service_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace tapedeck::app {
namespace {

/// Looks in the time within which the manager wants a ping: parts beat about once a second, so that
/// a part may miss some beats before the watchdog bites, but not all.
constexpr int kLooksInAnInterval = 4;

}  // namespace

ServiceWatch::ServiceWatch(ServiceManager& manager, std::vector<Heartbeat> parts, std::string url)
    : manager_(manager),
      check_(std::move(parts)),
      url_(std::move(url)),
      next_look_(Clock::now()),
      last_ping_(next_look_) {
  if (const auto interval = manager_.watchdog()) look_every_ = *interval / kLooksInAnInterval;
}

void ServiceWatch::ready() {
  if (!manager_.ready("serving " + url_)) {
    spdlog::warn("the service manager cannot be told that Tapedeck is ready");
  }
}

int ServiceWatch::wait(const sigset_t& signals) {
  for (;;) {
    if (!look_every_) {
      int signal = 0;
      sigwait(&signals, &signal);
      return signal;
    }
    const auto left = std::max(next_look_ - Clock::now(), Clock::duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{static_cast<time_t>(seconds.count()),
                           static_cast<long>(std::chrono::nanoseconds(left - seconds).count())};
    const int signal = sigtimedwait(&signals, nullptr, &timeout);
    if (signal > 0) return signal;
    if (Clock::now() >= next_look_) look();
  }
}

void ServiceWatch::look() {
  const Clock::time_point now = Clock::now();
  next_look_ = now + *look_every_;
  if (check_.all_beat()) {
    manager_.ping();
    last_ping_ = now;
    if (warned_) spdlog::warn("every thread moves again");
    warned_ = false;
  } else if (!warned_ && now - last_ping_ > *look_every_ * kLooksInAnInterval / 2) {
    warned_ = true;
    spdlog::error("no sign of life from {}; the service manager is not told that all is well",
                  check_.silent_parts());
  }
}

}  // namespace tapedeck::app
