#include "auth/jwt_claims.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "auth/crypto.hpp"
#include "auth/key_file_format.hpp"
#include "auth/scope_words.hpp"
#include "auth/strict_json.hpp"
#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

using Element = StrictJson::Element;
using Object = StrictJson::Object;
using MaybeError = std::optional<Error>;

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr double kLastSecond = 9e9;  // in 2255: what nanoseconds in 64 bits hold, leeway included
constexpr std::size_t kMaxSubjectBytes = 256;
constexpr std::size_t kHashDigits = 16;

Error refused(std::string why) {
  return {"unauthorized", "The token " + std::move(why) + ".", ""};
}

/// A NumericDate (RFC 7519 §2): seconds since 1970, fractions allowed.
/// @return false when the claim is there but is none
bool take_date(Object claims, std::string_view name, std::optional<std::int64_t>& to) {
  const auto element = member_of(claims, name);
  if (!element) return true;
  double seconds = 0;
  if (!element->is_number() || element->get(seconds) != simdjson::SUCCESS) return false;
  if (!(seconds >= 0 && seconds <= kLastSecond)) return false;
  to = static_cast<std::int64_t>(seconds * 1e3) * 1'000'000;  // milliseconds are exact in a double
  return true;
}

MaybeError check_times(Object claims, const JwtClaimRules& rules, std::int64_t now_ns,
                       std::int64_t& expires_ns) {
  std::optional<std::int64_t> exp, nbf, iat;
  if (!take_date(claims, "exp", exp) || !take_date(claims, "nbf", nbf) ||
      !take_date(claims, "iat", iat)) {
    return refused("has an \"exp\", \"nbf\" or \"iat\" that is not a number of seconds");
  }
  if (!exp) return refused("never expires; an \"exp\" claim is needed");
  const std::int64_t leeway = rules.leeway.count() * kSecond_ns;
  expires_ns = *exp + leeway;
  if (now_ns >= expires_ns) return refused("has expired; ask its issuer for another");
  if (nbf && *nbf > now_ns + leeway) return refused("is not valid yet (\"nbf\")");
  if (iat && *iat > now_ns + leeway) return refused("is of the future (\"iat\")");
  if (rules.max_age.count() == 0) return std::nullopt;
  if (!iat) return refused("does not say when it was made (\"iat\")");
  const std::int64_t too_old_ns = *iat + rules.max_age.count() * kSecond_ns + leeway;
  if (now_ns >= too_old_ns) return refused("is older than this server accepts (\"iat\")");
  expires_ns = std::min(expires_ns, too_old_ns);
  return std::nullopt;
}

bool is_or_holds(Element element, std::string_view wanted) {
  if (const auto text = text_of(element)) return *text == wanted;
  simdjson::dom::array items;
  if (element.get(items) != simdjson::SUCCESS) return false;
  return std::any_of(items.begin(), items.end(),
                     [&](const Element item) { return text_of(item) == wanted; });
}

MaybeError check_parties(Object claims, const JwtClaimRules& rules) {
  if (!rules.issuer.empty()) {
    const auto issuer = member_of(claims, "iss");
    if (!issuer || text_of(*issuer) != rules.issuer) {
      return refused("is of another issuer (\"iss\") than this server trusts");
    }
  }
  if (!rules.audience.empty()) {
    const auto audience = member_of(claims, "aud");
    if (!audience || !is_or_holds(*audience, rules.audience)) {
      return refused("is meant for others (\"aud\")");
    }
  }
  return std::nullopt;
}

/// Words of other services are passed over.
void add_scope(std::string_view word, const JwtClaimRules& rules, std::uint8_t& scopes) {
  if (!word.starts_with(rules.scope_prefix)) return;
  if (const auto scope = parse_scope(word.substr(rules.scope_prefix.size()))) {
    scopes = static_cast<std::uint8_t>(scopes | bits_of(*scope));
  }
}

/// @return false when the claim is neither a text nor a list of texts
bool take_scopes(Element element, const JwtClaimRules& rules, std::uint8_t& scopes) {
  if (auto text = text_of(element)) {
    while (!text->empty()) {
      const std::size_t space = std::min(text->find(' '), text->size());
      add_scope(text->substr(0, space), rules, scopes);
      text->remove_prefix(std::min(space + 1, text->size()));
    }
    return true;
  }
  simdjson::dom::array items;
  if (element.get(items) != simdjson::SUCCESS) return false;
  for (const Element item : items) {
    const auto word = text_of(item);
    if (!word) return false;
    add_scope(*word, rules, scopes);
  }
  return true;
}

MaybeError check_scopes(Object claims, const JwtClaimRules& rules, Grant& grant) {
  for (const std::string& name : rules.scope_claims) {
    const auto element = member_of(claims, name);
    if (!element) continue;
    if (take_scopes(*element, rules, grant.scopes)) return std::nullopt;
    return refused(fmt::format("has a \"{}\" that is neither a text nor a list of texts", name));
  }
  return std::nullopt;
}

/// An empty list is refused: it might be meant as "nothing", and would mean "everything".
bool take_narrowing(std::string_view name, Element value, Grant& grant) {
  const auto take_list = [&](std::vector<std::string>& to) {
    auto texts = texts_of(value, kMaxKeyTextBytes);
    if (texts) to = std::move(*texts);
    return texts.has_value();
  };
  const auto take_text = [&](std::string& to) {
    const auto text = text_of(value);
    if (!text || text->empty() || text->size() > kMaxKeyTextBytes || !is_printable(*text)) {
      return false;
    }
    to = *text;
    return true;
  };
  if (name == "event_type") return take_list(grant.narrowing.event_type);
  if (name == "symbol") return take_list(grant.narrowing.symbol);
  if (name == "strategy") return take_list(grant.narrowing.strategy);
  if (name == "engine_id") return take_text(grant.engine_id);
  if (name == "account") return take_text(grant.account);
  return false;
}

MaybeError check_narrowing(Object claims, const JwtClaimRules& rules, Grant& grant) {
  const auto element = member_of(claims, rules.narrowing_claim);
  if (!element) return std::nullopt;
  Object narrowing;
  bool understood = element->get(narrowing) == simdjson::SUCCESS;
  if (understood) {
    understood = std::all_of(narrowing.begin(), narrowing.end(), [&](const auto& field) {
      return take_narrowing(field.key, field.value, grant);
    });
  }
  if (understood) return std::nullopt;
  return refused(
      fmt::format("has a \"{}\" claim that is not understood: lists (not empty) of event_type, "
                  "symbol, strategy; "
                  "texts engine_id, account",
                  rules.narrowing_claim));
}

/// Who it is, for limits and the log. Tokens without a subject are told apart by their claims.
MaybeError check_subject(std::string_view text, Object claims, Grant& grant) {
  const auto element = member_of(claims, "sub");
  if (!element) {
    grant.name = "token without subject";
    grant.id = "jwt:#" + hex(sha256(text)).substr(0, kHashDigits);
    return std::nullopt;
  }
  const auto subject = text_of(*element);
  if (!subject || subject->empty() || subject->size() > kMaxSubjectBytes ||
      !is_printable(*subject)) {
    return refused("has a \"sub\" that is no fitting text");
  }
  grant.name = *subject;
  grant.id = "jwt:" + grant.name;
  return std::nullopt;
}

}  // namespace

Result<Grant> grant_of_claims(std::string_view claims, const JwtClaimRules& rules,
                              std::int64_t now_ns) {
  StrictJson json;
  const auto object = json.parse_object(claims);
  if (!object) return refused("has claims whose text " + object.error().message);
  Grant grant;
  if (auto error = check_times(*object, rules, now_ns, grant.expires_ns)) return *error;
  if (auto error = check_parties(*object, rules)) return *error;
  if (auto error = check_scopes(*object, rules, grant)) return *error;
  if (auto error = check_narrowing(*object, rules, grant)) return *error;
  if (auto error = check_subject(claims, *object, grant)) return *error;
  return grant;
}

}  // namespace tapedeck::auth
