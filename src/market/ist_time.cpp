#include "tapedeck/market/ist_time.hpp"

#include <fmt/format.h>

#include <charconv>

namespace tapedeck::market {
namespace {

std::string format(IstDate date, const char* pattern) {
  const std::chrono::year_month_day ymd{date};
  return fmt::format(fmt::runtime(pattern), static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
}

}  // namespace

std::string format_date(IstDate date) {
  return format(date, "{:04}-{:02}-{:02}");
}

std::string format_compact_date(IstDate date) {
  return format(date, "{:04}{:02}{:02}");
}

std::optional<IstDate> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    unsigned value = 0;
    const char* end = text.data() + at + length;
    const auto result = std::from_chars(text.data() + at, end, value);
    return result.ec == std::errc{} && result.ptr == end ? static_cast<int>(value) : -1;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 1900 || year > 2200 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok()) return std::nullopt;
  return IstDate{ymd};
}

}  // namespace tapedeck::market
