// How texts, numbers, sizes and durations look in a terminal. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::app {

/// Columns of a terminal that the text takes, a code point counted as one.
std::size_t shown_width(std::string_view text);
/// The text cut to `room` columns, the last three of them dots when anything is missing.
std::string shortened(std::string text, std::size_t room);
/// Control characters as spaces.
std::string printable(std::string_view text);

/// 1234567 as `1,234,567`
std::string with_commas(std::uint64_t n);
/// `12.3 MB`, powers of 1000
std::string bytes_text(double bytes);
/// Two to four digits behind the point; beyond what these show, in scientific notation.
std::string decimal(double value);
/// Microseconds as `850 us`, `12.3 ms`, `4.20 s`, `3 m 05 s`, `2 h 03 m`; a sign when below zero.
std::string duration_text(std::int64_t microseconds);

namespace ansi {

inline constexpr std::string_view kGreen = "\x1b[32m", kRed = "\x1b[31m", kYellow = "\x1b[33m",
                                  kDim = "\x1b[2m", kPlain = "\x1b[0m";

/// Of a side, a state, an outcome; empty for other words.
std::string_view colour_of(std::string_view word);

}  // namespace ansi
}  // namespace tapedeck::app
