// Lets hash maps of strings be searched by views without a copy. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tapedeck {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace tapedeck
