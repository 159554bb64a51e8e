// The JSON encoder's alphabet: constants, strings, numbers and times, written at a pointer whose
// room the caller has made sure of (see the worst cases below). One set of rules for all JSON
// Tapedeck writes:
//   - `"` and `\` inside strings are \u0022 and \u005c, control characters \u00xx (contract §1);
//   - bytes that are not UTF-8 become U+FFFD, one for each maximal bad part (Unicode 15 §3.9);
//   - numbers are the shortest text that reads back equal, with at least one decimal; NaN and
//     infinities are null.
// Worst cases: a string takes 6 bytes for each of its own and 2 quotes; a number takes 25.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "tapedeck/detail/fields.hpp"

namespace tapedeck::json {

inline constexpr std::size_t kMaxStringGrowth = 6;
inline constexpr std::size_t kMaxNumber = 25;

template <std::size_t N>
[[gnu::always_inline]] inline char* put(char* out, const char (&literal)[N]) {
  std::memcpy(out, literal, N - 1);
  return out + N - 1;
}
inline char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Copies text that may need escaping; the slow road of write_string.
char* write_escaped(char* out, std::string_view text);

namespace detail {

[[gnu::always_inline]] inline bool is_plain_word(std::uint64_t w) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U, kHigh = 0x8080808080808080U;
  const std::uint64_t quote = w ^ (kOnes * '"'), backslash = w ^ (kOnes * '\\');
  const std::uint64_t bad = (w - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes) | w;
  return (bad & kHigh) == 0;
}

}  // namespace detail

/// The bytes between the quotes. Text that is printable ASCII without `"` and `\` is copied while
/// it is looked at; anything else starts over on the slow road.
inline char* write_string_body(char* out, std::string_view text) {
  const char* s = text.data();
  const std::size_t n = text.size();
  if (n >= 16) {
#if defined(__SSE2__)
    const auto copy_plain16 = [&](std::size_t at) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(s + at));
      const __m128i low = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));  // signed: 0x80.. too
      const __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
      const __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + at), v);
      return _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))) == 0;
    };
    for (std::size_t i = 0; i + 16 <= n; i += 16) {
      if (!copy_plain16(i)) [[unlikely]]
        return write_escaped(out, text);
    }
    if (!copy_plain16(n - 16)) [[unlikely]]
      return write_escaped(out, text);
    return out + n;
#else
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < n; i += 8) {
      const std::size_t at = i + 8 <= n ? i : n - 8;
      std::memcpy(&word, s + at, 8);
      if (!detail::is_plain_word(word)) return write_escaped(out, text);
      std::memcpy(out + at, &word, 8);
    }
    return out + n;
#endif
  }
  // Two overlapping words, so that no length needs a loop.
  if (n >= 8) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, s, 8);
    std::memcpy(&b, s + n - 8, 8);
    if (!detail::is_plain_word(a) || !detail::is_plain_word(b)) return write_escaped(out, text);
    std::memcpy(out, &a, 8);
    std::memcpy(out + n - 8, &b, 8);
  } else if (n >= 4) {
    std::uint32_t a = 0, b = 0;
    std::memcpy(&a, s, 4);
    std::memcpy(&b, s + n - 4, 4);
    if (!detail::is_plain_word(std::uint64_t{a} << 32 | b)) return write_escaped(out, text);
    std::memcpy(out, &a, 4);
    std::memcpy(out + n - 4, &b, 4);
  } else if (n > 0) {
    const char a = s[0], b = s[n / 2], c = s[n - 1];
    const auto plain = [](char x) { return x >= 0x20 && x != '"' && x != '\\'; };
    if (!plain(a) || !plain(b) || !plain(c)) return write_escaped(out, text);
    out[0] = a;
    out[n / 2] = b;
    out[n - 1] = c;
  }
  return out + n;
}

inline char* write_string(char* out, std::string_view text) {
  *out++ = '"';
  out = write_string_body(out, text);
  *out++ = '"';
  return out;
}

inline char* write_int(char* out, std::int64_t v) {
  return std::to_chars(out, out + 20, v).ptr;
}
inline char* write_uint(char* out, std::uint64_t v) {
  return std::to_chars(out, out + 20, v).ptr;
}

/// The roads for numbers with more than four decimals, huge or tiny ones.
char* write_number_general(char* out, double v);

inline char* write_number(char* out, double v) {
  // Most prices have at most four decimals: print the exact integer v * 10^4. Two different
  // decimals of up to 15 digits never share a double, so this is also the shortest text.
  const double scaled = v * 1e4;
  if (!(std::abs(scaled) < 1e15)) return write_number_general(out, v);
  const auto units = static_cast<std::int64_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  if (static_cast<double>(units) / 1e4 != v) return write_number_general(out, v);
  if (v < 0 || (units == 0 && std::signbit(v))) *out++ = '-';
  const auto magnitude = static_cast<std::uint64_t>(units < 0 ? -units : units);
  const std::uint64_t whole = magnitude / 10000;
  auto fraction = static_cast<std::uint32_t>(magnitude % 10000);
  out = whole < 10 ? (*out = static_cast<char>('0' + whole), out + 1) : write_uint(out, whole);
  *out++ = '.';
  int width = 4;
  while (width > 1 && fraction % 10 == 0) {
    fraction /= 10;
    --width;
  }
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  return out + width;
}

/// Writes timestamps; remembers the last second's text because neighbours share it.
class TimestampWriter {
 public:
  /// 27 characters, no quotes.
  char* write(char* out, std::int64_t utc_ns) {
    std::int64_t second = utc_ns / 1'000'000'000;
    std::int64_t rest = utc_ns % 1'000'000'000;
    if (rest < 0) {
      rest += 1'000'000'000;
      --second;
    }
    if (second != second_) [[unlikely]]
      set_second(second);
    std::memcpy(out, text_, 20);
    const auto micros = static_cast<std::uint32_t>(rest / 1000);
    put_pair(out + 20, micros / 10000);
    put_pair(out + 22, micros / 100 % 100);
    put_pair(out + 24, micros % 100);
    out[26] = 'Z';
    return out + 27;
  }

 private:
  static void put_pair(char* out, std::uint32_t two_digits) {
    out[0] = static_cast<char>('0' + two_digits / 10);
    out[1] = static_cast<char>('0' + two_digits % 10);
  }
  void set_second(std::int64_t second);

  std::int64_t second_ = INT64_MIN;
  char text_[20]{};
};

/// For the roads that are not hot: appends to a string.
inline void append_string(std::string& to, std::string_view text) {
  const std::size_t before = to.size();
  to.resize(before + text.size() * kMaxStringGrowth + 2);
  char* end = write_string(to.data() + before, text);
  to.resize(static_cast<std::size_t>(end - to.data()));
}
inline std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

}  // namespace tapedeck::json
