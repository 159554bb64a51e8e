// A small seeded random generator whose numbers are the same on every machine and compiler (the
// distributions of <random> are not). SplitMix64 (Steele, Lea, Flood 2014). One thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tapedeck::market {

/// One step of SplitMix64 as a hash: equal inputs, equal outputs, well mixed.
inline std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// FNV-1a of a text, for seeds and ids.
inline std::uint64_t hash_text(const char* data, std::size_t size) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (std::size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<unsigned char>(data[i])) * 0x100000001B3ULL;
  }
  return hash;
}

class RandomSource {
 public:
  explicit RandomSource(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    const std::uint64_t value = mix(state_);
    state_ += 0x9E3779B97F4A7C15ULL;
    return value;
  }
  /// [0, 1)
  double uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// About normal, mean 0, deviation 1: the sum of twelve uniforms (Irwin-Hall), so that no library
  /// function decides the last digit.
  double normal() noexcept {
    double sum = 0;
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t bits = next();
      sum += static_cast<double>(bits & 0xFFFF) + static_cast<double>((bits >> 16) & 0xFFFF) +
             static_cast<double>((bits >> 32) & 0xFFFF) + static_cast<double>(bits >> 48);
    }
    return (sum + 6.0) / 65536.0 - 6.0;
  }

 private:
  std::uint64_t state_;
};

}  // namespace tapedeck::market
