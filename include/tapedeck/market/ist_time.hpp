// Indian Standard Time (+05:30, no daylight saving) at the edges: dates of sessions, clock times of
// phases, naive timestamps of Indian data. Everything inside is UTC (tapedeck::Timestamp).
// Pure functions, any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

/// A calendar date in India.
using IstDate = std::chrono::local_days;

inline constexpr std::chrono::nanoseconds kIstOffset =
    std::chrono::hours{5} + std::chrono::minutes{30};

inline IstDate ist_date(Timestamp t) noexcept {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::local_time<std::chrono::nanoseconds>{t.time_since_epoch() + kIstOffset});
}

/// The moment at which clocks in India show `time_of_day` on `date`.
inline Timestamp ist_moment(IstDate date, std::chrono::nanoseconds time_of_day) noexcept {
  return Timestamp{date.time_since_epoch() + time_of_day - kIstOffset};
}

/// Time since midnight in India.
inline std::chrono::nanoseconds ist_time_of_day(Timestamp t) noexcept {
  return t - ist_moment(ist_date(t), std::chrono::nanoseconds{0});
}

inline IstDate make_date(int year, unsigned month, unsigned day) noexcept {
  return IstDate{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
}

/// `2025-11-18`
std::string format_date(IstDate date);
/// `20251118`
std::string format_compact_date(IstDate date);
/// Reads `2025-11-18`; nothing when the text is not a date of the calendar.
std::optional<IstDate> parse_date(std::string_view text);

}  // namespace tapedeck::market
