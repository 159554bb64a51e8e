// What a threshold is written as: `avg(payload.latency_ms) > 250`. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "alert/rule.hpp"
#include "base/error.hpp"

namespace tapedeck::alert {

/// Reads and compiles it; window and min_count are left as they are by default. The closing
/// parenthesis of the aggregate is the last one in the text.
/// Error code: invalid_rule, field "/threshold"; what is wrong with the expression names its column
/// in the whole text.
Result<Threshold> parse_threshold(std::string_view text);
/// As parse_threshold reads it.
std::string threshold_text(const Threshold& threshold);

}  // namespace tapedeck::alert
