#include "auth/sessions.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

namespace tapedeck::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'700'000'000 * kSecond;
constexpr std::int64_t kLife = 12 * 3600 * kSecond;

Grant grant_named(const std::string& id) {
  Grant grant;
  grant.id = id;
  grant.scopes = 1;
  return grant;
}

/// What the browser sends back.
std::string sent(const SessionCookie& cookie) {
  return cookie.set_cookie.substr(0, cookie.set_cookie.find(';'));
}
std::string value_of(const SessionCookie& cookie) {
  const std::string pair = sent(cookie);
  return std::string(session_in(pair)->value);
}

TEST(Sessions, ACookieOpensWhatWasLoggedIn) {
  Sessions sessions({});
  const auto cookie = sessions.open(grant_named("key:a"), false, kNow);
  ASSERT_TRUE(cookie);
  const GrantPtr found = sessions.find(value_of(*cookie), kNow);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "key:a");
  EXPECT_EQ(found, cookie->grant);
  EXPECT_TRUE(sessions.is_open(found->session));
  EXPECT_EQ(sessions.find("", kNow), nullptr);
  EXPECT_EQ(sessions.find(std::string(43, 'A'), kNow), nullptr);
}

TEST(Sessions, TheCookieIsOutOfReachOfScriptsAndForeignPages) {
  Sessions sessions({});
  const auto plain = sessions.open(grant_named("a"), false, kNow);
  EXPECT_THAT(plain->set_cookie, ::testing::StartsWith("tapedeck_session="));
  EXPECT_THAT(plain->set_cookie, HasSubstr("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"));
  EXPECT_THAT(plain->set_cookie, Not(HasSubstr("Secure")));
  EXPECT_THAT(sessions.open(grant_named("a"), true, kNow)->set_cookie, HasSubstr("; Secure"));
  EXPECT_EQ(forget_cookie(true),
            "tapedeck_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0; Secure");
}

TEST(Sessions, ASessionEndsTwelveHoursAfterItsLoginHoweverMuchItIsUsed) {
  Sessions sessions({});
  const std::string value = value_of(*sessions.open(grant_named("a"), false, kNow));
  for (int hour = 0; hour < 12; ++hour) {
    EXPECT_TRUE(sessions.find(value, kNow + hour * 3600 * kSecond));
  }
  EXPECT_TRUE(sessions.find(value, kNow + kLife - 1));
  EXPECT_FALSE(sessions.find(value, kNow + kLife));
  EXPECT_EQ(sessions.size(), 0U);
}

TEST(Sessions, ASessionEndsNoLaterThanItsKey) {
  Sessions sessions({});
  Grant grant = grant_named("a");
  grant.expires_ns = kNow + 60 * kSecond;
  const auto cookie = sessions.open(grant, false, kNow);
  EXPECT_THAT(cookie->set_cookie, HasSubstr("Max-Age=60"));
  EXPECT_EQ(cookie->grant->expires_ns, grant.expires_ns);
  EXPECT_FALSE(sessions.find(value_of(*cookie), grant.expires_ns));
}

TEST(Sessions, AClosedSessionIsGoneAndOnlyThatOne) {
  Sessions sessions({});
  const auto first = sessions.open(grant_named("a"), false, kNow);
  const auto second = sessions.open(grant_named("a"), false, kNow);
  sessions.close(value_of(*first));
  sessions.close("not a session");
  EXPECT_FALSE(sessions.find(value_of(*first), kNow));
  EXPECT_FALSE(sessions.is_open(first->grant->session));
  EXPECT_TRUE(sessions.find(value_of(*second), kNow));
}

TEST(Sessions, OneKeyCannotTakeTheRoomOfOthers) {
  SessionRules rules;
  rules.max_per_grant = 2;
  Sessions sessions(rules);
  const auto other = sessions.open(grant_named("b"), false, kNow);
  const auto first = sessions.open(grant_named("a"), false, kNow);
  const auto second = sessions.open(grant_named("a"), false, kNow);
  const auto third = sessions.open(grant_named("a"), false, kNow);
  EXPECT_EQ(sessions.size(), 3U);
  EXPECT_FALSE(sessions.find(value_of(*first), kNow));
  EXPECT_TRUE(sessions.find(value_of(*second), kNow));
  EXPECT_TRUE(sessions.find(value_of(*third), kNow));
  EXPECT_TRUE(sessions.find(value_of(*other), kNow));
}

TEST(Sessions, AFullTableRefusesUntilSomethingExpires) {
  SessionRules rules;
  rules.max_sessions = 2;
  Sessions sessions(rules);
  ASSERT_TRUE(sessions.open(grant_named("a"), false, kNow));
  ASSERT_TRUE(sessions.open(grant_named("b"), false, kNow + 1));
  const auto refused = sessions.open(grant_named("c"), false, kNow + 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "too_many_sessions");
  EXPECT_GT(refused.error().retry_after_seconds, 0U);
  EXPECT_TRUE(sessions.open(grant_named("c"), false, kNow + kLife));
  EXPECT_EQ(sessions.size(), 2U);
}

TEST(Sessions, RulesThatMakeNoSenseAreRefused) {
  EXPECT_THROW(Sessions({std::chrono::seconds(0), 1, 1}), std::invalid_argument);
  EXPECT_THROW(Sessions({std::chrono::hours(24 * 365 + 1), 1, 1}), std::invalid_argument);
  EXPECT_THROW(Sessions({std::chrono::seconds(1), 0, 1}), std::invalid_argument);
  EXPECT_THROW(Sessions({std::chrono::seconds(1), 1, 0}), std::invalid_argument);
}

TEST(CookieHeader, TheSessionIsFoundAmongOthers) {
  EXPECT_EQ(session_in("tapedeck_session=v")->value, "v");
  EXPECT_EQ(session_in("a=b; tapedeck_session=v; c=d")->value, "v");
  EXPECT_EQ(session_in("a=b;tapedeck_session = v ;")->value, "v");
  EXPECT_EQ(session_in("tapedeck_session=")->value, "");
  for (const char* header : {"", ";", "=", "tapedeck_session", "xtapedeck_session=v",
                             "tapedeck_sessionx=v", "a=tapedeck_session=v", ";;;=;="}) {
    EXPECT_FALSE(session_in(header)) << header;
  }
}

TEST(CookieHeader, TwoDifferentSessionsAreTold) {
  EXPECT_TRUE(session_in("tapedeck_session=v; tapedeck_session=w")->twice);
  EXPECT_FALSE(session_in("tapedeck_session=v; tapedeck_session=v")->twice);
}

}  // namespace
}  // namespace tapedeck::auth
