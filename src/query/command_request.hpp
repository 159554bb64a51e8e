// What POST /api/telemetry/commands takes: {"command", "target", "reason", "by"} as one JSON
// object, turned into the command_event that asks for it. Pure function; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck {

/// @return the command_event as JSON text, with the state `requested`
/// Error codes: malformed_json; invalid_event (a field that is missing, unknown or of another type;
/// `field` is its JSON pointer).
Result<std::string> command_event_of(std::string_view body);

}  // namespace tapedeck
