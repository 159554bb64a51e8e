// `tapedeck backup`, `restore` and `verify`: the history kept in a data folder, while no server
// runs, and backup and verify beside one that does. Each returns the process's exit code; errors
// are one sentence on standard error; progress is shown there when it is a terminal.
#pragma once

#include <filesystem>

namespace CLI {
class App;
}

namespace tapedeck::app {

struct BackupOptions {
  std::filesystem::path data_dir;
  std::filesystem::path target;  ///< a folder that is empty or does not exist yet
  bool json = false;
};
void add_backup_options(CLI::App& command, BackupOptions& options);
/// @return 0 when all of it is in the target and on the disk, 1 when nothing is
int run_backup(const BackupOptions& options);

struct RestoreOptions {
  std::filesystem::path source;
  std::filesystem::path data_dir;  ///< a folder that is empty or does not exist yet
  bool json = false;
};
void add_restore_options(CLI::App& command, RestoreOptions& options);
/// @return 0 when it is restored and sound, 1 when it is not restored, or restored with damage that
/// the source has (told)
int run_restore(const RestoreOptions& options);

struct VerifyOptions {
  std::filesystem::path data_dir;
  bool json = false;
};
void add_verify_options(CLI::App& command, VerifyOptions& options);
/// @return 0 sound, 1 damaged or not to be read
int run_verify(const VerifyOptions& options);

}  // namespace tapedeck::app
