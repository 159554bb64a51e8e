// The runs of this user on this machine, so that `tapedeck kill` finds their processes when the
// server does not answer: one small file per process in the user's runtime folder, locked while the
// process lives, with its address and whether it is killed.
//
// Any thread; one RunEntry per process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace tapedeck::app {

struct RunInfo {
  pid_t pid = 0;
  std::string url;             ///< of its server
  std::string account;         ///< whose orders it places
  bool killed = false;         ///< its engines have obeyed the kill switch
  std::uint64_t commands = 0;  ///< answered so far
};

/// $XDG_RUNTIME_DIR/tapedeck, else tapedeck-<uid> in the temporary folder.
std::filesystem::path run_registry_folder();

/// This process in the registry; gone with the object or the process.
class RunEntry {
 public:
  /// @throws std::runtime_error when the folder cannot be used or belongs to somebody else.
  explicit RunEntry(RunInfo info, std::filesystem::path folder = run_registry_folder());
  ~RunEntry();
  RunEntry(const RunEntry&) = delete;
  RunEntry& operator=(const RunEntry&) = delete;

  /// Notes that the engines have answered a command, and whether they are killed now.
  void note_command(bool killed);

 private:
  void write() const;

  std::filesystem::path path_;
  std::mutex mutex_;  // guards info_
  RunInfo info_;
  int file_ = -1;
};

/// The processes that live, by pid. What dead ones left behind is removed.
std::vector<RunInfo> list_runs(const std::filesystem::path& folder = run_registry_folder());

}  // namespace tapedeck::app
