#include "market/time_text.hpp"

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::market {
namespace {

using std::chrono::nanoseconds;

/// Consumes exactly `digits` digits from the front of `text`; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const int year = take_number(text, 4);
  const bool dashed = take(text, '-');
  const int month = take_number(text, 2);
  if (dashed && !take(text, '-')) return std::nullopt;
  const int day = take_number(text, 2);
  // Nanoseconds reach from 1678 to 2262; data outside these years is a mistake anyway.
  if (year < 1900 || year > 2200 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) return std::nullopt;
  return std::chrono::sys_days{ymd};
}

nanoseconds take_fraction(std::string_view& text) {
  std::int64_t ns = 0;
  std::int64_t unit = 100'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    ns += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return nanoseconds{ns};
}

std::optional<nanoseconds> take_clock(std::string_view& text) {
  const int hour = take_number(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return std::nullopt;
  const int minute = take_number(text, 2);
  if (minute < 0 || minute > 59) return std::nullopt;
  nanoseconds clock = std::chrono::hours{hour} + std::chrono::minutes{minute};
  if (!take(text, ':')) return clock;
  const int second = take_number(text, 2);
  if (second < 0 || second > 59) return std::nullopt;
  clock += std::chrono::seconds{second};
  if (take(text, '.')) clock += take_fraction(text);
  return clock;
}

std::optional<nanoseconds> take_offset(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return nanoseconds{0};
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const int hours = take_number(text, 2);
  take(text, ':');
  const int minutes = take_number(text, 2);
  if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return std::nullopt;
  const nanoseconds offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
  return west ? -offset : offset;
}

}  // namespace

std::optional<Timestamp> parse_time(std::string_view text, nanoseconds zone, OffsetRule rule) {
  const auto date = take_date(text);
  if (!date || !(take(text, ' ') || take(text, 'T') || take(text, 't'))) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  nanoseconds offset = zone;
  if (!text.empty()) {
    const auto written = take_offset(text);
    if (!written || !text.empty()) return std::nullopt;
    if (rule == OffsetRule::respect) offset = *written;
  }
  return Timestamp{date->time_since_epoch() + *clock - offset};
}

std::optional<Timestamp> parse_date_and_time(std::string_view date, std::string_view time,
                                             nanoseconds zone) {
  const auto day = take_date(date);
  const auto clock = take_clock(time);
  if (!day || !date.empty() || !clock || !time.empty()) return std::nullopt;
  return Timestamp{day->time_since_epoch() + *clock - zone};
}

std::optional<nanoseconds> parse_zone(std::string_view text) {
  if (text == "Asia/Kolkata" || text == "Asia/Calcutta" || text == "IST") return kIstOffset;
  if (text == "UTC" || text == "GMT" || text == "Etc/UTC") return nanoseconds{0};
  const auto offset = take_offset(text);
  if (!text.empty()) return std::nullopt;
  return offset;
}

}  // namespace tapedeck::market
