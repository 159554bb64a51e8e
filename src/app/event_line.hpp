// One line of text for one event, for people at a terminal. Pure function; any thread.
#pragma once

#include <string>

namespace tapedeck::app {

/// `13:25:41.123 signal_event  NIFTY momentum BUY 0.85  RSI oversold` with the time in IST.
/// @param colour ANSI colours for sides and states.
/// @param width columns of the terminal, to which the details are cut; 0: everything.
std::string event_line(const std::string& event_json, bool colour, std::size_t width = 0);

}  // namespace tapedeck::app
