// The signature of a webhook: who knows the secret can tell that a body is Tapedeck's and when it
// was sent. Pure; any thread; microseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::alert {

/// `v1=` and the lower-case hexadecimal HMAC-SHA256 (RFC 2104) of `timestamp.body`.
/// @param timestamp_s seconds since 1970, as sent beside it
std::string signature_of(std::string_view secret, std::int64_t timestamp_s, std::string_view body);

}  // namespace tapedeck::alert
