// What the standard library lacks for files that must survive a power failure. Any thread.
#pragma once

#include <filesystem>

namespace tapedeck {

/// Waits until what has been written to the file is on the disk. Not for an SQLite file that this
/// process has open: closing it here would take its locks away (POSIX).
/// @throws std::filesystem::filesystem_error
void sync_file(const std::filesystem::path& path);
/// The same for the names in a folder: new, renamed, removed.
void sync_folder(const std::filesystem::path& path);

}  // namespace tapedeck
