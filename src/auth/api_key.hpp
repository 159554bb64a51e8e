// The text of an API key: `tdk_<8 hex id>_<base64url of 32 random bytes>`. The prefix lets secret
// scanners find one that was checked in by accident; the id names it without telling it. Kept is
// the SHA-256 of the 32 bytes: 256 random bits cannot be searched, so no slow hash is needed (that
// is for passwords). Pure, but for make_api_key; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/crypto.hpp"

namespace tapedeck::auth {

inline constexpr std::string_view kApiKeyPrefix = "tdk_";
inline constexpr std::size_t kApiKeyIdDigits = 8;

/// A key as somebody presents it.
struct PresentedKey {
  std::string_view id;  ///< of the text
  Digest secret;        ///< SHA-256
};
/// @return nothing when the text is not exactly of the form above
std::optional<PresentedKey> parse_api_key(std::string_view text);

/// Whether an id is eight lower-case hexadecimal digits.
bool is_api_key_id(std::string_view text);

struct NewApiKey {
  std::string text;  ///< to be shown once
  std::string id;
  Digest secret;  ///< to be kept
};
/// @throws std::runtime_error when the system has no random numbers
NewApiKey make_api_key();

}  // namespace tapedeck::auth
