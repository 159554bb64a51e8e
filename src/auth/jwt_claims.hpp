// What a token that was signed by one of our keys claims: until when it counts, whom it is for, and
// the Grant it amounts to. Pure; any thread; some microseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/grant.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

struct JwtClaimRules {
  std::string issuer;               ///< `iss` must be this; empty: any
  std::string audience;             ///< `aud` must be or hold this; empty: any
  std::chrono::seconds leeway{30};  ///< by which clocks may disagree
  std::chrono::seconds max_age{0};  ///< since `iat`; 0: as old as `exp` allows
  /// Where the scopes are: the first of these that is there. A text of words, or a list of them.
  std::vector<std::string> scope_claims{"scope", "scp"};
  std::string scope_prefix;  ///< before our words in there, such as `tapedeck:`
  std::string narrowing_claim = "tapedeck";
};

/// @param now_ns UTC
/// @return the grant, valid until `exp` and the leeway, id `jwt:<sub>`; or code "unauthorized" with
/// a sentence that names the claim
Result<Grant> grant_of_claims(std::string_view claims, const JwtClaimRules& rules,
                              std::int64_t now_ns);

}  // namespace tapedeck::auth
