// The few pieces of OpenSSL that keys, tokens and sessions need: SHA-256, random bytes, comparing
// without telling where the difference is. Any thread. A digest of 32 bytes costs some 200 ns.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tapedeck::auth {

using Digest = std::array<std::uint8_t, 32>;

/// For tables whose keys are digests already.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

Digest sha256(std::string_view bytes);

/// In a time that does not depend on where they differ.
bool same_digest(const Digest& a, const Digest& b) noexcept;

/// From the system's generator. @throws std::runtime_error when it has none to give
std::string random_bytes(std::size_t count);

}  // namespace tapedeck::auth
