// base64url without padding (RFC 4648 §5, as RFC 7515 §2 uses it) and hexadecimal, both strict: one
// text for the same bytes, so that no two spellings of a credential exist. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/crypto.hpp"

namespace tapedeck::auth {

std::string base64url(std::string_view bytes);
/// @return nothing for padding, white space, other alphabets, or bits left over that are not zero
std::optional<std::string> decode_base64url(std::string_view text);

/// Lower-case digits.
std::string hex(std::string_view bytes);
std::string hex(const Digest& digest);
/// @return nothing unless it is 64 lower-case digits
std::optional<Digest> decode_hex_digest(std::string_view text);

}  // namespace tapedeck::auth
