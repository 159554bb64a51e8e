// One line of text for one event, for people at a terminal. event_line() is a pure function; an
// EventLines belongs to one thread.
#pragma once

#include <cstddef>
#include <string>

#include "tapedeck/time.hpp"

namespace tapedeck::app {

/// `13:25:41.123 signal_event  NIFTY momentum BUY 0.85  RSI oversold` with the time in IST.
/// @param colour ANSI colours for sides and states.
/// @param width columns of the terminal, to which the details are cut; 0: everything.
std::string event_line(const std::string& event_json, bool colour, std::size_t width = 0);

/// The lines of one event after another. Where an event is of another day (IST) than the one before
/// it, and where the first is not of today, a line `-- 2025-11-18 IST --` says so.
class EventLines {
 public:
  EventLines(Timestamp now, bool colour);
  /// Ends with a line feed.
  std::string next(const std::string& event_json, std::size_t width);

 private:
  std::string day_;
  bool colour_;
};

}  // namespace tapedeck::app
