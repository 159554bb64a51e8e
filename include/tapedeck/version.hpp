// The version of the headers and of the library they belong to.
#pragma once

#include <string_view>

namespace tapedeck {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace tapedeck
