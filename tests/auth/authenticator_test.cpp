#include "auth/authenticator.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "auth/auth_fixture.hpp"

namespace tapedeck::auth {
namespace {

using testing::AuthFixture;
using ::testing::HasSubstr;
using testing::kNow;
using testing::kSecond;
using ::testing::Not;

const std::string kSecret(32, 's');

std::string hs256_token(const std::string& claims) {
  return testing::token_by(kSecret, R"({"alg":"HS256"})", claims);
}

class AuthenticatorTest : public AuthFixture {
 protected:
  void take_tokens() { options_.files.secret = folder_.write("secret", kSecret + "\n"); }
  Error error_of(const Credentials& credentials, std::int64_t now_ns = kNow) {
    const auto grant = auth().authenticate(credentials, now_ns);
    EXPECT_FALSE(grant);
    return grant ? Error{} : grant.error();
  }
  static Credentials with_api_key(std::string_view key, std::string_view address = "192.0.2.1") {
    Credentials credentials;
    credentials.api_key = key;
    credentials.remote_address = address;
    return credentials;
  }
};

TEST_F(AuthenticatorTest, AKeyIsTakenFromEachPlaceItMayBeIn) {
  const std::string key = make_key("grafana").text, bearer = "Bearer " + key;
  const std::string other_case = "bEARER  " + key + " ";
  EXPECT_EQ(code_of({bearer, "", "", "", "::1", ""}), "good");
  EXPECT_EQ(code_of({other_case, "", "", "", "::1", ""}), "good");
  EXPECT_EQ(code_of({"", key, "", "", "::1", ""}), "good");
  EXPECT_EQ(code_of({"", "", "", key, "::1", ""}), "good");
  EXPECT_EQ(code_of({"", "", key, "", "::1", ""}), "unauthorized");
  EXPECT_EQ(auth().authenticate({bearer, "", "", "", "::1", ""}, kNow).value()->name, "grafana");
}

TEST_F(AuthenticatorTest, WithoutACredentialTheErrorSaysWhatToDo) {
  make_key("grafana");
  const Error error = error_of({});
  EXPECT_EQ(error.code, "unauthorized");
  EXPECT_THAT(error.message, HasSubstr("send an API key"));
  for (const char* header : {"Basic dTpw", "Bearer", "Bearer ", "Bearer   ", "bearer\tx", "x"}) {
    EXPECT_THAT(error_of({header, "", "", "", "", ""}).message, HasSubstr("not of the form"))
        << header;
  }
}

TEST_F(AuthenticatorTest, AWrongCredentialNeverFallsBackToAnother) {
  const std::string key = make_key("grafana").text, wrong = wrong_secret(key);
  const std::string bad_bearer = "Bearer " + wrong;
  const auto session = auth().log_in(with_api_key(key), false, kNow);
  ASSERT_TRUE(session);
  const std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  EXPECT_EQ(code_of({"", "", cookie, "", "::1", ""}), "good");
  EXPECT_EQ(error_of({bad_bearer, key, cookie, key, "::1", ""}).field, "Authorization");
  EXPECT_EQ(error_of({"Basic dTpw", key, cookie, key, "::1", ""}).field, "Authorization");
  EXPECT_EQ(error_of({"", wrong, cookie, key, "::1", ""}).field, "X-API-Key");
  EXPECT_EQ(error_of({"", "", cookie, wrong, "::1", ""}).field, "access_token");
}

TEST_F(AuthenticatorTest, NoErrorRepeatsTheCredential) {
  const std::string key = make_key("grafana").text, wrong = wrong_secret(key);
  EXPECT_THAT(error_of(with_api_key(wrong)).message, Not(HasSubstr(wrong.substr(14, 8))));
  EXPECT_THAT(error_of({"", "", "", "not-a-key", "::1", ""}).message, Not(HasSubstr("not-a-key")));
}

TEST_F(AuthenticatorTest, AnExpiredKeyIsRefusedFromThatMoment) {
  const std::string key = make_key("day", 1, kNow + 10 * kSecond).text;
  EXPECT_EQ(code_of(with_api_key(key), kNow + 10 * kSecond - 1), "good");
  const Error error = error_of(with_api_key(key), kNow + 10 * kSecond);
  EXPECT_THAT(error.message, HasSubstr("has expired at 2023-11-14T22:13:30.000000Z"));
}

TEST_F(AuthenticatorTest, ATokenIsTakenAsBearerAndAsAccessTokenButNotAsAnApiKey) {
  take_tokens();
  make_key("grafana");
  const std::string token = hs256_token(R"({"exp":1700000100,"sub":"desk","scope":"read"})");
  EXPECT_EQ(code_of_bearer(token), "good");
  EXPECT_EQ(code_of({"", "", "", token, "::1", ""}), "good");
  EXPECT_EQ(code_of({"", token, "", "", "::1", ""}), "unauthorized");
  const auto grant = auth().authenticate({"", "", "", token, "::1", ""}, kNow);
  EXPECT_EQ((*grant)->id, "jwt:desk");
  EXPECT_TRUE((*grant)->has(Scope::read));
  EXPECT_FALSE((*grant)->has(Scope::publish));
}

TEST_F(AuthenticatorTest, AVerifiedTokenIsRememberedUntilItExpires) {
  take_tokens();
  make_key("grafana");
  const std::string token = hs256_token(R"({"exp":1700000100,"sub":"desk"})");
  const Credentials credentials{"", "", "", token, "::1", ""};
  const auto first = auth().authenticate(credentials, kNow);
  const auto again = auth().authenticate(credentials, kNow + 1);
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first.value().get(), again.value().get());
  EXPECT_EQ(code_of(credentials, kNow + 129 * kSecond), "good");
  EXPECT_THAT(error_of(credentials, kNow + 130 * kSecond).message, HasSubstr("has expired"));
}

TEST_F(AuthenticatorTest, WithoutTokenKeysTokensAreRefused) {
  make_key("grafana");
  EXPECT_EQ(code_of_bearer(hs256_token(R"({"exp":1700000100})")), "unauthorized");
}

TEST_F(AuthenticatorTest, TenWrongSecretsLockTheAddressOut) {
  const std::string key = make_key("grafana").text, other = make_key("other").text;
  const std::string unknown = "tdk_00000000_" + key.substr(13);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(with_api_key(unknown)), "unauthorized");
  const Error locked = error_of(with_api_key(unknown));
  EXPECT_EQ(locked.code, "locked_out");
  EXPECT_EQ(locked.retry_after_seconds, 1U);
  EXPECT_EQ(code_of(with_api_key(other)), "locked_out");  // a right guess would not show either
  EXPECT_EQ(code_of(with_api_key(other, "192.0.2.2")), "good");
  EXPECT_EQ(code_of(with_api_key(other), kNow + kSecond), "good");
  EXPECT_EQ(code_of(with_api_key(unknown), kNow + kSecond), "unauthorized");
  EXPECT_EQ(error_of(with_api_key(unknown), kNow + kSecond).retry_after_seconds, 2U);
}

TEST_F(AuthenticatorTest, SuccessInBetweenDoesNotBuyMoreTries) {
  const std::string key = make_key("grafana").text;
  const std::string unknown = "tdk_00000000_" + key.substr(13);
  int tries = 0;
  while (tries < 100 && code_of(with_api_key(unknown)) == "unauthorized") {
    ++tries;
    EXPECT_EQ(code_of(with_api_key(key)), "good");
  }
  EXPECT_EQ(tries, 10);
}

TEST_F(AuthenticatorTest, WhoeverWasGoodAtTheAddressBeforeIsNotLockedOutByHisNeighbour) {
  const std::string engine = make_key("engine").text, other = make_key("other").text;
  EXPECT_EQ(code_of(with_api_key(engine)), "good");
  const std::string unknown = "tdk_00000000_" + engine.substr(13);
  for (int i = 0; i < 11; ++i) code_of(with_api_key(unknown));
  EXPECT_EQ(code_of(with_api_key(engine)), "good");
  EXPECT_EQ(code_of(with_api_key(other)), "locked_out");
  EXPECT_EQ(code_of(with_api_key(wrong_secret(engine))), "locked_out");
}

TEST_F(AuthenticatorTest, AKeyThatIsGuessedAtFromManyAddressesIsLockedOutForNewOnes) {
  const std::string key = make_key("engine").text, other = make_key("other").text;
  EXPECT_EQ(code_of(with_api_key(key, "198.51.100.1")), "good");
  for (int i = 0; i < 10; ++i) {
    const std::string address = "192.0.2." + std::to_string(i);
    EXPECT_EQ(code_of(with_api_key(wrong_secret(key), address)), "unauthorized");
  }
  EXPECT_EQ(code_of(with_api_key(wrong_secret(key), "192.0.2.100")), "locked_out");
  EXPECT_EQ(code_of(with_api_key(key, "192.0.2.100")), "locked_out");
  EXPECT_EQ(code_of(with_api_key(key, "198.51.100.1")), "good");
  EXPECT_EQ(code_of(with_api_key(other, "192.0.2.100")), "good");
}

TEST_F(AuthenticatorTest, WhatWasGoodOnceAndIsExpiredIsNoTry) {
  take_tokens();
  const std::string key = make_key("day", 1, kNow).text;
  const std::string token = hs256_token(R"({"exp":1600000000})");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(code_of(with_api_key(key)), "unauthorized");
    EXPECT_EQ(code_of_bearer(token), "unauthorized");
    EXPECT_EQ(code_of({"", "", "tapedeck_session=stale", "", "192.0.2.1", ""}), "unauthorized");
    EXPECT_EQ(code_of({"", "", "", "", "192.0.2.1", ""}), "unauthorized");
  }
}

TEST_F(AuthenticatorTest, ForgedTokensAreTriesAndWhileTheAddressWaitsNoSignatureIsChecked) {
  take_tokens();
  options_.files.keys.clear();
  const auto token_of = [](const std::string& subject) {
    return hs256_token(R"({"exp":1700000100,"sub":")" + subject + "\"}");
  };
  const std::string forged =
      testing::token_by(std::string(32, 'x'), R"({"alg":"HS256"})", R"({"exp":1700000100})");
  EXPECT_EQ(code_of_bearer(token_of("engine")), "good");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of_bearer(forged), "unauthorized");
  EXPECT_EQ(code_of_bearer(forged), "locked_out");
  EXPECT_EQ(code_of_bearer(token_of("engine")), "good");
  EXPECT_EQ(code_of_bearer(token_of("new")), "locked_out");
  EXPECT_EQ(code_of_bearer(token_of("new"), "192.0.2.1", kNow + kSecond), "good");
}

TEST_F(AuthenticatorTest, SessionsAreGoodUntilLogout) {
  const std::string key = make_key("grafana").text;
  const auto session = auth().log_in({"", "", "", key, "::1", ""}, true, kNow);
  ASSERT_TRUE(session);
  EXPECT_THAT(session->set_cookie, HasSubstr("; Secure"));
  const std::string cookie = "a=b; " + session->set_cookie.substr(0, session->set_cookie.find(';'));
  const Credentials browser{"", "", cookie, "", "::1", ""};
  const auto grant = auth().authenticate(browser, kNow);
  ASSERT_TRUE(grant);
  EXPECT_EQ((*grant)->name, "grafana");
  EXPECT_TRUE(auth().is_current(**grant, kNow));
  auth().log_out(browser, kNow);
  EXPECT_EQ(code_of(browser), "unauthorized");
  EXPECT_FALSE(auth().is_current(**grant, kNow));  // ends its streams
}

TEST_F(AuthenticatorTest, ACookieOpensNoSessionAndNeitherDoesAWrongKey) {
  const std::string key = make_key("grafana").text;
  const auto session = auth().log_in(with_api_key(key), false, kNow);
  const std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  EXPECT_FALSE(auth().log_in({"", "", cookie, "", "::1", ""}, false, kNow));
  EXPECT_FALSE(auth().log_in(with_api_key(wrong_secret(key)), false, kNow));
}

TEST_F(AuthenticatorTest, GrantsOfExpiredCredentialsAreNotCurrent) {
  const std::string key = make_key("day", 1, kNow + kSecond).text;
  const auto grant = auth().authenticate(with_api_key(key), kNow);
  ASSERT_TRUE(grant);
  EXPECT_TRUE(auth().is_current(**grant, kNow));
  EXPECT_FALSE(auth().is_current(**grant, kNow + kSecond));
  EXPECT_TRUE(auth().is_current(*everybody(), kNow));
}

TEST_F(AuthenticatorTest, TheAuditLogTellsOfLoginsRefusalsAndLockOutsWithoutSecrets) {
  AuditOptions audit;
  audit.path = folder_ / "audit.log";
  options_.audit = std::make_shared<AuditLog>(audit);
  const std::string key = make_key("grafana").text;
  ASSERT_TRUE(auth().log_in(with_api_key(key), false, kNow));
  EXPECT_FALSE(auth().log_in(with_api_key(wrong_secret(key)), false, kNow));
  for (int i = 0; i < 9; ++i) code_of(with_api_key(wrong_secret(key)));
  options_.audit->flush();
  const std::string text = testing::read_text(audit.path);
  std::vector<std::string> actions;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    actions.push_back(nlohmann::json::parse(line)["action"]);
  }
  std::vector<std::string> expected{"login", "login_failed"};
  expected.insert(expected.end(), 9, "key_refused");
  expected.emplace_back("lock_out");
  EXPECT_EQ(actions, expected);
  EXPECT_THAT(text, HasSubstr("\"grant\":\"key:" + key.substr(4, 8) + "\""));
  EXPECT_THAT(text, HasSubstr("\"address\":\"192.0.2.1\""));
  EXPECT_THAT(text, Not(HasSubstr(key.substr(13))));
  EXPECT_THAT(text, Not(HasSubstr(wrong_secret(key).substr(13))));
}

TEST_F(AuthenticatorTest, ManyThreadsGetTheirOwnGrants) {
  take_tokens();
  const std::string first = make_key("first").text, second = make_key("second").text;
  const std::string token = hs256_token(R"({"exp":1700000100,"sub":"desk"})");
  Authenticator& shared = auth();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (const auto& [text, name] :
       {std::pair(first, "first"), std::pair(second, "second"), std::pair(token, "desk")}) {
    threads.emplace_back([&wrong, &shared, credential = text, expected = std::string(name)] {
      for (int i = 0; i < 500; ++i) {
        const auto grant = shared.authenticate({"", "", "", credential, "::1", ""}, kNow);
        if (!grant || (*grant)->name != expected) ++wrong;
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(shared.reload(), std::nullopt);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace tapedeck::auth
