// How an engine speaks: the bus, the engine's own source label and, where a run must not lose
// events, back-pressure. Every engine of a run holds one.
//
// Called by the engine thread only. On the live path publish() is the bus's publish and nothing
// else; a lossless publisher (replays at full speed) waits for the collector now and then.
#pragma once

#include <cstdint>
#include <string>

#include "tapedeck/bus.hpp"
#include "tapedeck/market/engine.hpp"

namespace tapedeck::market {

class EnginePublisher {
 public:
  /// @param lossless wait for the collector rather than drop; not for the live path
  EnginePublisher(TelemetryBus& bus, const Source& source, bool lossless)
      : bus_(&bus),
        source_(bus.register_source(source)),
        engine_id_(source.engine_id),
        lossless_(lossless) {}

  /// Publishes nothing: what an engine costs without telemetry.
  static EnginePublisher silent() { return {}; }

  const std::string& engine_id() const noexcept { return engine_id_; }

  /// @param at engine time; Timestamp{} would mean the wall clock, so engines never pass it
  /// @return false when the event was lost, which is counted
  template <typename E>
  bool publish(const E& event, Timestamp at) {
    if (bus_ == nullptr) return true;
    if (lossless_ && ++since_look_ >= kLookEvery) wait_for_room();
    if (bus_->publish(event, at, source_)) return true;
    if (lossless_) {
      bus_->flush();
      if (bus_->publish(event, at, source_)) return true;
    }
    ++lost_;
    return false;
  }

  /// Publishes the answer to a command.
  /// @param state done, refused or failed
  bool answer(const Command& command, std::string_view state, std::string_view reason,
              Timestamp at) {
    CommandEvent event{.command = command.name,
                       .target = engine_id_,
                       .state = state,
                       .reason = reason,
                       .by = command.by,
                       .extra = {}};
    if (!command.request_id.empty()) event.extra.set("request_id", command.request_id);
    return publish(event, at);
  }

  std::uint64_t lost() const noexcept { return lost_; }

 private:
  EnginePublisher() = default;

  static constexpr std::uint32_t kLookEvery = 64;
  /// A quarter of a queue's default limit. Much less, and this thread would do the collector's work
  /// instead of its own.
  static constexpr std::uint64_t kMostBacklogBytes = std::uint64_t{4} << 20;

  void wait_for_room() {
    since_look_ = 0;
    if (bus_->backlog_bytes() > kMostBacklogBytes) bus_->flush();
  }

  TelemetryBus* bus_ = nullptr;
  SourceId source_ = SourceId::none;
  std::string engine_id_;
  bool lossless_ = false;
  std::uint32_t since_look_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace tapedeck::market
