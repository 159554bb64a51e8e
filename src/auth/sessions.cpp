#include "auth/sessions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "auth/text_coding.hpp"

namespace tapedeck::auth {
namespace {

constexpr std::size_t kSecretBytes = 32, kSecretText = 43;
constexpr std::chrono::hours kLongestLife{24 * 365};

std::string cookie(std::string_view value, std::int64_t seconds, bool secure) {
  return fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}", kSessionCookie,
                     value, seconds, secure ? "; Secure" : "");
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

Sessions::Sessions(const SessionRules& rules) : rules_(rules) {
  if (rules.lifetime.count() < 1 || rules.lifetime > kLongestLife) {
    throw std::invalid_argument("A session must live between a second and a year");
  }
  if (rules.max_sessions == 0 || rules.max_per_grant == 0) {
    throw std::invalid_argument("The number of sessions must be at least one");
  }
}

Result<SessionCookie> Sessions::open(const Grant& grant, bool secure, std::int64_t now_ns) {
  constexpr std::int64_t kSecond_ns = 1'000'000'000;
  const std::string value = base64url(random_bytes(kSecretBytes));
  const Digest digest = sha256(value);
  auto made = std::make_shared<Grant>(grant);
  made->expires_ns = std::min(grant.expires_ns, now_ns + rules_.lifetime.count() * kSecond_ns);
  const std::lock_guard lock(mutex_);
  if (const auto own = of_grant_.find(grant.id);
      own != of_grant_.end() && own->second.size() >= rules_.max_per_grant) {
    erase(sessions_.find(own->second.front()));
  }
  if (sessions_.size() >= rules_.max_sessions) erase_expired(now_ns);
  if (sessions_.size() >= rules_.max_sessions) {
    return Error{"too_many_sessions",
                 fmt::format("There are {} logins already; log out somewhere, or try again later",
                             rules_.max_sessions),
                 "", 60};
  }
  made->session = ++last_number_;
  auto& own = of_grant_[grant.id];
  by_number_.emplace(made->session, digest);
  sessions_.emplace(digest, Session{made, own.insert(own.end(), digest)});
  return SessionCookie{cookie(value, (made->expires_ns - now_ns) / kSecond_ns, secure), made};
}

GrantPtr Sessions::find(std::string_view value, std::int64_t now_ns) {
  if (value.size() != kSecretText) return nullptr;
  const Digest digest = sha256(value);
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(digest);
  if (found == sessions_.end()) return nullptr;
  if (now_ns < found->second.grant->expires_ns) return found->second.grant;
  erase(found);
  return nullptr;
}

void Sessions::close(std::string_view value) {
  const Digest digest = sha256(value);
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(digest);
  if (found != sessions_.end()) erase(found);
}

bool Sessions::is_open(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return by_number_.contains(number);
}

std::size_t Sessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

void Sessions::erase(Table::iterator session) {
  const Grant& grant = *session->second.grant;
  by_number_.erase(grant.session);
  const auto own = of_grant_.find(grant.id);
  own->second.erase(session->second.place);
  if (own->second.empty()) of_grant_.erase(own);
  sessions_.erase(session);
}

void Sessions::erase_expired(std::int64_t now_ns) {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto session = at++;
    if (now_ns >= session->second.grant->expires_ns) erase(session);
  }
}

std::string forget_cookie(bool secure) {
  return cookie("", 0, secure);
}

std::optional<CookieValue> session_in(std::string_view header) {
  std::optional<CookieValue> found;
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trimmed(pair.substr(0, equals)) != kSessionCookie) {
      continue;
    }
    const std::string_view value = trimmed(pair.substr(equals + 1));
    if (!found) {
      found = CookieValue{value, false};
    } else if (found->value != value) {
      found->twice = true;
    }
  }
  return found;
}

}  // namespace tapedeck::auth
