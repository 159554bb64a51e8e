// A file as something that is replaced: which version of it lies there, and how to put a new one in
// its place. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::universe {

/// Tells one version of a file from another without reading it.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  Timestamp modified{};
  bool operator==(const FileVersion&) const = default;
};

/// Nothing when there is no such file.
std::optional<FileVersion> version_of(const std::filesystem::path& path);

/// Writes a file so that there is never a part of it: a temporary one in the same folder (mode
/// 0600), synced, renamed. Makes the folder (mode 0700) when it is missing.
/// @throws std::runtime_error with a sentence
void replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace tapedeck::universe
