#include "app/system_health.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/clock_sync.hpp"
#include "base/machine.hpp"

namespace tapedeck::app {
namespace {

using namespace std::chrono_literals;
constexpr auto kEvery = 5s;

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::int64_t open_files() {
  std::error_code error;
  std::int64_t count = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++count;
  }
  return count;
}

void add_clock(Map& metrics) {
  const ClockSync clock = read_clock_sync();
  const auto or_null = [](const auto& value) { return value ? Value(*value) : Value(nullptr); };
  metrics.set("clock_synchronized", or_null(clock.synchronized))
      .set("clock_offset_ms", or_null(clock.offset_ms))
      .set("clock_max_error_ms", or_null(clock.max_error_ms));
}

}  // namespace

SystemHealth::SystemHealth(TelemetryBus& bus)
    : bus_(bus),
      source_(bus.register_source({.host = machine_name(), .engine_id = "system"})),
      last_cpu_seconds_(process_cpu_seconds()),
      last_look_(std::chrono::steady_clock::now()),
      thread_([this] { run(); }) {}

SystemHealth::~SystemHealth() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void SystemHealth::run() {
  pthread_setname_np(pthread_self(), "td-system");
  publish("starting");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kEvery, [this] { return stop_; })) publish("active");
  publish("stopped");
}

void SystemHealth::publish(std::string_view status) {
  const double cpu = process_cpu_seconds();
  const auto look = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(look - last_look_).count();
  std::error_code error;
  const auto disk = std::filesystem::space(std::filesystem::current_path(error), error);
  double load[1] = {};
  Map metrics;
  metrics.set("process_cpu_pct", elapsed > 0 ? 100 * (cpu - last_cpu_seconds_) / elapsed : 0.0)
      .set("process_memory_bytes", resident_bytes())
      .set("open_files", open_files());
  if (!error) {
    metrics.set("disk_free_bytes", static_cast<std::int64_t>(disk.available));
    if (disk.capacity > 0) {
      metrics.set("disk_free_pct",
                  100 * static_cast<double>(disk.available) / static_cast<double>(disk.capacity));
    }
  }
  if (getloadavg(load, 1) == 1) metrics.set("load_1m", load[0]);
  add_clock(metrics);
  last_cpu_seconds_ = cpu;
  last_look_ = look;
  bus_.publish(EngineHealth{.engine_name = "System", .status = status, .metrics = metrics}, kNow,
               source_);
}

}  // namespace tapedeck::app
