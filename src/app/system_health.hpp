// SystemHealth: tells every five seconds how the process and the machine are doing, as
// engine_health of engine "System": CPU, memory, open files, disk, load, and how far the clock is
// off, where the kernel knows it. A thread of its own, asleep in between.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tapedeck/bus.hpp"

namespace tapedeck::app {

class SystemHealth {
 public:
  explicit SystemHealth(TelemetryBus& bus);
  /// Publishes "stopped" and ends.
  ~SystemHealth();
  SystemHealth(const SystemHealth&) = delete;
  SystemHealth& operator=(const SystemHealth&) = delete;

 private:
  void run();
  void publish(std::string_view status);

  TelemetryBus& bus_;
  const SourceId source_;
  double last_cpu_seconds_ = 0;
  std::chrono::steady_clock::time_point last_look_;
  std::mutex mutex_;  // guards stop_
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tapedeck::app
