#include "auth/api_key.hpp"

#include <algorithm>

#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

constexpr std::size_t kSecretBytes = 32, kSecretText = 43;
constexpr std::size_t kIdAt = kApiKeyPrefix.size(), kSecretAt = kIdAt + kApiKeyIdDigits + 1;

}  // namespace

bool is_api_key_id(std::string_view text) {
  return text.size() == kApiKeyIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<PresentedKey> parse_api_key(std::string_view text) {
  if (text.size() != kSecretAt + kSecretText || !text.starts_with(kApiKeyPrefix) ||
      text[kSecretAt - 1] != '_') {
    return std::nullopt;
  }
  const std::string_view id = text.substr(kIdAt, kApiKeyIdDigits);
  const auto secret = decode_base64url(text.substr(kSecretAt));
  if (!is_api_key_id(id) || !secret) return std::nullopt;
  return PresentedKey{id, sha256(*secret)};
}

NewApiKey make_api_key() {
  const std::string secret = random_bytes(kSecretBytes);
  NewApiKey key;
  key.id = hex(random_bytes(kApiKeyIdDigits / 2));
  key.text = std::string(kApiKeyPrefix) + key.id + "_" + base64url(secret);
  key.secret = sha256(secret);
  return key;
}

}  // namespace tapedeck::auth
