#include "auth/jwt_claims.hpp"

#include <gmock/gmock.h>

namespace tapedeck::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'700'000'000 * kSecond;

std::string said(const std::string& claims, const JwtClaimRules& rules = {},
                 std::int64_t now_ns = kNow) {
  const auto grant = grant_of_claims(claims, rules, now_ns);
  if (grant) return "good";
  EXPECT_EQ(grant.error().code, "unauthorized");
  return grant.error().message;
}
/// With an `exp` in an hour and more claims.
std::string with(const std::string& more) {
  return R"({"exp":1700003600,"sub":"desk")" + std::string(more.empty() ? "" : ",") + more + "}";
}
Grant granted(const std::string& more, const JwtClaimRules& rules = {}) {
  auto grant = grant_of_claims(with(more), rules, kNow);
  EXPECT_TRUE(grant) << grant.error().message;
  return grant ? std::move(grant).value() : Grant{};
}

TEST(JwtClaims, ATokenWithoutAnEndIsRefused) {
  EXPECT_THAT(said(R"({"sub":"desk"})"), HasSubstr("never expires"));
}

TEST(JwtClaims, ATokenEndsAtExpAndTheLeeway) {
  const std::string claims = R"({"exp":1700000000})";
  EXPECT_EQ(said(claims, {}, kNow + 30 * kSecond - 1), "good");
  EXPECT_THAT(said(claims, {}, kNow + 30 * kSecond), HasSubstr("has expired"));
  JwtClaimRules strict;
  strict.leeway = std::chrono::seconds(0);
  EXPECT_EQ(said(claims, strict, kNow - 1), "good");
  EXPECT_THAT(said(claims, strict, kNow), HasSubstr("has expired"));
  EXPECT_EQ(grant_of_claims(claims, {}, kNow)->expires_ns, kNow + 30 * kSecond);
}

TEST(JwtClaims, ATokenOfTheFutureIsRefusedBeyondTheLeeway) {
  EXPECT_EQ(said(with(R"("nbf":1700000030)")), "good");
  EXPECT_THAT(said(with(R"("nbf":1700000031)")), HasSubstr("not valid yet"));
  EXPECT_EQ(said(with(R"("iat":1700000030)")), "good");
  EXPECT_THAT(said(with(R"("iat":1700000031)")), HasSubstr("of the future"));
}

TEST(JwtClaims, DatesMayHaveFractionsAndMustBeNumbersOfThisEra) {
  EXPECT_EQ(granted(R"("iat":1699999999.5)").name, "desk");
  EXPECT_EQ(grant_of_claims(R"({"exp":1700000000.25})", {}, kNow)->expires_ns,
            kNow + 30 * kSecond + kSecond / 4);
  for (const char* date : {R"("1700003600")", "-1", "1e300", "9000000001", "null", "true", "[1]"}) {
    EXPECT_THAT(said(std::string(R"({"exp":)") + date + "}"), HasSubstr("not a number of seconds"))
        << date;
    EXPECT_THAT(said(with(std::string(R"("nbf":)") + date)), HasSubstr("not a number of seconds"))
        << date;
  }
  EXPECT_EQ(said(R"({"exp":9000000000})"), "good");
}

TEST(JwtClaims, AnAgeLimitNeedsTheDateOfIssue) {
  JwtClaimRules rules;
  rules.max_age = std::chrono::seconds(600);
  EXPECT_THAT(said(with(""), rules), HasSubstr("when it was made"));
  EXPECT_EQ(said(with(R"("iat":1699999371)"), rules), "good");
  EXPECT_THAT(said(with(R"("iat":1699999370)"), rules), HasSubstr("older than"));
  EXPECT_EQ(granted(R"("iat":1699999400)", rules).expires_ns, kNow + 30 * kSecond);
}

TEST(JwtClaims, TheIssuerMustBeTheOneThatIsTrusted) {
  JwtClaimRules rules;
  rules.issuer = "https://id.example";
  EXPECT_EQ(said(with(R"("iss":"https://id.example")"), rules), "good");
  for (const char* issuer : {R"("iss":"https://id.example/")", R"("iss":["https://id.example"])",
                             R"("iss":"")", R"("iss":null)", ""}) {
    EXPECT_THAT(said(with(issuer), rules), HasSubstr("another issuer")) << issuer;
  }
}

TEST(JwtClaims, TheAudienceMayBeAListThatHoldsUs) {
  JwtClaimRules rules;
  rules.audience = "tapedeck";
  EXPECT_EQ(said(with(R"("aud":"tapedeck")"), rules), "good");
  EXPECT_EQ(said(with(R"("aud":["other","tapedeck"])"), rules), "good");
  for (const char* audience : {R"("aud":"tapedeck2")", R"("aud":[])", R"("aud":[["tapedeck"]])",
                               R"("aud":{"tapedeck":1})", ""}) {
    EXPECT_THAT(said(with(audience), rules), HasSubstr("meant for others")) << audience;
  }
}

TEST(JwtClaims, ScopesAreAListOfWordsOrATextOfThem) {
  const auto scopes = [](const std::string& claim) { return granted(claim).scopes; };
  EXPECT_EQ(scopes(R"("scope":"openid read publish")"), 3);
  EXPECT_EQ(scopes(R"("scp":["read","admin"])"), 5);
  EXPECT_EQ(scopes(R"("scope":"read","scp":["admin"])"), 1);  // the first that is there
  EXPECT_EQ(scopes(R"("scope":"")"), 0);
  EXPECT_EQ(scopes(R"("scope":"Read reader  pub")"), 0);
  EXPECT_EQ(scopes(""), 0);
  EXPECT_THAT(said(with(R"("scope":{"admin":true})")), HasSubstr("neither a text"));
  EXPECT_THAT(said(with(R"("scope":["read",1])")), HasSubstr("neither a text"));
}

TEST(JwtClaims, APrefixTellsOurScopesFromThoseOfOthers) {
  JwtClaimRules rules;
  rules.scope_prefix = "tapedeck:";
  rules.scope_claims = {"permissions"};
  EXPECT_EQ(granted(R"("permissions":["tapedeck:read","admin"])", rules).scopes, 1);
}

TEST(JwtClaims, NarrowingIsTakenOver) {
  const Grant grant = granted(
      R"("tapedeck":{"event_type":["order_event"],"symbol":["NIFTY","M&M"],"strategy":["momentum"],)"
      R"("engine_id":"e1","account":"a1"})");
  EXPECT_THAT(grant.narrowing.event_type, ElementsAre("order_event"));
  EXPECT_THAT(grant.narrowing.symbol, ElementsAre("NIFTY", "M&M"));
  EXPECT_THAT(grant.narrowing.strategy, ElementsAre("momentum"));
  EXPECT_EQ(grant.engine_id, "e1");
  EXPECT_EQ(grant.account, "a1");
}

TEST(JwtClaims, NarrowingThatIsNotUnderstoodRefusesTheTokenInsteadOfWideningIt) {
  for (const char* claim :
       {"[]", R"("x")", "null", R"({"symbols":["NIFTY"]})", R"({"symbol":"NIFTY"})",
        R"({"symbol":[]})", R"({"symbol":[""]})", R"({"symbol":[1]})", R"({"engine_id":""})",
        R"({"account":["a"]})", R"({"symbol":["a\nb"]})"}) {
    EXPECT_THAT(said(with(std::string(R"("tapedeck":)") + claim)), HasSubstr("not understood"))
        << claim;
  }
  EXPECT_THAT(said(with(R"("tapedeck":{"symbol":["A"],"symbol":["B"]})")), HasSubstr("twice"));
}

TEST(JwtClaims, TheSubjectIsWhoItIs) {
  EXPECT_EQ(granted("").id, "jwt:desk");
  const auto nameless = grant_of_claims(R"({"exp":1700003600})", {}, kNow);
  const auto another = grant_of_claims(R"({"exp":1700003601})", {}, kNow);
  ASSERT_TRUE(nameless && another);
  EXPECT_THAT(nameless->id, HasSubstr("jwt:#"));
  EXPECT_NE(nameless->id, another->id);
  const auto with_subject = [](const std::string& subject) {
    return said(R"({"exp":1700003600,"sub":)" + subject + "}");
  };
  EXPECT_EQ(with_subject("\"" + std::string(256, 's') + "\""), "good");
  for (const std::string& subject : {"\"" + std::string(257, 's') + "\"", std::string(R"("")"),
                                     std::string("5"), std::string(R"("a\nb")")}) {
    EXPECT_THAT(with_subject(subject), HasSubstr("no fitting text"));
  }
}

TEST(JwtClaims, ClaimsThatAreNoObjectAreRefused) {
  for (const char* text : {"", "5", "[]", "{", R"({"exp":1700003600,"exp":1})"}) {
    EXPECT_THAT(said(text), HasSubstr("has claims whose text")) << text;
  }
}

}  // namespace
}  // namespace tapedeck::auth
