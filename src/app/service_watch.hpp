// ServiceWatch: the main thread's wait for signals in a program that runs as a service. Between
// them it pings the service manager's watchdog, and only while every part of the process still
// moves: an I/O thread that hangs is a service to be restarted.
//
// Thread contract: the main thread, whose own hanging ends the pings too.
#pragma once

#include <signal.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/liveness.hpp"
#include "base/service_manager.hpp"

namespace tapedeck::app {

class ServiceWatch {
 public:
  /// @param manager must outlive this.
  /// @param url where the service is reached, for its status line.
  ServiceWatch(ServiceManager& manager, std::vector<Heartbeat> parts, std::string url);

  void ready();
  void reloading() { manager_.reloading(); }
  void stopping() { manager_.stopping(); }

  /// Waits for one of these signals, which must be blocked. @return which.
  int wait(const sigset_t& signals);

 private:
  using Clock = std::chrono::steady_clock;
  void look();

  ServiceManager& manager_;
  LivenessCheck check_;
  const std::string url_;
  std::optional<Clock::duration> look_every_;  // nothing: nobody wants pings
  Clock::time_point next_look_;
  Clock::time_point last_ping_;
  bool warned_ = false;
};

/// The time of a reload: the manager is told of its beginning and its end.
class ServiceReload {
 public:
  explicit ServiceReload(ServiceWatch& service) : service_(service) { service_.reloading(); }
  ~ServiceReload() { service_.ready(); }
  ServiceReload(const ServiceReload&) = delete;
  ServiceReload& operator=(const ServiceReload&) = delete;

 private:
  ServiceWatch& service_;
};

}  // namespace tapedeck::app
