#include "base/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace tapedeck {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kV4PrefixBits = 96;
constexpr std::size_t kLongestAddress = INET6_ADDRSTRLEN;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port <= 65535;
}

/// The address of `[v6]`, `[v6]:port`, `v4:port`, `v4`, `v6`; nothing: there is no such form.
std::optional<std::string_view> without_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !(rest[0] == ':' && is_port(rest.substr(1)))) return std::nullopt;
    const std::string_view inside = text.substr(1, end - 1);
    if (inside.find(':') == std::string_view::npos) return std::nullopt;
    return inside;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return text;  // no colon: IPv4; several: IPv6
  }
  if (!is_port(text.substr(colon + 1))) return std::nullopt;
  return text.substr(0, colon);
}

}  // namespace

bool IpAddress::is_v4() const noexcept {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

std::string IpAddress::text() const {
  char out[kLongestAddress];
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes.data() + kV4Prefix.size(), out, sizeof out);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
  }
  return out;
}

IpAddress IpAddress::of_v4(const std::uint8_t* four) noexcept {
  IpAddress address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes.begin());
  std::copy_n(four, 4, address.bytes.begin() + kV4Prefix.size());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const auto number = without_port(text);
  char terminated[kLongestAddress];
  if (!number || number->empty() || number->size() >= sizeof terminated ||
      number->find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  number->copy(terminated, number->size());
  terminated[number->size()] = '\0';
  IpAddress address;
  if (::inet_pton(AF_INET6, terminated, address.bytes.data()) == 1) return address;
  std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes.begin());
  if (::inet_pton(AF_INET, terminated, address.bytes.data() + kV4Prefix.size()) == 1)
    return address;
  return std::nullopt;
}

std::optional<IpRanges::Range> IpRanges::parse_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view number = text.substr(0, slash);
  const auto address = IpAddress::parse(number);
  // A range has no port; brackets would be one more spelling of the same.
  if (!address || without_port(number) != number) return std::nullopt;
  Range range{*address, 128};
  if (slash == std::string_view::npos) return range;
  const bool v4 = number.find(':') == std::string_view::npos;
  const std::string_view bits = text.substr(slash + 1);
  unsigned prefix = 0;
  const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), prefix);
  if (error != std::errc{} || end != bits.data() + bits.size() || prefix > (v4 ? 32 : 128)) {
    return std::nullopt;
  }
  range.prefix_bits = v4 ? kV4PrefixBits + prefix : prefix;
  for (unsigned bit = range.prefix_bits; bit < 128; ++bit) {
    if ((range.address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return std::nullopt;
  }
  return range;
}

Result<IpRanges> IpRanges::parse(const std::vector<std::string>& ranges) {
  IpRanges parsed;
  for (const std::string& text : ranges) {
    const auto range = parse_range(text);
    if (!range) {
      return Error{"invalid_address",
                   text +
                       ": write an address such as 192.0.2.1 or ::1, or a range such as 10.0.0.0/8 "
                       "with no bits beyond its prefix",
                   ""};
    }
    parsed.ranges_.push_back(*range);
  }
  return parsed;
}

bool IpRanges::contains(const IpAddress& address) const noexcept {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const std::size_t whole = range.prefix_bits / 8;
    const unsigned rest = range.prefix_bits % 8;
    if (std::memcmp(range.address.bytes.data(), address.bytes.data(), whole) != 0) return false;
    return rest == 0 || (range.address.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
  });
}

}  // namespace tapedeck
