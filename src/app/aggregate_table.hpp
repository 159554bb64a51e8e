// The answer of GET /api/telemetry/aggregates as a table. Pure function; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace tapedeck::app {

/// Groups beside each other as columns at most; with more each has a line of its own.
inline constexpr std::size_t kMaxGroupColumns = 8;

/// A line a bucket, its beginning in IST, a column a group. With several keys or more groups than
/// kMaxGroupColumns a line a bucket and group. `*` marks a bucket that is not over, `~` a value
/// that is less exact than 1 %.
/// @param width, colour as Table::text
/// Error code: no_answer, when the text is no such answer.
Result<std::string> aggregate_table(const std::string& answer, std::size_t width, bool colour);

}  // namespace tapedeck::app
