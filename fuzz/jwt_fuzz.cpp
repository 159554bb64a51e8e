// A token as anybody may send it: its text as it is, and (first byte odd) the rest as claims that
// are signed, which no mutation would hit by chance. Must never crash; what is taken must be a
// grant that ends and belongs to somebody.
#include <openssl/hmac.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/jwt_claims.hpp"
#include "auth/jwt_verifier.hpp"
#include "auth/sessions.hpp"
#include "auth/text_coding.hpp"

namespace {

using namespace tapedeck::auth;

constexpr std::int64_t kNow = 1'700'000'000'000'000'000;
const std::string kSecret(32, 's');

void check(bool holds) {
  if (!holds) std::abort();
}

const VerificationKeys& keys() {
  static const VerificationKeys made{VerificationKey::from_secret(kSecret, "").value()};
  return made;
}

std::string signed_token(std::string_view claims) {
  const std::string text = base64url(R"({"alg":"HS256"})") + "." + base64url(claims);
  std::string signature(32, '\0');
  HMAC(EVP_sha256(), kSecret.data(), static_cast<int>(kSecret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(signature.data()), nullptr);
  return text + "." + base64url(signature);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // Exactly as large as it is, so that the sanitizer sees every byte too many.
  const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  static_cast<void>(session_in(input));
  const bool is_claims = (data[0] & 1) != 0;
  const auto token =
      verify_signature(is_claims ? signed_token(input) : input, keys(), std::size_t{64} << 10);
  if (!token) {
    check(!is_claims || input.empty() || input.size() > (std::size_t{48} << 10) - 200);
    check(token.error().code == "unauthorized" && !token.error().message.empty());
    return 0;
  }
  check(!is_claims || token->claims == input);
  const auto grant = grant_of_claims(token->claims, {}, kNow);
  if (!grant) {
    check(grant.error().code == "unauthorized" && !grant.error().message.empty());
    return 0;
  }
  check(grant->expires_ns > kNow && grant->id.starts_with("jwt:"));
  check(grant->scopes <= 7);
  return 0;
}
