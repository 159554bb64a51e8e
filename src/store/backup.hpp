// Backup and restore of a history, and of the alerts beside it. A backup is a folder of whole
// SQLite files, each self-contained (no write-ahead log beside it, so it can be read from
// anywhere), marked so that whoever opens it begins a new epoch: numbers that the original gave
// after the copy may have been streamed.
//
// Free functions; any thread. As fast as the disks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::store {

struct CopyReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Called every few megabytes. @param total may grow meanwhile
using CopyProgress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;

/// What to say when a folder holds no history. @param field that named it
Error no_history(const std::filesystem::path& folder, std::string_view field);

/// Copies a history into a folder that is empty or missing (then made, 0700; files 0600), also
/// while a server writes it: each file as of one moment, the newest last. When it returns all of it
/// is on the disk. When it fails, what it had made is gone.
/// @return Error no_history, not_empty, backup_failed (the sentence names the file)
Result<CopyReport> back_up(const std::filesystem::path& folder, const std::filesystem::path& target,
                           const CopyProgress& progress = {});

/// Copies a backup, or the history of a server that does not run, into a data folder that is empty
/// or missing, and locks that meanwhile.
/// @return Error no_history, not_empty, in_use, backup_failed
Result<CopyReport> restore(const std::filesystem::path& source, const std::filesystem::path& folder,
                           const CopyProgress& progress = {});

}  // namespace tapedeck::store
