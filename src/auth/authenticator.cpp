#include "auth/authenticator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "auth/api_key.hpp"
#include "auth/jwt_verifier.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::auth {
namespace {

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::chrono::seconds kMaxLeeway{600};
constexpr std::chrono::hours kLongestAge{24 * 366};
constexpr std::size_t kMinTokenBytes = 256, kMaxTokenBytes = 64 * 1024;

Error unauthorized(std::string message, std::string_view field) {
  return {"unauthorized", std::move(message), std::string(field)};
}

Error locked_out(std::int64_t wait_ns, std::string_view field) {
  const auto seconds = static_cast<unsigned>((wait_ns + kSecond_ns - 1) / kSecond_ns);
  return {
      "locked_out",
      fmt::format("Too many wrong credentials have come from here; try again in {} s.", seconds),
      std::string(field), seconds};
}

/// `Bearer`, in whatever case (RFC 9110 §11.1), one space or more, and the rest.
std::optional<std::string_view> bearer_of(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() <= kScheme.size()) return std::nullopt;
  const bool is_bearer = std::equal(
      kScheme.begin(), kScheme.end(), header.begin(),
      [](char lower, char c) { return lower == (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); });
  if (!is_bearer) return std::nullopt;
  header.remove_prefix(kScheme.size());
  const std::size_t begin = header.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  header.remove_prefix(begin);
  return header.substr(0, header.find_last_not_of(' ') + 1);
}

void check_rules(const AuthOptions& options) {
  const JwtClaimRules& claims = options.claims;
  if (claims.leeway.count() < 0 || claims.leeway > kMaxLeeway) {
    throw std::invalid_argument("The leeway for tokens must be 0 to 600 seconds");
  }
  if (claims.max_age.count() < 0 || claims.max_age > kLongestAge) {
    throw std::invalid_argument("The age limit for tokens must be 0 (none) to 366 days");
  }
  if (options.max_token_bytes < kMinTokenBytes || options.max_token_bytes > kMaxTokenBytes) {
    throw std::invalid_argument(fmt::format("The size limit for tokens must be {} to {} bytes",
                                            kMinTokenBytes, kMaxTokenBytes));
  }
  if (claims.narrowing_claim.empty()) {
    throw std::invalid_argument("The claim that narrows tokens needs a name");
  }
}

}  // namespace

/// The one credential that counts.
struct Authenticator::Presented {
  enum class Kind : std::uint8_t { api_key, token, session };
  Kind kind;
  std::string_view text;
  std::string_view field;  ///< where it was, for errors

  static Result<Presented> of(const Credentials& credentials);
  static Presented key_or_token(std::string_view text, std::string_view field) {
    return {text.starts_with(kApiKeyPrefix) ? Kind::api_key : Kind::token, text, field};
  }
};

struct Authenticator::Verdict {
  Result<GrantPtr> grant;
  bool is_guess = false;  ///< a failure that whoever tries secrets would have
  std::string who;        ///< `key:<id>` when there is such a key
};

/// A failed try, as it is counted and told.
struct Authenticator::Refusal {
  const Presented& presented;
  const Credentials& credentials;
  const std::string& group;  ///< of the address
  const Verdict& verdict;
  bool at_login;
};

Result<Authenticator::Presented> Authenticator::Presented::of(const Credentials& credentials) {
  if (!credentials.authorization.empty()) {
    const auto bearer = bearer_of(credentials.authorization);
    if (!bearer) {
      return unauthorized(
          "The Authorization header is not of the form: Bearer, a space, an API key or a token.",
          "Authorization");
    }
    return key_or_token(*bearer, "Authorization");
  }
  if (!credentials.api_key.empty()) {
    return Presented{Kind::api_key, credentials.api_key, "X-API-Key"};
  }
  if (!credentials.access_token.empty()) {
    return key_or_token(credentials.access_token, "access_token");
  }
  if (const auto session = session_in(credentials.cookie)) {
    if (!session->twice) return Presented{Kind::session, session->value, "Cookie"};
    return unauthorized("The request has two different session cookies; log in again.", "Cookie");
  }
  return unauthorized(
      "This server asks who is calling: send an API key or a token as Authorization: Bearer, or "
      "log "
      "in.",
      "Authorization");
}

Authenticator::Authenticator(AuthOptions options)
    : options_(std::move(options)),
      files_(options_.files),
      tokens_(options_.max_cached_tokens),
      known_(options_.max_known_addresses),
      lock_out_(options_.lock_out),
      sessions_(options_.sessions) {
  check_rules(options_);
  if (const auto error = read_files()) throw std::invalid_argument(error->message);
}

Authenticator::~Authenticator() = default;

Result<GrantPtr> Authenticator::authenticate(const Credentials& credentials, std::int64_t now_ns) {
  const auto presented = Presented::of(credentials);
  if (!presented) return presented.error();
  if (presented->kind == Presented::Kind::session) return session_of(*presented, now_ns);
  return check(*presented, credentials, false, now_ns);
}

Result<SessionCookie> Authenticator::log_in(const Credentials& credentials, bool secure,
                                            std::int64_t now_ns) {
  Credentials explicit_ones = credentials;
  explicit_ones.cookie = {};
  const auto presented = Presented::of(explicit_ones);
  if (!presented) return presented.error();
  const auto grant = check(*presented, explicit_ones, true, now_ns);
  if (!grant) return grant.error();
  auto session = sessions_.open(**grant, secure, now_ns);
  if (options_.audit && session) {
    options_.audit->record({"login", (*grant)->id, credentials.remote_address,
                            credentials.request_id, (*grant)->name, now_ns});
  }
  return session;
}

void Authenticator::log_out(const Credentials& credentials, std::int64_t now_ns) {
  const auto session = session_in(credentials.cookie);
  if (!session) return;
  const GrantPtr grant = sessions_.find(session->value, now_ns);
  sessions_.close(session->value);
  if (options_.audit && grant) {
    options_.audit->record({"logout", grant->id, credentials.remote_address, credentials.request_id,
                            grant->name, now_ns});
  }
}

Result<GrantPtr> Authenticator::session_of(const Presented& presented, std::int64_t now_ns) {
  const GrantPtr grant = sessions_.find(presented.text, now_ns);
  if (grant && is_current(*grant, now_ns)) return grant;
  return unauthorized("The session has ended; log in again.", presented.field);
}

Result<GrantPtr> Authenticator::check(const Presented& presented, const Credentials& credentials,
                                      bool at_login, std::int64_t now_ns) {
  const std::string group = address_group(credentials.remote_address);
  std::int64_t wait_ns = lock_out_.wait_ns(group, now_ns);
  Verdict verdict = verdict_of(presented, wait_ns > 0, now_ns);
  if (!verdict.who.empty()) {
    wait_ns = std::max(wait_ns, lock_out_.wait_ns(verdict.who, now_ns));
  }
  if (!verdict.grant) {
    if (wait_ns > 0) return locked_out(wait_ns, presented.field);
    return refuse({presented, credentials, group, verdict, at_login}, now_ns);
  }
  const std::string place = group + '\0' + (*verdict.grant)->id;
  if (wait_ns > 0 && !is_known_at(place)) return locked_out(wait_ns, presented.field);
  remember_at(place);
  return std::move(verdict.grant);
}

Error Authenticator::refuse(const Refusal& refusal, std::int64_t now_ns) {
  Error error = refusal.verdict.grant.error();
  error.field = refusal.presented.field;
  std::int64_t wait_ns = 0;
  if (refusal.verdict.is_guess) {
    wait_ns = lock_out_.failed(refusal.group, now_ns);
    const std::string& who = refusal.verdict.who;
    if (!who.empty()) wait_ns = std::max(wait_ns, lock_out_.failed(who, now_ns));
  }
  if (!options_.audit) return error;
  const bool is_key = refusal.presented.kind == Presented::Kind::api_key;
  AuditEntry entry{refusal.at_login ? "login_failed"
                   : is_key         ? "key_refused"
                                    : "token_refused",
                   refusal.verdict.who,
                   refusal.credentials.remote_address,
                   refusal.credentials.request_id,
                   error.message,
                   now_ns};
  options_.audit->record_of_stranger(entry);
  if (wait_ns > 0) {
    const std::string detail = fmt::format("for {} s", wait_ns / kSecond_ns);
    entry.action = "lock_out";
    entry.detail = detail;
    options_.audit->record_of_stranger(entry);
  }
  return error;
}

Authenticator::Verdict Authenticator::verdict_of(const Presented& presented, bool cached_only,
                                                 std::int64_t now_ns) {
  return presented.kind == Presented::Kind::api_key
             ? verdict_of_key(presented.text, now_ns)
             : verdict_of_token(presented.text, cached_only, now_ns);
}

Authenticator::Verdict Authenticator::verdict_of_key(std::string_view text,
                                                     std::int64_t now_ns) const {
  const auto not_known = [](std::string who) {
    return Verdict{unauthorized("The API key is not known.", ""), true, std::move(who)};
  };
  const auto presented = parse_api_key(text);
  if (!presented) return not_known("");
  const CredentialSetPtr known = set();
  const auto found = known->keys.find(std::string(presented->id));
  if (found == known->keys.end()) return not_known("");
  const StoredKey& stored = found->second.stored;
  const GrantPtr& grant = found->second.grant;
  if (!same_digest(stored.secret, presented->secret)) return not_known(grant->id);
  const auto over = [&](const char* how, std::int64_t since_ns) {
    return Verdict{unauthorized(fmt::format("The API key {} {} {}.", stored.id, how,
                                            format_rfc3339(from_ns(since_ns))),
                                ""),
                   false, grant->id};
  };
  if (stored.revoked_ns) return over("was revoked at", *stored.revoked_ns);
  if (now_ns >= grant->expires_ns) return over("has expired at", grant->expires_ns);
  return {grant, false, grant->id};
}

Authenticator::Verdict Authenticator::verdict_of_token(std::string_view text, bool cached_only,
                                                       std::int64_t now_ns) {
  const auto refused = [](Error error, bool is_guess) {
    return Verdict{std::move(error), is_guess, ""};
  };
  const CredentialSetPtr known = set();
  if (known->token_keys.empty()) {
    return refused(
        unauthorized("The credential is not an API key, and this server takes no tokens.", ""),
        true);
  }
  if (text.size() > options_.max_token_bytes) {
    return refused(verify_signature(text, known->token_keys, options_.max_token_bytes).error(),
                   true);
  }
  const Digest digest = sha256(text);
  if (GrantPtr grant = cached(digest, now_ns)) return {std::move(grant), false, ""};
  if (cached_only) return refused(unauthorized("", ""), false);
  const auto token = verify_signature(text, known->token_keys, options_.max_token_bytes);
  if (!token) return refused(token.error(), true);
  auto claimed = grant_of_claims(token->claims, options_.claims, now_ns);
  if (!claimed) return refused(claimed.error(), false);
  claimed->token_key = token->key->number();
  auto grant = std::make_shared<const Grant>(std::move(claimed).value());
  const std::lock_guard lock(tokens_mutex_);
  tokens_.put(digest, grant);
  return {GrantPtr(std::move(grant)), false, ""};
}

GrantPtr Authenticator::cached(const Digest& token, std::int64_t now_ns) {
  GrantPtr grant;
  {
    const std::lock_guard lock(tokens_mutex_);
    if (const GrantPtr* found = tokens_.find(token)) grant = *found;
  }
  if (!grant || is_current(*grant, now_ns)) return grant;
  const std::lock_guard lock(tokens_mutex_);
  tokens_.erase(token);
  return nullptr;
}

bool Authenticator::is_current(const Grant& grant, std::int64_t now_ns) const {
  if (now_ns >= grant.expires_ns) return false;
  if (grant.session != 0 && !sessions_.is_open(grant.session)) return false;
  const CredentialSetPtr known = set();
  if (grant.token_key != 0) return known->has_token_key(grant.token_key);
  constexpr std::string_view kKey = "key:";
  if (!grant.id.starts_with(kKey)) return true;
  const auto found = known->keys.find(grant.id.substr(kKey.size()));
  if (found == known->keys.end() || found->second.stored.revoked_ns) return false;
  if (found->second.grant.get() == &grant) return true;
  Grant as_opened = *found->second.grant;  // a session's own: it may end earlier
  if (now_ns >= as_opened.expires_ns) return false;
  as_opened.session = grant.session;
  as_opened.expires_ns = grant.expires_ns;
  return as_opened == grant;
}

bool Authenticator::is_known_at(const std::string& place) {
  const std::lock_guard lock(known_mutex_);
  return known_.find(place) != nullptr;
}

void Authenticator::remember_at(const std::string& place) {
  const std::lock_guard lock(known_mutex_);
  known_.put(place, true);
}

CredentialSetPtr Authenticator::set() const {
  const std::lock_guard lock(set_mutex_);
  return set_;
}

std::optional<Error> Authenticator::read_files() {
  const CredentialSetPtr before = set();
  auto fresh = files_.read(before.get());
  if (!fresh) return fresh.error();
  const std::lock_guard lock(set_mutex_);
  set_ = std::move(fresh).value();
  return std::nullopt;
}

std::optional<Error> Authenticator::reload() {
  std::optional<Error> log_error = options_.audit ? options_.audit->reopen() : std::nullopt;
  const std::lock_guard lock(files_mutex_);
  auto error = read_files();
  return error ? error : log_error;
}

std::optional<Error> Authenticator::look_for_changes() {
  const std::lock_guard lock(files_mutex_);
  if (!files_.have_changed()) return std::nullopt;
  return read_files();
}

}  // namespace tapedeck::auth
