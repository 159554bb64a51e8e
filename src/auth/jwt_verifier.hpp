// Whether a JSON Web Token (RFC 7519, compact JWS of RFC 7515) was signed by one of our keys. Says
// nothing of what it claims: see jwt_claims.hpp. Pure; any thread. Cost: the key's check and some
// microseconds of parsing.
//
// On OpenSSL directly: three algorithms are three calls there, while what makes JWT dangerous is
// what lies around them (which algorithm, which key, which reader of the JSON) and would have to be
// checked behind a library's back: Debian's libjwt reads no JWKS, cpp-jwt throws on hostile input
// and takes the algorithm from a list.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "auth/verification_key.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

struct SignedToken {
  std::shared_ptr<const VerificationKey> key;  ///< that verified it
  std::string claims;                          ///< the payload's bytes: JSON, if it is any
};

/// @param token refused beyond `max_bytes`
/// @return code "unauthorized" with a sentence that does not repeat the token
Result<SignedToken> verify_signature(std::string_view token, const VerificationKeys& keys,
                                     std::size_t max_bytes);

}  // namespace tapedeck::auth
