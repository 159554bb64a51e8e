#include "base/random.hpp"

#include <random>

namespace tapedeck {

std::string random_hex(std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device device;
  std::string out(digits, '0');
  for (char& c : out) c = kDigits[device() & 0xF];
  return out;
}

}  // namespace tapedeck
