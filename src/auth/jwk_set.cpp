#include "auth/jwk_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/strict_json.hpp"
#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

using Element = StrictJson::Element;
using Object = StrictJson::Object;
using KeyPtr = std::shared_ptr<const VerificationKey>;

Error invalid(std::string why) {
  return {"invalid_jwks", std::move(why), ""};
}

/// The text of a member, empty when it is missing or of another type.
std::string_view text_in(Object jwk, std::string_view name) {
  const auto element = member_of(jwk, name);
  return element ? text_of(*element).value_or("") : "";
}

/// The bytes of a base64url member; empty when it is missing or not such a text.
std::string bytes_in(Object jwk, std::string_view name) {
  return decode_base64url(text_in(jwk, name)).value_or("");
}

/// Whether the key may verify signatures (RFC 7517 §4.2, §4.3).
bool is_for_signatures(Object jwk) {
  if (member_of(jwk, "use") && text_in(jwk, "use") != "sig") return false;
  const auto operations = member_of(jwk, "key_ops");
  if (!operations) return true;
  const auto words = texts_of(*operations, kMaxKidBytes);
  return words && std::find(words->begin(), words->end(), "verify") != words->end();
}

/// Whether the key may be used with the algorithm (RFC 7517 §4.4).
bool is_for(Object jwk, JwtAlgorithm algorithm) {
  return !member_of(jwk, "alg") || text_in(jwk, "alg") == name_of(algorithm);
}

std::string without_leading_zeros(std::string bytes) {
  bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size()));
  return bytes;
}

/// A key of a set; a null pointer when it is for other purposes.
VerificationKey::Made key_of(Object jwk, std::string kid, bool secrets) {
  const std::string_view type = text_in(jwk, "kty");
  if (type == "oct") {
    if (!secrets) {
      return invalid(
          "holds a secret (kty \"oct\"), which was not asked for: a JWKS file is for public keys");
    }
    if (!is_for_signatures(jwk) || !is_for(jwk, JwtAlgorithm::hs256)) return KeyPtr{};
    return VerificationKey::from_secret(bytes_in(jwk, "k"), std::move(kid));
  }
  if (member_of(jwk, "d")) {
    return invalid("holds a private key (\"d\"); give this server the public ones only");
  }
  if (!is_for_signatures(jwk)) return KeyPtr{};
  if (type == "RSA" && is_for(jwk, JwtAlgorithm::rs256)) {
    return VerificationKey::from_rsa(without_leading_zeros(bytes_in(jwk, "n")),
                                     without_leading_zeros(bytes_in(jwk, "e")), std::move(kid));
  }
  if (type == "EC" && text_in(jwk, "crv") == "P-256" && is_for(jwk, JwtAlgorithm::es256)) {
    return VerificationKey::from_p256(bytes_in(jwk, "x"), bytes_in(jwk, "y"), std::move(kid));
  }
  return KeyPtr{};
}

/// Appends the key of one entry, unless it is for other purposes.
std::optional<Error> take(Element element, std::size_t index, bool secrets,
                          VerificationKeys& keys) {
  Object jwk;
  if (element.get(jwk) != simdjson::SUCCESS) {
    return invalid(fmt::format("has an entry that is not an object (keys/{})", index));
  }
  std::string kid;
  if (const auto named = member_of(jwk, "kid")) {
    const auto text = text_of(*named);
    if (!text || text->empty() || text->size() > kMaxKidBytes || !is_printable(*text)) {
      return invalid(fmt::format("has a \"kid\" that is no fitting text (keys/{})", index));
    }
    kid = *text;
  }
  auto key = key_of(jwk, kid, secrets);
  if (!key) return invalid(fmt::format("{} (keys/{})", key.error().message, index));
  if (!*key) return std::nullopt;
  const bool is_taken = !kid.empty() && std::any_of(keys.begin(), keys.end(), [&](const auto& k) {
    return k->kid() == kid && k->algorithm() == (*key)->algorithm();
  });
  if (is_taken) return invalid(fmt::format("has the \"kid\" {} twice", kid));
  keys.push_back(std::move(key).value());
  return std::nullopt;
}

}  // namespace

Result<VerificationKeys> parse_jwk_set(std::string_view text, bool secrets) {
  StrictJson json;
  const auto root = json.parse_object(text);
  if (!root) return invalid(root.error().message);
  const auto list = member_of(*root, "keys");
  simdjson::dom::array items;
  if (!list || list->get(items) != simdjson::SUCCESS) return invalid("has no list \"keys\"");
  VerificationKeys keys;
  std::size_t index = 0;
  for (const Element item : items) {
    if (index == kMaxJwks) return invalid(fmt::format("has more than {} keys", kMaxJwks));
    if (auto error = take(item, index, secrets, keys)) return std::move(*error);
    ++index;
  }
  if (keys.empty()) {
    return invalid(fmt::format("has no key for RS256{} or ES256", secrets ? ", HS256" : ""));
  }
  return keys;
}

}  // namespace tapedeck::auth
