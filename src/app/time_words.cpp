#include "app/time_words.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::app {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t kLongestAgo_s = std::int64_t{100} * 365 * 86'400;

/// The two digits at `at`; nothing when they are none or above `max`.
std::optional<std::int64_t> two_digits(std::string_view text, std::size_t at, std::int64_t max) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return std::nullopt;
  const std::int64_t value = (text[at] - '0') * 10 + (text[at + 1] - '0');
  return value <= max ? std::optional(value) : std::nullopt;
}

/// `09:15`, `09:15:30`
std::optional<nanoseconds> clock_time(std::string_view text) {
  const bool with_seconds = text.size() == 8 && text[5] == ':';
  if ((text.size() != 5 && !with_seconds) || text[2] != ':') return std::nullopt;
  const auto hour = two_digits(text, 0, 23), minute = two_digits(text, 3, 59);
  const auto second = with_seconds ? two_digits(text, 6, 59) : std::optional<std::int64_t>(0);
  if (!hour || !minute || !second) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

/// `-15m`
std::optional<nanoseconds> time_ago(std::string_view text) {
  struct Unit {
    char name;
    std::int64_t seconds;
  };
  constexpr std::array kUnits = {Unit{'s', 1}, Unit{'m', 60}, Unit{'h', 3600}, Unit{'d', 86'400},
                                 Unit{'w', 604'800}};
  if (text.size() < 3 || text.front() != '-' || text[1] == '-') return std::nullopt;
  std::int64_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [stop, error] = std::from_chars(text.data() + 1, end, count);
  if (error != std::errc{} || stop != end) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name != text.back()) continue;
    if (count > kLongestAgo_s / unit.seconds) return std::nullopt;
    return std::chrono::seconds(count * unit.seconds);
  }
  return std::nullopt;
}

std::optional<market::IstDate> day_named(std::string_view text, Timestamp now) {
  if (text == "today") return market::ist_date(now);
  if (text == "yesterday") return market::ist_date(now) - std::chrono::days(1);
  return market::parse_date(text);
}

}  // namespace

std::optional<Timestamp> parse_time_word(std::string_view text, Timestamp now) {
  if (text == "now") return now;
  if (const auto ago = time_ago(text)) return now - *ago;
  if (const auto time = clock_time(text)) return market::ist_moment(market::ist_date(now), *time);
  const std::size_t gap = text.find_first_of(" T");
  const auto day = day_named(text.substr(0, gap), now);
  if (!day) return std::nullopt;
  if (gap == std::string_view::npos) return market::ist_moment(*day, nanoseconds(0));
  const auto time = clock_time(text.substr(gap + 1));
  if (!time) return std::nullopt;
  return market::ist_moment(*day, *time);
}

std::string time_parameter(const std::string& text, Timestamp now) {
  const auto moment = parse_time_word(text, now);
  return moment ? format_rfc3339(*moment) : text;
}

std::string ist_date_and_time(Timestamp moment) {
  std::string text = format_rfc3339(moment + market::kIstOffset).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string ist_date_and_time(std::string_view rfc3339) {
  const auto moment = parse_rfc3339(rfc3339);
  return moment ? ist_date_and_time(*moment) : std::string(rfc3339);
}

}  // namespace tapedeck::app
