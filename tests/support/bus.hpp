// Small things that tests of the bus have in common.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "bus/access.hpp"
#include "support/wait.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::testing {

inline GenericEvent numbered(std::int64_t n) {
  return {"t", {{"n", n}}};
}

inline std::string payload_of_numbered(std::int64_t n) {
  return "{\"n\":" + std::to_string(n) + "}";
}

inline std::vector<std::string> payloads(const std::vector<Event>& events) {
  std::vector<std::string> out;
  for (const Event& event : events) out.push_back(event.payload);
  return out;
}

/// The number behind `"name":` in a payload; -1: not there.
inline std::int64_t number_in(const std::string& payload, const std::string& name) {
  const std::size_t at = payload.find("\"" + name + "\":");
  return at == std::string::npos ? -1 : std::stoll(payload.substr(at + name.size() + 3));
}

/// Keeps the collector role busy, so that queues fill, until it is let go.
class HeldCollector {
 public:
  explicit HeldCollector(TelemetryBus& bus) : bus_(bus) {
    handle_ = BusAccess::add_commit_listener(bus, [this] {
      held_.store(true);
      wait_until([this] { return let_go_.load(); });
    });
    bus_.publish(GenericEvent{"hold", {}});  // its commit is where the collector stays
    wait_until([this] { return held_.load(); });
  }
  ~HeldCollector() {
    let_go();
    BusAccess::remove_commit_listener(bus_, handle_);
  }
  HeldCollector(const HeldCollector&) = delete;
  HeldCollector& operator=(const HeldCollector&) = delete;

  void let_go() { let_go_.store(true); }

 private:
  TelemetryBus& bus_;
  std::size_t handle_ = 0;
  std::atomic<bool> held_{false};
  std::atomic<bool> let_go_{false};
};

}  // namespace tapedeck::testing
