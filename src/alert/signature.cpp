#include "alert/signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

namespace tapedeck::alert {

std::string signature_of(std::string_view secret, std::int64_t timestamp_s, std::string_view body) {
  const std::string text = fmt::format("{}.{}", timestamp_s, body);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
           &size) == nullptr) {
    throw std::runtime_error("OpenSSL cannot make a signature");
  }
  std::string out = "v1=";
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", mac[i]);
  return out;
}

}  // namespace tapedeck::alert
