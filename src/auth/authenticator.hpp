// Authenticator: from the credentials of a request to its Grant. Knows API keys, tokens (JWT) and
// the sessions of browsers; makes whoever guesses wait; tells the audit log. Any thread. Cost of a
// request: 1 to 2 us with a key, a session or a token seen before; a token's first time costs its
// signature (RS256 30 us, ES256 70 us).
//
// Of several credentials one counts: Authorization, else X-API-Key, else access_token, else the
// session's cookie, which browsers send unasked; a wrong one never falls back to another. Waiting,
// once tries have failed, is for everybody at the address, but for those whose credential has been
// good from there before: a program with a stale key must not silence the engine beside it. Wrong
// secrets count as tries; what was ours once and is expired or revoked does not, nor do cookies:
// 256 random bits are not guessed, and a restart makes every browser present a stale one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "auth/audit_log.hpp"
#include "auth/credential_set.hpp"
#include "auth/grant.hpp"
#include "auth/jwt_claims.hpp"
#include "auth/lock_out.hpp"
#include "auth/lru_map.hpp"
#include "auth/sessions.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

/// As a request brings them; empty: not given.
struct Credentials {
  std::string_view authorization;   ///< header: Bearer and an API key or a token
  std::string_view api_key;         ///< X-API-Key
  std::string_view cookie;          ///< header
  std::string_view access_token;    ///< query parameter: an API key or a token
  std::string_view remote_address;  ///< without the port
  std::string_view request_id;      ///< for the audit log
};

struct AuthOptions {
  CredentialPaths files;
  JwtClaimRules claims;
  std::size_t max_token_bytes = 8192;
  std::size_t max_cached_tokens = 4096;      ///< verified ones, some 500 bytes each
  std::size_t max_known_addresses = 16'384;  ///< pairs of an address and who has been good there
  LockOutRules lock_out;
  SessionRules sessions;
  std::shared_ptr<AuditLog> audit;  ///< null: nothing is recorded
};

class Authenticator {
 public:
  /// Reads the files. @throws std::invalid_argument with a sentence
  explicit Authenticator(AuthOptions options);
  ~Authenticator();

  /// @param now_ns UTC
  /// @return what the request may do; or code "unauthorized" (401), or "locked_out" (429) with
  /// retry_after_seconds. No message repeats a credential.
  Result<GrantPtr> authenticate(const Credentials& credentials, std::int64_t now_ns);

  /// Opens a session for a key or token; a cookie opens none. What a login page asks for is given
  /// as access_token.
  /// @param secure the request came over TLS
  /// @return also "too_many_sessions" (429)
  Result<SessionCookie> log_in(const Credentials& credentials, bool secure, std::int64_t now_ns);
  /// Ends the session of the Cookie header, if any; the browser is told with forget_cookie().
  void log_out(const Credentials& credentials, std::int64_t now_ns);

  /// Whether a grant still stands: not expired, its key not revoked or changed, its token's key
  /// still trusted, its session open. For streams, every few seconds.
  bool is_current(const Grant& grant, std::int64_t now_ns) const;

  /// Reads all files again and reopens the audit log. What was known before stays in force when
  /// that fails. @return what is wrong
  std::optional<Error> reload();
  /// The same when a file has changed since it was last read; costs a stat() of each.
  /// @return what is wrong, once for each change
  std::optional<Error> look_for_changes();

 private:
  struct Presented;
  struct Verdict;
  struct Refusal;

  CredentialSetPtr set() const;
  std::optional<Error> read_files();
  Result<GrantPtr> session_of(const Presented& presented, std::int64_t now_ns);
  Result<GrantPtr> check(const Presented& presented, const Credentials& credentials, bool at_login,
                         std::int64_t now_ns);
  Verdict verdict_of(const Presented& presented, bool cached_only, std::int64_t now_ns);
  Verdict verdict_of_key(std::string_view text, std::int64_t now_ns) const;
  Verdict verdict_of_token(std::string_view text, bool cached_only, std::int64_t now_ns);
  GrantPtr cached(const Digest& token, std::int64_t now_ns);
  bool is_known_at(const std::string& place);
  void remember_at(const std::string& place);
  Error refuse(const Refusal& refusal, std::int64_t now_ns);

  const AuthOptions options_;
  std::mutex files_mutex_;  // guards files_; held while the disk is read
  CredentialFiles files_;
  mutable std::mutex set_mutex_;  // guards set_
  CredentialSetPtr set_;
  std::mutex tokens_mutex_;  // guards tokens_
  LruMap<Digest, GrantPtr, DigestHash> tokens_;
  std::mutex known_mutex_;  // guards known_
  LruMap<std::string, bool> known_;
  LockOut lock_out_;
  Sessions sessions_;
};

}  // namespace tapedeck::auth
