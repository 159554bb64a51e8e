// The answers of GET /api/telemetry/trades for people: trades as a table, and one trade's chain of
// events with the time each came after the decision. Pure functions; any thread.
// Error code of both: no_answer, when the text is no such answer.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace tapedeck::app {

/// A line a trade, the newest last; empty when there is none.
/// @param width, colour as Table::text
Result<std::string> trades_table(const std::string& answer, std::size_t width, bool colour);

/// What became of the trade, its events (the offset from the decision before each), its figures.
Result<std::string> trade_chain(const std::string& answer, std::size_t width, bool colour);

}  // namespace tapedeck::app
