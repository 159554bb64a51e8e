// VerificationKey: what a token's signature is checked with, and the one algorithm it is for: the
// algorithm comes from the key that was configured, never from the token. OpenSSL does the work.
// Immutable; any thread. Cost of a check: HS256 1 us, RS256 30 us, ES256 70 us or so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

struct evp_pkey_st;

namespace tapedeck::auth {

/// RFC 7518 §3.1.
enum class JwtAlgorithm : std::uint8_t { hs256, rs256, es256 };
std::string_view name_of(JwtAlgorithm algorithm);

class VerificationKey;
using VerificationKeys = std::vector<std::shared_ptr<const VerificationKey>>;

class VerificationKey {
 public:
  static constexpr std::size_t kMinSecretBytes = 32;  ///< RFC 7518 §3.2
  static constexpr std::size_t kMaxSecretBytes = 1024;
  static constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;  ///< RFC 7518 §3.3; cost of a check
  static constexpr std::size_t kMaxPemKeys = 4;

  /// Made by one of these; errors have the code "invalid_key" and a message that goes on from
  /// "The ... file F".
  using Made = Result<std::shared_ptr<const VerificationKey>>;
  /// HS256, with bytes that only the issuer and this server know.
  static Made from_secret(std::string secret, std::string kid);
  /// RS256; modulus and exponent big-endian (RFC 7518 §6.3.1).
  static Made from_rsa(std::string_view modulus, std::string_view exponent, std::string kid);
  /// ES256, P-256; coordinates of 32 bytes big-endian (RFC 7518 §6.2.1).
  static Made from_p256(std::string_view x, std::string_view y, std::string kid);
  /// Public keys in PEM, one or a few (while one replaces another): RSA for RS256, P-256 for ES256.
  static Result<VerificationKeys> from_pem(std::string_view text);

  ~VerificationKey();
  VerificationKey(const VerificationKey&) = delete;
  VerificationKey& operator=(const VerificationKey&) = delete;

  /// Whether the signature, as bytes, is of this text by this key.
  bool verifies(std::string_view signed_text, std::string_view signature) const;

  JwtAlgorithm algorithm() const noexcept { return algorithm_; }
  const std::string& kid() const noexcept { return kid_; }  ///< empty: it has none
  /// Unlike that of any other key of this process; a key that is read again unchanged is not the
  /// same object: see same_key().
  std::uint64_t number() const noexcept { return number_; }
  bool same_key(const VerificationKey& other) const;

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };
  using PublicKey = std::unique_ptr<evp_pkey_st, FreeKey>;
  VerificationKey(JwtAlgorithm algorithm, std::string kid, std::string secret, PublicKey key);
  static Made from_public_key(PublicKey key, std::string kid);
  bool verifies_public(std::string_view signed_text, std::string_view signature) const;

  const std::uint64_t number_;
  const JwtAlgorithm algorithm_;
  const std::string kid_;
  std::string secret_;
  const PublicKey key_;
};

}  // namespace tapedeck::auth
