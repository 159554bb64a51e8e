// Commands on their way to the engine thread: from the bus (a command_event whose state is
// `requested`, whoever published it) and from this process (a signal).
//
// post() and the bus's callback come from any thread; take() is the engine thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "tapedeck/bus.hpp"
#include "tapedeck/market/engine.hpp"

namespace tapedeck::desk {

class CommandInbox {
 public:
  /// Listens to the bus from now on.
  /// @param on_arrival called after each arrival, from whichever thread brought it
  CommandInbox(TelemetryBus& bus, std::function<void()> on_arrival);
  ~CommandInbox();
  CommandInbox(const CommandInbox&) = delete;
  CommandInbox& operator=(const CommandInbox&) = delete;

  void post(market::Command command);
  std::vector<market::Command> take();

 private:
  TelemetryBus& bus_;
  std::function<void()> on_arrival_;
  std::mutex mutex_;  // guards waiting_
  std::vector<market::Command> waiting_;
  std::uint64_t subscription_ = 0;
};

/// What a command_event asks for; nothing when it asks for nothing (an answer, or damaged).
std::optional<market::Command> requested_command(const Event& event);

}  // namespace tapedeck::desk
