// JWK sets (RFC 7517): the keys of an issuer, as its file lists them. Keys for other purposes or
// algorithms are passed over, as the RFC asks; a key that should be ours but is broken or weak
// refuses the whole file, because the issuer's tokens would fail one by one. Pure; any thread.
#pragma once

#include <string_view>

#include "auth/verification_key.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

inline constexpr std::size_t kMaxJwkSetBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxJwks = 100;
inline constexpr std::size_t kMaxKidBytes = 256;

/// @param secrets take `oct` keys, for HS256; otherwise one refuses the set: a public file must
/// not turn into a way to share secrets
/// @return at least one key; or code "invalid_jwks" with a message that goes on from "The JWKS file
/// F"
Result<VerificationKeys> parse_jwk_set(std::string_view text, bool secrets);

}  // namespace tapedeck::auth
