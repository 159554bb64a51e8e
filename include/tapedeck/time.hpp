// Moments in time as Tapedeck keeps them: UTC, nanoseconds since 1970, no time zone anywhere
// inside. Text is RFC 3339; what is written always has six fractional digits and a Z. All functions
// are pure and may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck {

/// A moment, in nanoseconds since 1970-01-01T00:00:00 UTC.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

/// "Not given": publish() then stamps the event with the moment of the call.
inline constexpr Timestamp kNow{};

/// The system clock's reading.
inline Timestamp now() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

inline constexpr std::int64_t to_ns(Timestamp t) noexcept {
  return t.time_since_epoch().count();
}
inline constexpr Timestamp from_ns(std::int64_t ns) noexcept {
  return Timestamp{std::chrono::nanoseconds{ns}};
}

/// `2025-11-18T07:55:41.123456Z`: truncated to microseconds, always 27 characters.
/// Years 1678 to 2262 (what 64-bit nanoseconds can hold).
std::string format_rfc3339(Timestamp t);

/// Reads RFC 3339 with any offset (`Z`, `+05:30`), `T` or a space between date and time, and up to
/// nine fractional digits (more are cut). A leap second (`:60`) counts as the second after `:59`.
/// @return nothing when the text is not such a moment or lies outside 1678 to 2261.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace tapedeck
