// An issuer of tokens with keys made for the test, by OpenSSL alone: what it signs is checked by
// code that shares nothing with it but OpenSSL.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "auth/text_coding.hpp"

namespace tapedeck::auth::testing {

/// A key pair of OpenSSL's.
class KeyPair {
 public:
  static KeyPair rsa(unsigned bits = 2048) { return KeyPair(EVP_RSA_gen(bits)); }
  static KeyPair ec(const char* curve = "P-256") { return KeyPair(EVP_EC_gen(curve)); }
  static KeyPair ed25519() { return KeyPair(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

  std::string public_pem() const {
    return pem([this](BIO* bio) { return PEM_write_bio_PUBKEY(bio, key_.get()); });
  }
  std::string private_pem() const {
    return pem([this](BIO* bio) {
      return PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  /// A public parameter, big-endian: "n", "e" (RSA), "qx", "qy" (EC).
  std::string parameter(const char* name, std::size_t width = 0) const {
    BIGNUM* number = nullptr;
    check(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    const auto size = width > 0 ? width : static_cast<std::size_t>(BN_num_bytes(number));
    std::string out(size, '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size));
    BN_free(number);
    return out;
  }
  /// RS256 or ES256 as RFC 7518 wants it.
  std::string sign(std::string_view text, const EVP_MD* digest = EVP_sha256()) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t size = 0;
    check(EVP_DigestSignInit(context, nullptr, digest, nullptr, key_.get()) == 1);
    check(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
    std::string out(size, '\0');
    check(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                         text.size()) == 1);
    EVP_MD_CTX_free(context);
    out.resize(size);
    return EVP_PKEY_is_a(key_.get(), "EC") == 1 ? side_by_side(out) : out;
  }

 private:
  explicit KeyPair(EVP_PKEY* key) : key_(key, &EVP_PKEY_free) { check(key != nullptr); }

  static void check(bool holds) {
    if (!holds) throw std::runtime_error("OpenSSL refused what the test asked for");
  }
  template <typename Write>
  static std::string pem(Write&& write) {
    BIO* bio = BIO_new(BIO_s_mem());
    check(write(bio) == 1);
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &data));
    std::string out(data, size);
    BIO_free(bio);
    return out;
  }
  static std::string side_by_side(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string out(64, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + 32, 32);
    ECDSA_SIG_free(pair);
    return out;
  }

  std::shared_ptr<EVP_PKEY> key_;
};

/// Made once: an RSA key takes a while.
inline const KeyPair& rsa_pair() {
  static const KeyPair pair = KeyPair::rsa();
  return pair;
}
inline const KeyPair& other_rsa_pair() {
  static const KeyPair pair = KeyPair::rsa();
  return pair;
}
inline const KeyPair& ec_pair() {
  static const KeyPair pair = KeyPair::ec();
  return pair;
}

inline std::string hs256(std::string_view secret, std::string_view text) {
  std::string out(32, '\0');
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(out.data()), nullptr);
  return out;
}

/// A token of these texts, signed by `sign(text)`.
template <typename Sign>
std::string token(std::string_view header, std::string_view claims, Sign&& sign) {
  const std::string text = base64url(header) + "." + base64url(claims);
  return text + "." + base64url(sign(text));
}
inline std::string token_by(const KeyPair& pair, std::string_view header, std::string_view claims) {
  return token(header, claims, [&](const std::string& text) { return pair.sign(text); });
}
inline std::string token_by(const std::string& secret, std::string_view header,
                            std::string_view claims) {
  return token(header, claims, [&](const std::string& text) { return hs256(secret, text); });
}

/// JWKs of the public halves; `more` is further members with a comma before each.
inline std::string rsa_jwk(const KeyPair& pair, const std::string& kid,
                           const std::string& more = "") {
  return R"({"kty":"RSA","kid":")" + kid + R"(","n":")" + base64url(pair.parameter("n")) +
         R"(","e":")" + base64url(pair.parameter("e")) + "\"" + more + "}";
}
inline std::string ec_jwk(const KeyPair& pair, const std::string& kid,
                          const std::string& more = "") {
  return R"({"kty":"EC","crv":"P-256","kid":")" + kid + R"(","x":")" +
         base64url(pair.parameter("qx", 32)) + R"(","y":")" + base64url(pair.parameter("qy", 32)) +
         "\"" + more + "}";
}
inline std::string jwk_set(const std::string& keys) {
  return R"({"keys":[)" + keys + "]}";
}

}  // namespace tapedeck::auth::testing
