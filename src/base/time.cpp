#include "tapedeck/time.hpp"

#include <charconv>

namespace tapedeck {
namespace {

void put_digits(char* to, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// Reads exactly `width` digits at `at`; -1 when they are not digits.
int digits(std::string_view text, std::size_t at, std::size_t width) {
  if (at + width > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// Offset from UTC in seconds, of "Z", "z" or "+hh:mm"; nothing when text is none of these.
std::optional<int> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  const int seconds = hours * 3600 + minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::string format_rfc3339(Timestamp t) {
  using namespace std::chrono;
  // In seconds first: the first day's midnight is out of the nanoseconds' range.
  const auto second = floor<std::chrono::seconds>(t);
  const auto day = floor<days>(second);
  const year_month_day date{day};
  const auto seconds = static_cast<unsigned>((second - day).count());
  const auto rest_ns = (to_ns(t) % 1'000'000'000 + 1'000'000'000) % 1'000'000'000;
  std::string out = "0000-00-00T00:00:00.000000Z";
  put_digits(out.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_digits(out.data() + 5, static_cast<unsigned>(date.month()), 2);
  put_digits(out.data() + 8, static_cast<unsigned>(date.day()), 2);
  put_digits(out.data() + 11, seconds / 3600, 2);
  put_digits(out.data() + 14, seconds / 60 % 60, 2);
  put_digits(out.data() + 17, seconds % 60, 2);
  put_digits(out.data() + 20, static_cast<unsigned>(rest_ns / 1000), 6);
  return out;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20) return std::nullopt;
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  const bool separators = text[4] == '-' && text[7] == '-' && text[13] == ':' && text[16] == ':' &&
                          (text[10] == 'T' || text[10] == 't' || text[10] == ' ');
  if (!separators || y < 1678 || y > 2261 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 ||
      s > 60 || mo < 1 || d < 1) {
    return std::nullopt;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;

  std::size_t at = 19;
  std::int64_t fraction_ns = 0;
  if (text[at] == '.') {
    std::int64_t unit = 100'000'000;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
      fraction_ns += unit * (text[at] - '0');
    }
    if (at == first) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(at));
  if (!offset) return std::nullopt;
  return Timestamp{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} - seconds{*offset} +
         nanoseconds{fraction_ns};
}

}  // namespace tapedeck
