#include "auth/verification_key.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <atomic>
#include <optional>

#include "auth/crypto.hpp"

namespace tapedeck::auth {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

constexpr std::size_t kP256Bytes = 32;
constexpr std::size_t kMaxExponentBytes = 8;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error invalid(std::string why) {
  return {"invalid_key", std::move(why), ""};
}

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

Number number_from(std::string_view big_endian) {
  return Number(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

/// A public key of these parameters; nothing when OpenSSL finds them wrong (a point that is not on
/// the curve).
EVP_PKEY* public_key_of(const char* type, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return key;
}

bool is_p256(EVP_PKEY* key) {
  char group[32] = {};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1) return false;
  const std::string_view name(group, size);
  return name == "prime256v1" || name == "P-256";
}

struct PemBlock {
  std::string name;  ///< between the dashes; empty: there is no further block
  std::string der;
};
/// @return nothing when what follows is damaged
std::optional<PemBlock> next_pem_block(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  ERR_clear_error();
  if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) {
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end ? std::optional<PemBlock>(PemBlock{}) : std::nullopt;
  }
  PemBlock block{name, {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)}};
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return block;
}

/// r and s side by side (RFC 7518 §3.4) as OpenSSL wants them: an ASN.1 sequence.
std::string der_of(std::string_view signature) {
  const EcSignature pair(ECDSA_SIG_new());
  Number r = number_from(signature.substr(0, kP256Bytes));
  Number s = number_from(signature.substr(kP256Bytes));
  if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // the pair's now
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

std::string_view name_of(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::hs256:
      return "HS256";
    case JwtAlgorithm::rs256:
      return "RS256";
    case JwtAlgorithm::es256:
      return "ES256";
  }
  return "";
}

void VerificationKey::FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

VerificationKey::VerificationKey(JwtAlgorithm algorithm, std::string kid, std::string secret,
                                 PublicKey key)
    : number_(next_number()),
      algorithm_(algorithm),
      kid_(std::move(kid)),
      secret_(std::move(secret)),
      key_(std::move(key)) {}

VerificationKey::~VerificationKey() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
}

VerificationKey::Made VerificationKey::from_secret(std::string secret, std::string kid) {
  if (secret.size() < kMinSecretBytes || secret.size() > kMaxSecretBytes) {
    return invalid(fmt::format("holds a secret of {} bytes; HS256 needs {} to {}", secret.size(),
                               kMinSecretBytes, kMaxSecretBytes));
  }
  // What everybody knows is no secret: the classic confusion of algorithms, made by hand.
  if (secret.find("-----BEGIN ") != std::string::npos) {
    return invalid("holds a PEM key where an HS256 secret was expected; give it as a public key");
  }
  return std::shared_ptr<const VerificationKey>(
      new VerificationKey(JwtAlgorithm::hs256, std::move(kid), std::move(secret), nullptr));
}

VerificationKey::Made VerificationKey::from_public_key(PublicKey key, std::string kid) {
  JwtAlgorithm algorithm = JwtAlgorithm::rs256;
  if (EVP_PKEY_is_a(key.get(), "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits < kMinRsaBits || bits > kMaxRsaBits) {
      return invalid(fmt::format("holds an RSA key of {} bits; RS256 needs {} to {}", bits,
                                 kMinRsaBits, kMaxRsaBits));
    }
  } else if (EVP_PKEY_is_a(key.get(), "EC") == 1 && is_p256(key.get())) {
    algorithm = JwtAlgorithm::es256;
  } else {
    return invalid("holds a key that is neither RSA (for RS256) nor P-256 (for ES256)");
  }
  return std::shared_ptr<const VerificationKey>(
      new VerificationKey(algorithm, std::move(kid), "", std::move(key)));
}

VerificationKey::Made VerificationKey::from_rsa(std::string_view modulus, std::string_view exponent,
                                                std::string kid) {
  if (modulus.size() > std::size_t{kMaxRsaBits} / 8 || exponent.size() > kMaxExponentBytes) {
    return invalid("holds an RSA key that is too large");
  }
  const Number n = number_from(modulus), e = number_from(exponent);
  const Builder builder(OSSL_PARAM_BLD_new());
  // Exponent 1 would make every text its own signature.
  if (!n || !e || !builder || BN_is_odd(n.get()) == 0 || BN_is_odd(e.get()) == 0 ||
      BN_is_one(e.get()) == 1) {
    return invalid("holds an RSA key with an impossible modulus or exponent");
  }
  PublicKey key;
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1) {
    key.reset(public_key_of("RSA", builder.get()));
  }
  if (!key) return invalid("holds an RSA key that OpenSSL refuses");
  return from_public_key(std::move(key), std::move(kid));
}

VerificationKey::Made VerificationKey::from_p256(std::string_view x, std::string_view y,
                                                 std::string kid) {
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
    return invalid("holds a P-256 key whose coordinates are not 32 bytes each");
  }
  const std::string point = std::string(1, '\x04') + std::string(x) + std::string(y);
  const Builder builder(OSSL_PARAM_BLD_new());
  PublicKey key;
  if (builder &&
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
          1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) == 1) {
    key.reset(public_key_of("EC", builder.get()));
  }
  if (!key) return invalid("holds a P-256 key that is not a point of the curve");
  const Context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1) {
    ERR_clear_error();
    return invalid("holds a P-256 key that is not a point of the curve");
  }
  return from_public_key(std::move(key), std::move(kid));
}

Result<VerificationKeys> VerificationKey::from_pem(std::string_view text) {
  if (text.find("PRIVATE KEY-----") != std::string_view::npos) {
    return invalid(
        "holds a private key; give this server the public one only (openssl pkey -pubout)");
  }
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  VerificationKeys keys;
  for (;;) {
    const auto block = next_pem_block(bio.get());
    if (!block) return invalid("is not valid PEM");
    if (block->name.empty()) break;
    if (block->name != "PUBLIC KEY") {
      return invalid("holds something other than public keys (-----BEGIN PUBLIC KEY-----)");
    }
    const unsigned char* at = bytes_of(block->der);
    PublicKey key(d2i_PUBKEY(nullptr, &at, static_cast<long>(block->der.size())));
    ERR_clear_error();
    if (!key) return invalid("holds a damaged public key");
    if (keys.size() == kMaxPemKeys) {
      return invalid(fmt::format("holds more than {} public keys", kMaxPemKeys));
    }
    auto made = from_public_key(std::move(key), "");
    if (!made) return made.error();
    keys.push_back(std::move(made).value());
  }
  if (keys.empty()) return invalid("holds no public key (-----BEGIN PUBLIC KEY-----)");
  return keys;
}

bool VerificationKey::verifies(std::string_view signed_text, std::string_view signature) const {
  if (algorithm_ != JwtAlgorithm::hs256) return verifies_public(signed_text, signature);
  Digest expected{}, given{};
  if (signature.size() != given.size()) return false;
  std::memcpy(given.data(), signature.data(), given.size());
  if (HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), bytes_of(signed_text),
           signed_text.size(), expected.data(), nullptr) == nullptr) {
    return false;
  }
  return same_digest(expected, given);
}

bool VerificationKey::verifies_public(std::string_view signed_text,
                                      std::string_view signature) const {
  std::string der;
  if (algorithm_ == JwtAlgorithm::es256) {
    if (signature.size() != 2 * kP256Bytes) return false;
    der = der_of(signature);
    signature = der;
  } else if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()))) {
    return false;
  }
  const DigestContext context(EVP_MD_CTX_new());
  const bool valid =
      context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(signed_text),
                       signed_text.size()) == 1;
  ERR_clear_error();  // this thread's queue is the TLS connections', too
  return valid;
}

bool VerificationKey::same_key(const VerificationKey& other) const {
  if (algorithm_ != other.algorithm_ || kid_ != other.kid_) return false;
  if (algorithm_ == JwtAlgorithm::hs256) return secret_ == other.secret_;
  const bool same = EVP_PKEY_eq(key_.get(), other.key_.get()) == 1;
  ERR_clear_error();
  return same;
}

}  // namespace tapedeck::auth
