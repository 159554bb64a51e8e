#include "event/json_writer.hpp"

#include "tapedeck/time.hpp"

namespace tapedeck::json {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_continuation(unsigned char c) {
  return (c & 0xC0) == 0x80;
}

/// Length of the well-formed UTF-8 sequence at text[at], or 0. `bad` gets the length of the maximal
/// ill-formed part to replace (Unicode 15, table 3-7).
std::size_t utf8_sequence(std::string_view text, std::size_t at, std::size_t& bad) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
  };
  const unsigned char lead = byte(at);
  bad = 1;
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;  // allowed second byte
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  const unsigned char second = byte(at + 1);
  if (second < low || second > high) return 0;
  for (bad = 2; bad < length; ++bad) {
    if (!is_continuation(byte(at + bad))) return 0;
  }
  return length;
}

}  // namespace

char* write_escaped(char* out, std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == '"' || c == '\\') {
      out = put(out, "\\u00");
      *out++ = kHex[c >> 4];
      *out++ = kHex[c & 0xF];
      ++i;
    } else if (c < 0x80) {
      *out++ = static_cast<char>(c);
      ++i;
    } else {
      std::size_t bad = 0;
      const std::size_t length = utf8_sequence(text, i, bad);
      if (length == 0) {
        out = put(out, "\xEF\xBF\xBD");
        i += bad;
      } else {
        out = put(out, text.substr(i, length));
        i += length;
      }
    }
  }
  return out;
}

char* write_number_general(char* out, double v) {
  if (!std::isfinite(v)) return put(out, "null");
  char* end = std::to_chars(out, out + kMaxNumber, v).ptr;
  const std::string_view text(out, static_cast<std::size_t>(end - out));
  if (text.find('.') != std::string_view::npos) return end;
  const std::size_t exponent = text.find('e');
  if (exponent == std::string_view::npos) return put(end, ".0");
  // 1e+300 -> 1.0e+300
  std::memmove(out + exponent + 2, out + exponent, text.size() - exponent);
  out[exponent] = '.';
  out[exponent + 1] = '0';
  return end + 2;
}

void TimestampWriter::set_second(std::int64_t second) {
  // The first second that 64-bit nanoseconds reach begins before they do.
  constexpr std::int64_t kFirstWhole = INT64_MIN / 1'000'000'000;
  const std::string text =
      format_rfc3339(second < kFirstWhole ? Timestamp::min() : from_ns(second * 1'000'000'000));
  std::memcpy(text_, text.data(), sizeof text_);
  second_ = second;
}

}  // namespace tapedeck::json
