#include "auth/jwk_set.hpp"

#include <gmock/gmock.h>

#include "auth/issuer.hpp"

namespace tapedeck::auth {
namespace {

using testing::ec_jwk;
using testing::ec_pair;
using ::testing::HasSubstr;
using testing::jwk_set;
using testing::KeyPair;
using testing::rsa_jwk;
using testing::rsa_pair;

std::string oct_jwk() {
  return R"({"kty":"oct","kid":"s","k":")" + base64url(std::string(32, 's')) + "\"}";
}

/// How many keys are taken of a set; -1: it is refused.
int taken(const std::string& keys, bool secrets = false) {
  const auto set = parse_jwk_set(jwk_set(keys), secrets);
  return set ? static_cast<int>(set->size()) : -1;
}

std::string refusal(const std::string& text) {
  const auto set = parse_jwk_set(text, false);
  return set ? "taken" : set.error().message;
}

TEST(JwkSet, KeysOfBothKindsVerifyWhatTheirPrivateHalvesSign) {
  const auto keys =
      parse_jwk_set(jwk_set(rsa_jwk(rsa_pair(), "a") + "," + ec_jwk(ec_pair(), "b")), false);
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0]->kid(), "a");
  EXPECT_TRUE((*keys)[0]->verifies("text", rsa_pair().sign("text")));
  EXPECT_EQ((*keys)[1]->kid(), "b");
  EXPECT_TRUE((*keys)[1]->verifies("text", ec_pair().sign("text")));
}

TEST(JwkSet, KeysForOtherPurposesArePassedOver) {
  const std::string good = rsa_jwk(rsa_pair(), "a", R"(,"use":"sig","alg":"RS256")");
  EXPECT_EQ(taken(good), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"use":"enc")")), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"alg":"RS512")")), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"alg":"none")")), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"alg":5)")), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"key_ops":["encrypt"])")), 1);
  EXPECT_EQ(taken(good + "," + rsa_jwk(rsa_pair(), "b", R"(,"key_ops":["verify"])")), 2);
  EXPECT_EQ(taken(good + R"(,{"kty":"OKP","crv":"Ed25519","x":"AA"})"), 1);
  EXPECT_EQ(taken(good + R"(,{"kty":"EC","crv":"P-384","x":"AA","y":"AA"})"), 1);
  EXPECT_EQ(taken(good + R"(,{"kid":"of no kind"})"), 1);
}

TEST(JwkSet, ASetWithoutAKeyForUsIsRefused) {
  EXPECT_THAT(refusal(jwk_set("")), HasSubstr("has no key for RS256 or ES256"));
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), "b", R"(,"use":"enc")")), -1);
}

TEST(JwkSet, SecretsAreTakenOnlyWhenAskedFor) {
  EXPECT_EQ(taken(oct_jwk(), true), 1);
  EXPECT_EQ(taken(oct_jwk()), -1);
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), "a") + "," + oct_jwk()), -1);
  EXPECT_EQ(taken(R"({"kty":"oct","k":"c2hvcnQ"})", true), -1);
}

TEST(JwkSet, PrivateWeakAndBrokenKeysRefuseTheSet) {
  const std::string good = ec_jwk(ec_pair(), "a") + ",";
  EXPECT_EQ(taken(good + rsa_jwk(rsa_pair(), "b", R"(,"d":"AQAB")")), -1);
  EXPECT_EQ(taken(good + rsa_jwk(KeyPair::rsa(1024), "b")), -1);
  EXPECT_EQ(taken(good + R"({"kty":"RSA","n":"AQAB"})"), -1);
  EXPECT_EQ(taken(good + R"({"kty":"RSA","n":"A+AB","e":"AQAB"})"), -1);
  EXPECT_EQ(taken(good + R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), -1);
  EXPECT_EQ(taken(good + R"("key")"), -1);
}

TEST(JwkSet, AKidNamesOneKey) {
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), "a") + "," + rsa_jwk(testing::other_rsa_pair(), "a")), -1);
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), "a") + "," + ec_jwk(ec_pair(), "a")), 2);
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), "")), -1);
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), std::string(256, 'k'))), 1);
  EXPECT_EQ(taken(rsa_jwk(rsa_pair(), std::string(257, 'k'))), -1);
}

TEST(JwkSet, TextThatIsNoSetSaysWhatIsWrong) {
  EXPECT_EQ(refusal(""), "is not valid JSON");
  EXPECT_EQ(refusal("[]"), "is not a JSON object");
  EXPECT_EQ(refusal("{}"), "has no list \"keys\"");
  EXPECT_EQ(refusal(R"({"keys":[],"keys":[]})"), "has \"keys\" twice");
  EXPECT_EQ(refusal(R"({"keys":{}})"), "has no list \"keys\"");
}

TEST(JwkSet, TheLimitIsTheLastNumberOfKeysThatIsRead) {
  std::string keys = rsa_jwk(rsa_pair(), "a");
  for (std::size_t i = 1; i < kMaxJwks; ++i) keys += R"(,{"kty":"OKP"})";
  EXPECT_EQ(taken(keys), 1);
  EXPECT_EQ(taken(keys + R"(,{"kty":"OKP"})"), -1);
}

}  // namespace
}  // namespace tapedeck::auth
