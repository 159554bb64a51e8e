// Who is behind the proxies: the client's address and scheme out of X-Forwarded-For, Forwarded (RFC
// 7239) and X-Forwarded-Proto, as far as the proxies that wrote them are trusted. Anybody can send
// these headers; only what trusted proxies added counts.
//
// Thread contract: TrustedProxies is immutable; any thread. Cost: linear in the headers' length, no
// allocation but the answer.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/ip_address.hpp"

namespace tapedeck {

class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// @param ranges addresses (`192.0.2.1`, `::1`) or CIDRs (`10.0.0.0/8`); a CIDR whose address has
  /// bits beyond its prefix is an error, as it hardly means what it says.
  static Result<TrustedProxies> parse(const std::vector<std::string>& ranges);

  bool contains(const IpAddress& address) const noexcept { return ranges_.contains(address); }
  bool empty() const noexcept { return ranges_.empty(); }

 private:
  IpRanges ranges_;
};

/// The values of these headers, of each line one, in the order they came.
struct ForwardingHeaders {
  std::span<const std::string_view> x_forwarded_for;
  std::span<const std::string_view> x_forwarded_proto;
  std::span<const std::string_view> forwarded;
};

struct ClientAddress {
  std::string address;  ///< a number without the port; the peer's own text when that is none
  bool secure = false;  ///< the client came over TLS
  bool operator==(const ClientAddress&) const = default;
};

/// Walks from the peer towards the client as long as who speaks is trusted; the first who is not is
/// the client. What cannot be read ends the walk: then the client is the last one that could. When
/// X-Forwarded-For and Forwarded are both there and disagree, one of them was made up by the client
/// and passed on by a proxy that writes the other: neither is believed.
/// @param peer the connection's other end, as a number
/// @param peer_secure whether the connection itself is TLS
ClientAddress client_address(std::string_view peer, bool peer_secure,
                             const ForwardingHeaders& headers, const TrustedProxies& trusted);

}  // namespace tapedeck
