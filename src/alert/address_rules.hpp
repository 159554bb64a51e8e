// AddressFilter: which addresses notifications may be sent to (AddressRules, compiled). Asked for
// the name in a URL when it is read, and for the address itself before each connection and each
// request, so that a name that comes to mean another address changes nothing.
// Immutable; any thread. Cost: linear in the ranges of `allowed`.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "alert/target.hpp"
#include "base/error.hpp"
#include "base/ip_address.hpp"

namespace tapedeck::alert {

class AddressFilter {
 public:
  AddressFilter() = default;
  /// Error code: invalid_alerts, field "/allow_addresses".
  static Result<AddressFilter> make(const AddressRules& rules);

  bool allows(const IpAddress& address) const noexcept;
  /// Of what is neither IPv4 nor IPv6: no.
  bool allows(const sockaddr& address) const noexcept;

  /// Why a host that says itself where it is (an address, localhost) may not be used. Nothing: it
  /// may, or is a name that will be looked up.
  std::optional<std::string> refusal_of_host(std::string_view host) const;

 private:
  IpRanges allowed_;
};

/// Whether it is on the public Internet, as far as its number tells (IANA's registries of special
/// purpose addresses). IPv4 inside of IPv6 counts as that IPv4.
bool is_public(const IpAddress& address) noexcept;

/// The address in a socket address; nothing for other families.
std::optional<IpAddress> address_in(const sockaddr& address) noexcept;

/// What to say of one that is refused.
std::string refusal_of(std::string_view address);

}  // namespace tapedeck::alert
