// What a grant lets its holder publish, on every path by which events come in: commands are for
// admins, a narrowed grant publishes inside its narrowing, and a grant that is bound to an engine
// or an account publishes as that one only.
//
// Pure but for the memory that the caller brings; any thread. A grant without rules (an admin who
// is neither narrowed nor bound) costs a few comparisons; the others some 100 ns an event.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "event/event_decoder.hpp"

namespace tapedeck {

/// Events with a source of their own; keeps what the rules write alive.
struct StampedEvents {
  std::vector<DecodedEvent> events;
  std::deque<std::string> sources;
};

/// @param stamped where events go that have to be given the grant's engine_id or account; its
///        former content goes
/// @return the events to publish: those given, or those in `stamped`. All or nothing: the first
/// event that is not allowed is the error, with its index where there are several.
/// Error code: forbidden.
Result<std::span<const DecodedEvent>> apply_publish_rules(const auth::Grant& grant,
                                                          std::span<const DecodedEvent> events,
                                                          StampedEvents& stamped);

}  // namespace tapedeck
