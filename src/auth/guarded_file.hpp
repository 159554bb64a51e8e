// Files that credentials are checked with: read whole, bounded, refused when people they do not
// belong to could have written or, for secrets, read them. Any thread; touches the disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace tapedeck::auth {

/// Whether a file is still the one that was read; the change time tells even a write that set the
/// modification time back.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0;
  std::int64_t bytes = 0, modified_ns = 0, changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};
/// Nothing: there is no such file.
std::optional<FileIdentity> identity_of(const std::filesystem::path& path);

/// Who may do what beside the owner.
enum class Guard : std::uint8_t {
  owner_only,     ///< nobody anything (0600, 0400)
  group_reads,    ///< the group may read (0640, and what systemd's LoadCredential makes)
  everyone_reads  ///< anybody may read, nobody else write (0644; 0664 too)
};

/// @param what names it in errors: "keys file"
/// @return the file's bytes, at most `max_bytes`; or the sentence why not, code "file_refused"
Result<std::string> read_guarded(const std::filesystem::path& path, const char* what, Guard guard,
                                 std::size_t max_bytes);

/// A file made by root becomes the folder's owner's: the server, under its own user, must be able
/// to use what the administrator's command made. Does nothing for others.
/// @param file open. @return false, with errno, when it cannot be given away
bool give_to_owner_of_folder(int file, const std::filesystem::path& path);

}  // namespace tapedeck::auth
