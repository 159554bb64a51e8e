// A JWK set as an issuer's file may hold it, whole or cut. Must never crash; what is taken must be
// keys that refuse a signature of zeros, and never a secret unless asked for.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/jwk_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tapedeck::auth;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool secrets : {false, true}) {
    const auto keys = parse_jwk_set(text, secrets);
    if (!keys) {
      if (keys.error().message.empty()) std::abort();
      continue;
    }
    if (keys->empty() || keys->size() > kMaxJwks) std::abort();
    for (const auto& key : *keys) {
      if (!secrets && key->algorithm() == JwtAlgorithm::hs256) std::abort();
      if (key->verifies("text", std::string(64, '\0'))) std::abort();
    }
  }
  return 0;
}
