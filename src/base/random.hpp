// Random names for things that must not collide: epochs, runs. Any thread.
#pragma once

#include <cstddef>
#include <string>

namespace tapedeck {

/// Lower-case hexadecimal digits from the system's random source.
std::string random_hex(std::size_t digits);

}  // namespace tapedeck
