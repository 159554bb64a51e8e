// What happens while the server runs: keys are revoked and made, issuers change theirs, files are
// damaged.
#include <gmock/gmock.h>

#include <stdexcept>

#include "auth/auth_fixture.hpp"

namespace tapedeck::auth {
namespace {

using testing::AuthFixture;
using ::testing::HasSubstr;
using testing::KeyPair;
using testing::kNow;
using testing::kSecond;

class AuthenticatorReload : public AuthFixture {
 protected:
  void write_jwks(const std::string& keys) {
    options_.files.jwks = folder_.write("jwks.json", testing::jwk_set(keys), 0644);
  }
  static std::string token(const KeyPair& pair, const std::string& kid) {
    return testing::token_by(pair, R"({"alg":"RS256","kid":")" + kid + "\"}",
                             R"({"exp":1700000100,"sub":"desk"})");
  }
  std::string refusal() {
    try {
      make();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(AuthenticatorReload, ARevokedKeyIsRefusedAndItsStreamsEndOnceTheFileIsLookedAt) {
  const auto key = make_key("grafana"), other = make_key("other");
  const auto grant = auth().authenticate({"", key.text, "", "", "::1", ""}, kNow);
  const auto stays = auth().authenticate({"", other.text, "", "", "::1", ""}, kNow);
  const auto session = auth().log_in({"", key.text, "", "", "::1", ""}, false, kNow);
  const std::string cookie = session->set_cookie.substr(0, session->set_cookie.find(';'));
  ASSERT_TRUE(grant && stays);
  ASSERT_TRUE(KeyFile(options_.files.keys).revoke(key.stored.id, kNow));
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  const auto refused = auth().authenticate({"", key.text, "", "", "::1", ""}, kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("was revoked at"));
  EXPECT_FALSE(auth().is_current(**grant, kNow));
  EXPECT_FALSE(auth().is_current(*session->grant, kNow));
  EXPECT_EQ(code_of({"", "", cookie, "", "::1", ""}), "unauthorized");
  EXPECT_TRUE(auth().is_current(**stays, kNow));
}

TEST_F(AuthenticatorReload, ANewKeyIsGoodOnceTheFileIsLookedAt) {
  make_key("first");
  auth();
  const std::string second = make_key("second").text;
  EXPECT_EQ(code_of_bearer(second), "unauthorized");
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_EQ(code_of_bearer(second), "good");
}

TEST_F(AuthenticatorReload, AChangedKeyEndsWhatItOpenedWithItsOldRights) {
  auto key = make_key("grafana", 3);
  const auto grant = auth().authenticate({"", key.text, "", "", "::1", ""}, kNow);
  const auto session = auth().log_in({"", key.text, "", "", "::1", ""}, false, kNow);
  ASSERT_TRUE(grant && session);
  EXPECT_TRUE(auth().is_current(*session->grant, kNow));
  key.stored.narrowing.symbol = {"NIFTY"};
  folder_.write("keys.json", write_key_file({key.stored}));
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_FALSE(auth().is_current(**grant, kNow));
  EXPECT_FALSE(auth().is_current(*session->grant, kNow));
  EXPECT_EQ(auth().authenticate({"", key.text, "", "", "::1", ""}, kNow).value()->narrowing.symbol,
            std::vector<std::string>{"NIFTY"});
}

TEST_F(AuthenticatorReload, ADamagedFileIsToldOnceAndWhatWasKnownStaysInForce) {
  const std::string key = make_key("grafana").text;
  auth();
  const std::string before = testing::read_text(options_.files.keys);
  folder_.write("keys.json", "{");
  const auto error = auth().look_for_changes();
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr("is not valid JSON"));
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_TRUE(auth().reload().has_value());
  EXPECT_EQ(code_of_bearer(key), "good");
  std::filesystem::remove(options_.files.keys);
  EXPECT_TRUE(auth().look_for_changes().has_value());
  EXPECT_EQ(code_of_bearer(key), "good");
  folder_.write("keys.json", before);
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_EQ(code_of_bearer(key), "good");
}

TEST_F(AuthenticatorReload, AnIssuersNewKeyIsTakenAndItsOldOneEndsWhatItOpened) {
  options_.files.keys.clear();
  const KeyPair& old_pair = testing::rsa_pair();
  const KeyPair& new_pair = testing::other_rsa_pair();
  const std::string old_jwk = testing::rsa_jwk(old_pair, "old");
  const std::string new_jwk = testing::rsa_jwk(new_pair, "new");
  const std::string old_token = token(old_pair, "old"), new_token = token(new_pair, "new");
  write_jwks(old_jwk);
  const auto grant = auth().authenticate({"", "", "", old_token, "::1", ""}, kNow);
  ASSERT_TRUE(grant);
  EXPECT_EQ(code_of_bearer(new_token), "unauthorized");

  write_jwks(new_jwk + "," + old_jwk);
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_EQ(code_of_bearer(new_token), "good");
  EXPECT_EQ(code_of_bearer(old_token), "good");
  EXPECT_TRUE(auth().is_current(**grant, kNow));

  write_jwks(new_jwk);
  EXPECT_EQ(auth().look_for_changes(), std::nullopt);
  EXPECT_EQ(code_of_bearer(new_token), "good");
  EXPECT_EQ(code_of_bearer(old_token), "unauthorized");  // although it was remembered
  EXPECT_FALSE(auth().is_current(**grant, kNow));
}

TEST_F(AuthenticatorReload, APublicKeyFileServesBothAlgorithms) {
  options_.files.keys.clear();
  options_.files.public_key = folder_.write(
      "public.pem", testing::rsa_pair().public_pem() + testing::ec_pair().public_pem(), 0644);
  EXPECT_EQ(code_of_bearer(token(testing::rsa_pair(), "any")), "good");
  EXPECT_EQ(code_of_bearer(testing::token_by(testing::ec_pair(), R"({"alg":"ES256"})",
                                             R"({"exp":1700000100})")),
            "good");
}

TEST_F(AuthenticatorReload, SetUpSaysWhatIsMissing) {
  EXPECT_THAT(refusal(), HasSubstr("cannot be read: No such file"));
  options_.files.keys.clear();
  EXPECT_THAT(refusal(), HasSubstr("Authentication needs a keys file"));
  options_.files.secret = folder_.write("secret", "too short");
  EXPECT_THAT(refusal(), HasSubstr("holds a secret of 9 bytes; HS256 needs 32"));
  options_.files.public_key = folder_.write("p.pem", testing::rsa_pair().public_pem());
  EXPECT_THAT(refusal(), HasSubstr("give one"));
  options_.files.secret.clear();
  EXPECT_EQ(refusal(), "");
}

TEST_F(AuthenticatorReload, SetUpRefusesFilesThatOthersCouldRead) {
  make_key("grafana");
  std::filesystem::permissions(options_.files.keys, std::filesystem::perms(0640));
  EXPECT_THAT(refusal(), HasSubstr("is open to other users"));
  options_.files.keys.clear();
  options_.files.secret = folder_.write("secret", std::string(32, 's'), 0644);
  EXPECT_THAT(refusal(), HasSubstr("is open to other users"));
}

TEST_F(AuthenticatorReload, SetUpRefusesLimitsThatMakeNoSense) {
  make_key("grafana");
  const AuthOptions good = options_;
  const auto refused = [&](auto change) {
    options_ = good;
    change(options_);
    return !refusal().empty();
  };
  EXPECT_FALSE(refused([](auto& o) { o.claims.leeway = std::chrono::seconds(600); }));
  EXPECT_TRUE(refused([](auto& o) { o.claims.leeway = std::chrono::seconds(601); }));
  EXPECT_TRUE(refused([](auto& o) { o.claims.leeway = std::chrono::seconds(-1); }));
  EXPECT_TRUE(refused([](auto& o) { o.claims.max_age = std::chrono::hours(24 * 366 + 1); }));
  EXPECT_TRUE(refused([](auto& o) { o.claims.narrowing_claim.clear(); }));
  EXPECT_TRUE(refused([](auto& o) { o.max_token_bytes = 255; }));
  EXPECT_TRUE(refused([](auto& o) { o.max_token_bytes = 65537; }));
  EXPECT_TRUE(refused([](auto& o) { o.lock_out.tries = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.sessions.max_sessions = 0; }));
}

}  // namespace
}  // namespace tapedeck::auth
