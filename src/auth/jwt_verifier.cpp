#include "auth/jwt_verifier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "auth/jwk_set.hpp"
#include "auth/strict_json.hpp"
#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

/// Keys that are tried for one token; each costs a check.
constexpr std::size_t kMaxTried = 4;

Error refused(std::string why) {
  return {"unauthorized", "The token " + std::move(why) + ".", ""};
}

struct Parts {
  std::string_view header, claims, signature;
  std::string_view signed_text;  ///< header and claims with the dot between them
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  Parts parts{token.substr(0, first), token.substr(first + 1, last - first - 1),
              token.substr(last + 1), token.substr(0, last)};
  const bool five = parts.claims.find('.') != std::string_view::npos;  // encrypted, RFC 7516
  if (five || parts.header.empty() || parts.claims.empty()) return std::nullopt;
  return parts;
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

/// `typ`, where there is one, must be that of a token for access (RFC 7519 §5.1, RFC 9068 §2.1):
/// other JWTs of the same issuer (ID tokens have "JWT", logout tokens "logout+jwt") are told apart.
bool is_type_of_token(std::string_view type) {
  constexpr std::array<std::string_view, 3> kTypes{"jwt", "at+jwt", "application/at+jwt"};
  return std::any_of(kTypes.begin(), kTypes.end(),
                     [&](std::string_view known) { return equal_ignoring_case(type, known); });
}

struct Header {
  std::string algorithm;
  std::optional<std::string> kid;
};

/// The part of the header that counts. `jku`, `jwk`, `x5u` and `x5c` are not looked at: a token
/// does not say where its key is to be found.
Result<Header> parse_header(std::string_view encoded) {
  const auto text = decode_base64url(encoded);
  if (!text) return refused("has a header that is not base64url");
  StrictJson json;
  const auto object = json.parse_object(*text);
  if (!object) return refused("has a header that " + object.error().message);
  if (member_of(*object, "crit")) return refused("has a \"crit\" header, which is not understood");
  if (const auto type = member_of(*object, "typ")) {
    const auto word = text_of(*type);
    if (!word || !is_type_of_token(*word)) return refused("has a \"typ\" that is not JWT");
  }
  const auto algorithm = member_of(*object, "alg");
  const auto name = algorithm ? text_of(*algorithm) : std::nullopt;
  if (!name) return refused("has no \"alg\" text in its header");
  Header header{std::string(*name), std::nullopt};
  if (const auto kid = member_of(*object, "kid")) {
    const auto id = text_of(*kid);
    if (!id || id->size() > kMaxKidBytes) return refused("has a \"kid\" that is no fitting text");
    header.kid = *id;
  }
  return header;
}

/// The keys that the token may have been signed with: of its algorithm, and of its kid where keys
/// have one.
VerificationKeys candidates(const Header& header, const VerificationKeys& keys) {
  VerificationKeys found;
  for (const auto& key : keys) {
    if (name_of(key->algorithm()) != header.algorithm) continue;
    if (header.kid && !key->kid().empty() && key->kid() != *header.kid) continue;
    found.push_back(key);
  }
  return found;
}

}  // namespace

Result<SignedToken> verify_signature(std::string_view token, const VerificationKeys& keys,
                                     std::size_t max_bytes) {
  if (token.size() > max_bytes) {
    return refused(fmt::format("is longer than the {} bytes that are read", max_bytes));
  }
  const auto parts = split(token);
  if (!parts) return refused("is not a signed JWT (three parts with dots between them)");
  const auto header = parse_header(parts->header);
  if (!header) return header.error();
  const auto signature = decode_base64url(parts->signature);
  auto claims = decode_base64url(parts->claims);
  if (!signature || !claims) return refused("is not base64url throughout");
  const bool is_ours = std::any_of(keys.begin(), keys.end(), [&](const auto& key) {
    return name_of(key->algorithm()) == header->algorithm;
  });
  if (!is_ours) return refused("is signed with an algorithm that this server has no key for");
  const VerificationKeys tried = candidates(*header, keys);
  if (tried.empty()) return refused("names a key (\"kid\") that this server does not know");
  if (tried.size() > kMaxTried)
    return refused("does not say with which key it is signed (\"kid\")");
  for (const auto& key : tried) {
    if (key->verifies(parts->signed_text, *signature)) {
      return SignedToken{key, std::move(*claims)};
    }
  }
  return refused("has a signature that is not valid");
}

}  // namespace tapedeck::auth
