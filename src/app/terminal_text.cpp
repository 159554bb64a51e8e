#include "app/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tapedeck::app {
namespace {

constexpr std::string_view kDots = "...";

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

/// Where the first `room` characters end.
std::size_t bytes_of(std::string_view text, std::size_t room) {
  std::size_t at = 0;
  for (std::size_t shown = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && shown++ == room) break;
  }
  return at;
}

}  // namespace

std::size_t shown_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string shortened(std::string text, std::size_t room) {
  if (shown_width(text) <= room) return text;
  const std::size_t dots = std::min(room, kDots.size());
  text.resize(bytes_of(text, room - dots));
  text += kDots.substr(0, dots);
  return text;
}

std::string printable(std::string_view text) {
  std::string clean(text);
  for (std::size_t at = 0; at < clean.size(); ++at) {
    const auto byte = static_cast<unsigned char>(clean[at]);
    // Terminals obey U+0080 to U+009F, too: in UTF-8 C2 80 to C2 9F.
    const bool c1 = byte == 0xC2 && at + 1 < clean.size() &&
                    static_cast<unsigned char>(clean[at + 1]) >= 0x80 &&
                    static_cast<unsigned char>(clean[at + 1]) < 0xA0;
    if (c1) clean.replace(at, 2, " ");
    if (byte < 0x20 || byte == 0x7F) clean[at] = ' ';
  }
  return clean;
}

std::string with_commas(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  for (; bytes >= 999.95 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, kUnits[unit]);
}

std::string decimal(double value) {
  const double size = std::abs(value);
  if (size >= 1e15 || (size > 0 && size < 0.00005)) return fmt::format("{:.4g}", value);
  std::string text = fmt::format("{:.4f}", value);
  for (int digit = 0; digit < 2 && text.back() == '0'; ++digit) text.pop_back();
  return text;
}

std::string duration_text(std::int64_t microseconds) {
  // As a double: the smallest integer has no opposite.
  const double us = std::abs(static_cast<double>(microseconds));
  const std::string_view sign = microseconds < 0 ? "-" : "";
  if (us < 1000) return fmt::format("{}{:.0f} us", sign, us);
  if (us < 999'950) return fmt::format("{}{:.1f} ms", sign, us / 1e3);
  if (us < 59'995'000) return fmt::format("{}{:.2f} s", sign, us / 1e6);
  const auto seconds = static_cast<std::int64_t>(us / 1e6 + 0.5);
  if (seconds < 3600) return fmt::format("{}{} m {:02} s", sign, seconds / 60, seconds % 60);
  return fmt::format("{}{} h {:02} m", sign, seconds / 3600, seconds / 60 % 60);
}

std::string_view ansi::colour_of(std::string_view word) {
  constexpr std::array<std::string_view, 4> good = {"BUY", "filled", "active", "resolved"};
  constexpr std::array<std::string_view, 7> bad = {"SELL",     "rejected", "error", "firing",
                                                   "degraded", "critical", "dead"};
  constexpr std::array<std::string_view, 6> notable = {"EXIT",   "VETO",    "cancelled",
                                                       "vetoed", "warning", "pending"};
  const auto in = [&](const auto& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return in(good) ? kGreen : in(bad) ? kRed : in(notable) ? kYellow : std::string_view{};
}

}  // namespace tapedeck::app
