// Sessions: logins of browsers, which cannot send a header with EventSource and WebSocket. A
// session is 256 random bits in an HttpOnly cookie; kept, in memory, is their SHA-256 and the
// grant. It lives a fixed time, never longer than the key or token it was opened with: a cookie
// that was copied must not be kept alive by using it. Any thread: one mutex. Time is passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/crypto.hpp"
#include "auth/grant.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

struct SessionRules {
  std::chrono::seconds lifetime{12 * 3600};
  std::size_t max_sessions = 4096;
  std::size_t max_per_grant = 32;  ///< beyond them the oldest of the same key or subject ends
};

/// A login, as the browser is told about it.
struct SessionCookie {
  std::string set_cookie;  ///< value of Set-Cookie
  GrantPtr grant;          ///< what requests with the cookie may do
};

inline constexpr std::string_view kSessionCookie = "tapedeck_session";

class Sessions {
 public:
  /// @throws std::invalid_argument for rules that make no sense
  explicit Sessions(const SessionRules& rules);

  /// @param secure the cookie goes over TLS only
  /// @return code "too_many_sessions" when there is no room even without the expired ones
  Result<SessionCookie> open(const Grant& grant, bool secure, std::int64_t now_ns);

  /// @param value the cookie's. @return nothing when there is none, or it has expired
  GrantPtr find(std::string_view value, std::int64_t now_ns);

  void close(std::string_view value);
  /// Whether the session of a grant's `session` is open.
  bool is_open(std::uint64_t number) const;
  std::size_t size() const;

 private:
  struct Session {
    GrantPtr grant;
    std::list<Digest>::iterator place;  ///< in of_grant_
  };
  using Table = std::unordered_map<Digest, Session, DigestHash>;

  void erase(Table::iterator session);
  void erase_expired(std::int64_t now_ns);

  const SessionRules rules_;
  mutable std::mutex mutex_;  // guards what follows
  Table sessions_;
  std::unordered_map<std::string, std::list<Digest>> of_grant_;  ///< by grant id, oldest first
  std::unordered_map<std::uint64_t, Digest> by_number_;
  std::uint64_t last_number_ = 0;
};

/// Set-Cookie that makes a browser forget its session.
std::string forget_cookie(bool secure);

/// The session's value in a Cookie header (RFC 6265 §4.2.1).
struct CookieValue {
  std::string_view value;  ///< of the header's text
  bool twice = false;      ///< two different ones: somebody else has set one of them
};
std::optional<CookieValue> session_in(std::string_view cookie_header);

}  // namespace tapedeck::auth
