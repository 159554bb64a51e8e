#include "auth/verification_key.hpp"

#include <gmock/gmock.h>

#include "auth/issuer.hpp"

namespace tapedeck::auth {
namespace {

using ::testing::HasSubstr;
using testing::KeyPair;

std::string unpacked(std::string_view text) {
  return decode_base64url(text).value();
}

/// The last part of a token, as bytes.
std::string signature_of(std::string_view token) {
  return unpacked(token.substr(token.rfind('.') + 1));
}
std::string_view signed_text_of(std::string_view token) {
  return token.substr(0, token.rfind('.'));
}

// RFC 7515, appendix A: the claims of A.1, A.2 and A.3 are the same.
constexpr char kClaims[] =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";

TEST(Rfc7515, AppendixA1Hs256) {
  const std::string token = std::string("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.") + kClaims +
                            ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto key = VerificationKey::from_secret(
      unpacked(
          "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CA"
          "ow"),
      "");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE((*key)->verifies(signed_text_of(token), signature_of(token)));
  EXPECT_FALSE((*key)->verifies(token, signature_of(token)));
}

TEST(Rfc7515, AppendixA2Rs256) {
  const std::string token = std::string("eyJhbGciOiJSUzI1NiJ9.") + kClaims +
                            ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__"
                            "dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
                            "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"
                            "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L"
                            "07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
                            "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUi"
                            "pUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
  const auto key = VerificationKey::from_rsa(
      unpacked(
          "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz"
          "P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63"
          "kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh"
          "9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuX"
          "poQ"),
      unpacked("AQAB"), "");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ((*key)->algorithm(), JwtAlgorithm::rs256);
  EXPECT_TRUE((*key)->verifies(signed_text_of(token), signature_of(token)));
  EXPECT_FALSE((*key)->verifies(token, signature_of(token)));
}

TEST(Rfc7515, AppendixA3Es256) {
  const std::string token =
      std::string("eyJhbGciOiJFUzI1NiJ9.") + kClaims +
      ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
  const auto key =
      VerificationKey::from_p256(unpacked("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                                 unpacked("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"), "");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ((*key)->algorithm(), JwtAlgorithm::es256);
  EXPECT_TRUE((*key)->verifies(signed_text_of(token), signature_of(token)));
  EXPECT_FALSE((*key)->verifies(token, signature_of(token)));
}

TEST(VerificationKey, ASecretHasTheLengthOfItsDigestAtLeast) {
  EXPECT_FALSE(VerificationKey::from_secret(std::string(31, 's'), ""));
  EXPECT_TRUE(VerificationKey::from_secret(std::string(32, 's'), ""));
  EXPECT_TRUE(VerificationKey::from_secret(std::string(1024, 's'), ""));
  EXPECT_FALSE(VerificationKey::from_secret(std::string(1025, 's'), ""));
}

TEST(VerificationKey, APublicKeyIsNoSecret) {
  const auto key = VerificationKey::from_secret(testing::rsa_pair().public_pem(), "");
  ASSERT_FALSE(key);
  EXPECT_THAT(key.error().message, HasSubstr("give it as a public key"));
}

TEST(VerificationKey, PemSaysWhatAlgorithmItIsFor) {
  const auto keys =
      VerificationKey::from_pem(testing::rsa_pair().public_pem() + testing::ec_pair().public_pem());
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0]->algorithm(), JwtAlgorithm::rs256);
  EXPECT_EQ((*keys)[1]->algorithm(), JwtAlgorithm::es256);
  EXPECT_TRUE((*keys)[0]->verifies("text", testing::rsa_pair().sign("text")));
  EXPECT_TRUE((*keys)[1]->verifies("text", testing::ec_pair().sign("text")));
  EXPECT_FALSE((*keys)[0]->verifies("text", testing::other_rsa_pair().sign("text")));
}

TEST(VerificationKey, WeakForeignAndPrivateKeysAreRefused) {
  const auto said = [](const std::string& pem) {
    const auto keys = VerificationKey::from_pem(pem);
    return keys ? "taken" : keys.error().message;
  };
  EXPECT_THAT(said(KeyPair::rsa(1024).public_pem()), HasSubstr("RSA key of 1024 bits"));
  EXPECT_THAT(said(KeyPair::ec("P-384").public_pem()), HasSubstr("neither RSA"));
  EXPECT_THAT(said(KeyPair::ed25519().public_pem()), HasSubstr("neither RSA"));
  EXPECT_THAT(said(testing::rsa_pair().private_pem()), HasSubstr("holds a private key"));
  EXPECT_THAT(said(testing::ec_pair().private_pem()), HasSubstr("holds a private key"));
  EXPECT_THAT(said(""), HasSubstr("no public key"));
  EXPECT_THAT(said("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
              HasSubstr("damaged"));
  EXPECT_THAT(said("-----BEGIN PUBLIC KEY-----\nAAAA\n"), HasSubstr("not valid PEM"));
  EXPECT_THAT(said("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
              HasSubstr("other than public keys"));
  std::string many;
  for (int i = 0; i < 4; ++i) many += testing::ec_pair().public_pem();
  EXPECT_EQ(said(many), "taken");
  EXPECT_THAT(said(many + testing::ec_pair().public_pem()), HasSubstr("more than 4"));
}

TEST(VerificationKey, ImpossibleParametersAreRefused) {
  const std::string n = testing::rsa_pair().parameter("n");
  const std::string e("\x01\x00\x01", 3), even("\x01\x00\x00", 3);
  EXPECT_TRUE(VerificationKey::from_rsa(n, e, ""));
  EXPECT_FALSE(VerificationKey::from_rsa(n, "\x01", ""));  // every text would be its own signature
  EXPECT_FALSE(VerificationKey::from_rsa(n, even, ""));
  EXPECT_FALSE(VerificationKey::from_rsa(n, "", ""));
  EXPECT_FALSE(VerificationKey::from_rsa("", e, ""));
  EXPECT_FALSE(VerificationKey::from_rsa(std::string(1025, '\xff'), e, ""));
  const std::string x = testing::ec_pair().parameter("qx", 32);
  std::string y = testing::ec_pair().parameter("qy", 32);
  EXPECT_TRUE(VerificationKey::from_p256(x, y, ""));
  y[31] = static_cast<char>(y[31] ^ 1);
  EXPECT_FALSE(VerificationKey::from_p256(x, y, ""));
  EXPECT_FALSE(VerificationKey::from_p256(x.substr(1), y, ""));
  EXPECT_FALSE(VerificationKey::from_p256(std::string(32, '\0'), std::string(32, '\0'), ""));
}

TEST(VerificationKey, SignaturesOfOtherLengthsAreRefused) {
  const auto keys =
      VerificationKey::from_pem(testing::rsa_pair().public_pem() + testing::ec_pair().public_pem());
  ASSERT_TRUE(keys);
  const auto secret = VerificationKey::from_secret(std::string(32, 's'), "");
  const std::string good[] = {testing::rsa_pair().sign("text"), testing::ec_pair().sign("text"),
                              testing::hs256(std::string(32, 's'), "text")};
  const VerificationKey* with[] = {(*keys)[0].get(), (*keys)[1].get(), secret->get()};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(with[i]->verifies("text", good[i]));
    EXPECT_FALSE(with[i]->verifies("text", ""));
    EXPECT_FALSE(with[i]->verifies("text", good[i].substr(1)));
    EXPECT_FALSE(with[i]->verifies("text", good[i] + "x"));
    EXPECT_FALSE(with[i]->verifies("text", std::string(good[i].size(), '\0')));
  }
}

TEST(VerificationKey, TheSameKeyReadTwiceIsKnownAgain) {
  const auto read = [](const KeyPair& pair) {
    return VerificationKey::from_pem(pair.public_pem()).value().front();
  };
  const auto first = read(testing::rsa_pair()), again = read(testing::rsa_pair());
  EXPECT_NE(first->number(), again->number());
  EXPECT_TRUE(first->same_key(*again));
  EXPECT_FALSE(first->same_key(*read(testing::other_rsa_pair())));
  EXPECT_FALSE(first->same_key(*read(testing::ec_pair())));
}

}  // namespace
}  // namespace tapedeck::auth
