#include "base/machine.hpp"

#include <unistd.h>

#include <array>

namespace tapedeck {

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

}  // namespace tapedeck
