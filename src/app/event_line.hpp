// One line of text for one event, for people at a terminal. Pure function; any thread.
#pragma once

#include <string>

namespace tapedeck::app {

/// `13:25:41.123 signal_event  NIFTY momentum BUY 0.85  RSI oversold` with the time in IST.
/// @param colour ANSI colours for sides, states and P&L.
std::string event_line(const std::string& event_json, bool colour);

}  // namespace tapedeck::app
