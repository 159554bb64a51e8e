// The alphabet of what is stored: variable-length integers (seven bits a byte, the lowest first)
// and doubles as eight little-endian bytes. The reader is for bytes that may be damaged: past the
// end, or when a number is none, it gives zeros and remembers that it failed, so that a decoder
// checks once where it matters instead of at every step.
// Not thread-safe; a few ns for each number.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck {

inline void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

/// Small numbers of either sign become small numbers.
inline std::uint64_t zigzag(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t coded) noexcept {
  return static_cast<std::int64_t>(coded >> 1 ^ (0 - (coded & 1)));
}

inline void append_double(std::string& out, double value) {
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  bool failed() const noexcept { return failed_; }
  std::size_t left() const noexcept { return bytes_.size() - at_; }
  void fail() noexcept {
    failed_ = true;
    at_ = bytes_.size();
  }

  std::uint64_t varint() noexcept {
    if (at_ < bytes_.size() && static_cast<unsigned char>(bytes_[at_]) < 0x80) [[likely]]
      return static_cast<unsigned char>(bytes_[at_++]);
    std::uint64_t value = 0;
    for (int shift = 0; at_ < bytes_.size() && shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  /// A varint that must not be above `most`.
  std::uint64_t varint(std::uint64_t most) noexcept {
    const std::uint64_t value = varint();
    if (value <= most) return value;
    fail();
    return 0;
  }
  double number() noexcept {
    const std::string_view eight = take(8);
    std::uint64_t bits = 0;
    for (std::size_t i = eight.size(); i-- > 0;) {
      bits = bits << 8 | static_cast<unsigned char>(eight[i]);
    }
    return std::bit_cast<double>(bits);
  }
  /// The next bytes; empty when there are not that many.
  std::string_view take(std::uint64_t count) noexcept {
    if (count > left()) {
      fail();
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(count));
    at_ += taken.size();
    return taken;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace tapedeck
