#include "alert/address_rules.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace tapedeck::alert {
namespace {

// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry; RFC 5771,
// RFC 1112 §4 for multicast and class E.
const IpRanges& special_v4() {
  static const IpRanges ranges =
      IpRanges::parse({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                       "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
                       "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
                       "224.0.0.0/4", "240.0.0.0/4"})
          .value();
  return ranges;
}
const IpRanges& global_v6() {
  static const IpRanges ranges = IpRanges::parse({"2000::/3"}).value();
  return ranges;
}
const IpRanges& special_v6() {
  static const IpRanges ranges =
      IpRanges::parse({"2001::/23", "2001:db8::/32", "3fff::/20"}).value();
  return ranges;
}

/// The IPv4 address that a 6to4 (RFC 3056) or NAT64 (RFC 6052) address leads to.
std::optional<IpAddress> inner_v4(const IpAddress& address) noexcept {
  static const IpRanges six_to_four = IpRanges::parse({"2002::/16"}).value();
  static const IpRanges nat64 = IpRanges::parse({"64:ff9b::/96"}).value();
  if (six_to_four.contains(address)) return IpAddress::of_v4(address.bytes.data() + 2);
  if (nat64.contains(address)) return IpAddress::of_v4(address.bytes.data() + 12);
  return std::nullopt;
}

bool is_localhost(std::string_view host) {
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (name.ends_with('.')) name.pop_back();
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace

bool is_public(const IpAddress& address) noexcept {
  if (address.is_v4()) return !special_v4().contains(address);
  if (const auto inner = inner_v4(address)) return is_public(*inner);
  return global_v6().contains(address) && !special_v6().contains(address);
}

std::optional<IpAddress> address_in(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return IpAddress::of_v4(reinterpret_cast<const std::uint8_t*>(&v4.sin_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  IpAddress v6;
  std::memcpy(v6.bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
              v6.bytes.size());
  return v6;
}

std::string refusal_of(std::string_view address) {
  return fmt::format(
      "{} is not on the public Internet; to send there, name it in allow_addresses of [alerts]",
      address);
}

Result<AddressFilter> AddressFilter::make(const AddressRules& rules) {
  auto parsed = IpRanges::parse(rules.allowed);
  if (!parsed) {
    return Error{"invalid_alerts", "allow_addresses: " + parsed.error().message,
                 "/allow_addresses"};
  }
  AddressFilter filter;
  filter.allowed_ = std::move(parsed).value();
  return filter;
}

bool AddressFilter::allows(const IpAddress& address) const noexcept {
  if (is_public(address) || allowed_.contains(address)) return true;
  const auto inner = inner_v4(address);
  return inner && allowed_.contains(*inner);
}

bool AddressFilter::allows(const sockaddr& address) const noexcept {
  const auto number = address_in(address);
  return number && allows(*number);
}

std::optional<std::string> AddressFilter::refusal_of_host(std::string_view host) const {
  if (is_localhost(host)) {
    const bool allowed =
        allows(IpAddress::parse("127.0.0.1").value()) || allows(IpAddress::parse("::1").value());
    return allowed ? std::nullopt : std::optional(refusal_of(host));
  }
  const auto number = IpAddress::parse(host);
  if (!number || allows(*number)) return std::nullopt;
  return refusal_of(host);
}

}  // namespace tapedeck::alert
