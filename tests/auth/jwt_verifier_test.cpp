#include "auth/jwt_verifier.hpp"

#include <gmock/gmock.h>

#include "auth/issuer.hpp"
#include "auth/jwk_set.hpp"

namespace tapedeck::auth {
namespace {

using testing::ec_pair;
using ::testing::HasSubstr;
using testing::other_rsa_pair;
using testing::rsa_pair;
using testing::token;
using testing::token_by;

constexpr std::size_t kMaxBytes = 8192;
constexpr char kClaims[] = R"({"exp":9000000000})";
const std::string kSecret(32, 's');

VerificationKeys pem_keys(const testing::KeyPair& pair) {
  return VerificationKey::from_pem(pair.public_pem()).value();
}
VerificationKeys secret_keys() {
  return {VerificationKey::from_secret(kSecret, "").value()};
}

/// `good`, or why a token is refused.
std::string said(const std::string& text, const VerificationKeys& keys) {
  const auto verified = verify_signature(text, keys, kMaxBytes);
  if (verified) return "good";
  EXPECT_EQ(verified.error().code, "unauthorized");
  return verified.error().message;
}
std::string said_of_header(const std::string& header) {
  return said(token_by(rsa_pair(), header, kClaims), pem_keys(rsa_pair()));
}

TEST(JwtVerifier, TokensOfTheThreeAlgorithmsAreGood) {
  const auto verified = verify_signature(token_by(rsa_pair(), R"({"alg":"RS256"})", kClaims),
                                         pem_keys(rsa_pair()), kMaxBytes);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->claims, kClaims);
  EXPECT_EQ(verified->key->algorithm(), JwtAlgorithm::rs256);
  EXPECT_EQ(
      said(token_by(ec_pair(), R"({"alg":"ES256","typ":"JWT"})", kClaims), pem_keys(ec_pair())),
      "good");
  EXPECT_EQ(said(token_by(kSecret, R"({"typ":"at+jwt","alg":"HS256"})", kClaims), secret_keys()),
            "good");
}

TEST(JwtVerifier, AlgorithmNoneIsRefusedInEverySpelling) {
  for (const char* name : {"none", "None", "NONE", "nOnE", ""}) {
    const std::string header = std::string(R"({"alg":")") + name + "\"}";
    const auto unsigned_token = token(header, kClaims, [](const auto&) { return std::string(); });
    EXPECT_THAT(said(unsigned_token, pem_keys(rsa_pair())), HasSubstr("no key for")) << name;
    EXPECT_THAT(said(unsigned_token, secret_keys()), HasSubstr("no key for")) << name;
  }
}

TEST(JwtVerifier, APublicKeyAsTheSecretOfHs256IsRefused) {
  for (const std::string& secret : {rsa_pair().public_pem(), rsa_pair().parameter("n")}) {
    EXPECT_THAT(said(token_by(secret, R"({"alg":"HS256"})", kClaims), pem_keys(rsa_pair())),
                HasSubstr("no key for"));
  }
}

TEST(JwtVerifier, AnAlgorithmOfAnotherKindOfKeyIsRefused) {
  EXPECT_THAT(said(token_by(rsa_pair(), R"({"alg":"ES256"})", kClaims), pem_keys(rsa_pair())),
              HasSubstr("no key for"));
  for (const char* name : {"RS384", "RS512", "PS256", "ES384", "rs256", "RS256 "}) {
    EXPECT_THAT(said_of_header(std::string(R"({"alg":")") + name + "\"}"), HasSubstr("no key for"));
  }
  const auto sha512 = token(R"({"alg":"RS256"})", kClaims, [](const std::string& text) {
    return rsa_pair().sign(text, EVP_sha512());
  });
  EXPECT_THAT(said(sha512, pem_keys(rsa_pair())), HasSubstr("not valid"));
}

TEST(JwtVerifier, AnAlgorithmThatIsNoTextIsRefused) {
  for (const char* header :
       {R"({"alg":["RS256","none"]})", R"({"alg":null})", R"({"alg":5})", "{}"}) {
    EXPECT_THAT(said_of_header(header), HasSubstr("no \"alg\" text")) << header;
  }
}

TEST(JwtVerifier, HeadersThatTwoReadersWouldReadDifferentlyAreRefused) {
  EXPECT_THAT(said_of_header(R"({"alg":"none","alg":"RS256"})"), HasSubstr("\"alg\" twice"));
  EXPECT_THAT(said_of_header(R"({"alg":"RS256","\u0061lg":"none"})"), HasSubstr("\"alg\" twice"));
  EXPECT_THAT(said_of_header(R"({"alg":"RS256","x":{"a":1,"a":2}})"), HasSubstr("twice"));
  EXPECT_THAT(said_of_header(R"({"alg":"RS256"}{})"), HasSubstr("not valid JSON"));
  EXPECT_THAT(said_of_header(R"(["RS256"])"), HasSubstr("not a JSON object"));
  EXPECT_THAT(said_of_header("{\"alg\":\"RS256\",\"x\":\"\xff\"}"), HasSubstr("not valid JSON"));
}

TEST(JwtVerifier, CriticalHeadersAndOtherTypesAreRefused) {
  EXPECT_THAT(said_of_header(R"({"alg":"RS256","crit":["exp"],"exp":1})"), HasSubstr("crit"));
  EXPECT_THAT(said_of_header(R"({"alg":"RS256","crit":[]})"), HasSubstr("crit"));
  for (const char* type : {R"("JOSE")", R"("dpop+jwt")", R"("logout+jwt")", "5", R"("")"}) {
    EXPECT_THAT(said_of_header(std::string(R"({"alg":"RS256","typ":)") + type + "}"),
                HasSubstr("typ"))
        << type;
  }
}

TEST(JwtVerifier, ATokenDoesNotSayWhereItsKeyIs) {
  const std::string own_key = testing::rsa_jwk(other_rsa_pair(), "x");
  for (const std::string& more :
       {R"("jwk":)" + own_key, std::string(R"("jku":"http://127.0.0.1:1/keys")"),
        std::string(R"("x5u":"file:///etc/passwd")"), std::string(R"("x5c":["AAAA"])")}) {
    const auto forged = token_by(other_rsa_pair(), R"({"alg":"RS256",)" + more + "}", kClaims);
    EXPECT_THAT(said(forged, pem_keys(rsa_pair())), HasSubstr("not valid")) << more;
  }
}

TEST(JwtVerifier, TheKidSelectsAKeyInMemoryAndNothingElse) {
  const auto keys = parse_jwk_set(testing::jwk_set(testing::rsa_jwk(rsa_pair(), "a") + "," +
                                                   testing::rsa_jwk(other_rsa_pair(), "b")),
                                  false);
  ASSERT_TRUE(keys);
  EXPECT_EQ(said(token_by(rsa_pair(), R"({"alg":"RS256","kid":"a"})", kClaims), *keys), "good");
  EXPECT_EQ(said(token_by(other_rsa_pair(), R"({"alg":"RS256","kid":"b"})", kClaims), *keys),
            "good");
  EXPECT_THAT(said(token_by(rsa_pair(), R"({"alg":"RS256","kid":"b"})", kClaims), *keys),
              HasSubstr("not valid"));
  for (const char* kid : {"c", "../../../dev/null", "/dev/null", "a' OR '1'='1", "", "a\\u0000"}) {
    const std::string header = std::string(R"({"alg":"RS256","kid":")") + kid + "\"}";
    EXPECT_THAT(said(token_by(rsa_pair(), header, kClaims), *keys), HasSubstr("does not know"))
        << kid;
  }
  EXPECT_THAT(said(token_by(rsa_pair(), R"({"alg":"RS256","kid":["a"]})", kClaims), *keys),
              HasSubstr("no fitting text"));
  EXPECT_EQ(said(token_by(other_rsa_pair(), R"({"alg":"RS256"})", kClaims), *keys), "good");
}

TEST(JwtVerifier, WithoutAKidOnlyAFewKeysAreTried) {
  std::string set;
  for (int i = 0; i < 5; ++i) {
    if (i > 0) set += ",";
    set += testing::ec_jwk(ec_pair(), "k" + std::to_string(i));
    const auto keys = parse_jwk_set(testing::jwk_set(set), false);
    ASSERT_TRUE(keys);
    EXPECT_EQ(said(token_by(ec_pair(), R"({"alg":"ES256"})", kClaims), *keys) == "good", i < 4);
  }
}

TEST(JwtVerifier, EveryChangedByteIsSeen) {
  const std::string good = token_by(ec_pair(), R"({"alg":"ES256"})", kClaims);
  const auto keys = pem_keys(ec_pair());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(said(changed, keys), "good") << i;
    EXPECT_NE(said(good.substr(0, i), keys), "good") << i;
  }
}

TEST(JwtVerifier, TextsThatAreNoTokenAreRefused) {
  const std::string good = token_by(ec_pair(), R"({"alg":"ES256"})", kClaims);
  const std::string hostile[] = {"",
                                 ".",
                                 "..",
                                 "...",
                                 "a.b",
                                 "a.b.c",
                                 "a.b.c.d.e",
                                 good + ".",
                                 "." + good,
                                 good + "=",
                                 good + "\n",
                                 " " + good,
                                 good + "." + good,
                                 std::string("\0.\0.\0", 5)};
  for (const std::string& text : hostile) {
    EXPECT_NE(said(text, pem_keys(ec_pair())), "good") << text;
  }
}

TEST(JwtVerifier, TheLimitIsTheLastLengthThatIsRead) {
  const std::string good = token_by(kSecret, R"({"alg":"HS256"})", kClaims);
  EXPECT_TRUE(verify_signature(good, secret_keys(), good.size()));
  const auto refused = verify_signature(good, secret_keys(), good.size() - 1);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is longer than the"));
}

TEST(JwtVerifier, NoMessageRepeatsTheToken) {
  const std::string forged = token_by(other_rsa_pair(), R"({"alg":"RS256"})", kClaims);
  const std::string message = said(forged, pem_keys(rsa_pair()));
  EXPECT_EQ(message.find(forged.substr(0, 10)), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::auth
