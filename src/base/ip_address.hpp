// IP addresses of either kind, and lists of ranges of them, as people write both in options.
// Plain data and immutable lists; any thread. Cost of contains(): linear in the ranges.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck {

/// An IP address of either kind; IPv4 as ::ffff:a.b.c.d, so that a dual-stack socket's spelling is
/// the same address.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  bool is_v4() const noexcept;
  /// As people write it, without brackets or port.
  std::string text() const;
  bool operator==(const IpAddress&) const = default;

  /// `192.0.2.1`, `2001:db8::1`, also `[2001:db8::1]`, with or without a port; nothing: it is none.
  static std::optional<IpAddress> parse(std::string_view text);
  /// Of four bytes in the order of the network.
  static IpAddress of_v4(const std::uint8_t* four) noexcept;
};

class IpRanges {
 public:
  IpRanges() = default;
  /// @param ranges addresses (`192.0.2.1`, `::1`) or CIDRs (`10.0.0.0/8`); a CIDR whose address has
  /// bits beyond its prefix is an error, as it hardly means what it says.
  /// Error code: invalid_address; `field` is left empty.
  static Result<IpRanges> parse(const std::vector<std::string>& ranges);

  bool contains(const IpAddress& address) const noexcept;
  bool empty() const noexcept { return ranges_.empty(); }

 private:
  struct Range {
    IpAddress address;
    unsigned prefix_bits;  // of 128
  };
  static std::optional<Range> parse_range(std::string_view text);

  std::vector<Range> ranges_;
};

}  // namespace tapedeck
