// Reads the timestamps of market data files: RFC 3339, or naive ones whose zone has to be told.
// Pure functions over bytes; nothing allocates.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

/// What to do with an offset in the text (`Z`, `+05:30`, `+0530`).
enum class OffsetRule {
  respect,
  ignore,  ///< it is wrong: the clock shows the time of the zone given
};

/// Reads `2025-11-18 09:15`, `20251118T09:15:00.123456`, `2025-11-18T09:15:00+05:30`.
/// @param zone offset from UTC of a time without one
std::optional<Timestamp> parse_time(std::string_view text, std::chrono::nanoseconds zone,
                                    OffsetRule rule = OffsetRule::respect);

/// Reads `2025-11-18` or `20251118` and, separately, `09:15[:00[.123]]`.
std::optional<Timestamp> parse_date_and_time(std::string_view date, std::string_view time,
                                             std::chrono::nanoseconds zone);

/// `Asia/Kolkata`, `IST`, `UTC`, `Z`, `+05:30`, `-0400`. Named zones with daylight saving are not
/// known: give the offset.
std::optional<std::chrono::nanoseconds> parse_zone(std::string_view text);

}  // namespace tapedeck::market
