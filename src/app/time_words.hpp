// Moments as people type them at a terminal. Clock times and dates are Indian Standard Time, like
// every time the command line shows. Pure functions; any thread.
//
//   now                          this moment
//   -30s -15m -2h -3d -1w        so long ago
//   09:15  09:15:30              today, IST
//   today  yesterday  2025-11-18 midnight at the beginning of that day, IST
//   yesterday 15:30              a day and a time, IST; a T may stand for the space
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::app {

/// @return nothing when the text is none of the above
std::optional<Timestamp> parse_time_word(std::string_view text, Timestamp now);

/// For a parameter of the API: a time word as RFC 3339 in UTC, any other text as it is. The server
/// knows RFC 3339 and event ids, and says what is wrong with the rest.
std::string time_parameter(const std::string& text, Timestamp now);

/// `2025-11-18 13:25:41` in IST.
std::string ist_date_and_time(Timestamp moment);
/// `2025-11-18 13:25:41` in IST of an RFC 3339 text; the text itself when it is none.
std::string ist_date_and_time(std::string_view rfc3339);

}  // namespace tapedeck::app
