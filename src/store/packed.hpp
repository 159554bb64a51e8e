// Bytes made smaller for the disk (zstd) and back. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck::store {

std::string packed(std::string_view bytes);
/// @return nothing when the bytes are damaged, or would be more than `most`
std::optional<std::string> unpacked(std::string_view bytes, std::size_t most);

}  // namespace tapedeck::store
