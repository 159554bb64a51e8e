// What the evaluator knows of one group of a rule. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_status.hpp"
#include "alert/sliding_window.hpp"
#include "event/frame.hpp"

namespace tapedeck::alert {

/// A copy of an event that an alert is about.
struct HeldEvent {
  std::string frame;
  FrameIndex index;

  HeldEvent(const char* from, const FrameIndex& of) : frame(from, of.length), index(of) {
    index.offset = 0;
  }
  std::string_view json() const noexcept {
    return std::string_view(frame).substr(index.json_offset(), index.json_length());
  }
  std::string_view id() const noexcept {
    return std::string_view(frame).substr(4, index.data_offset - 5U);  // "id: …\n"
  }
};

enum class Phase : std::uint8_t { idle, pending, firing };

struct GroupState {
  std::uint64_t number = 0;
  std::string id;  ///< CompiledRule::group_id
  Group group;
  std::string guard_id;

  Phase phase = Phase::idle;
  std::int64_t since = 0;  ///< when the condition began to hold; moments are Moment::at
  std::int64_t since_wall = 0;
  std::int64_t fired_at = 0;
  std::int64_t fired_wall = 0;
  std::int64_t cooldown_until = INT64_MIN;
  std::int64_t cooldown_wall = INT64_MIN;
  std::string alert_id;
  std::string summary;
  std::optional<double> value;
  std::string event_id;
  std::shared_ptr<const HeldEvent> event;  ///< the newest that the condition was about
  std::uint64_t suppressed = 0;            ///< since it was told last

  // What its kind of condition remembers.
  std::optional<RecentTimes> times;
  std::optional<SlidingAggregate> window;
  std::optional<double> last;
  std::int64_t last_at = INT64_MIN;  ///< of `last`, and of the newest match of `every`
  std::int64_t watched_since = 0;
  std::int64_t seen_active = 0;  ///< of absence: ActiveHours::active_time of the newest match

  // What was told whom.
  std::string acknowledged_by;
  std::int64_t acknowledged_wall = 0;
  bool told = false;  ///< its firing was notified
  std::int64_t told_wall = 0;
  std::vector<std::int64_t> repeated_wall;  ///< by entry of notify

  std::int64_t due = kNever;  ///< when it is to be looked at without an event
  bool dirty = false;         ///< differs from what is kept
};

}  // namespace tapedeck::alert
