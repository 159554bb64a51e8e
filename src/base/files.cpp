#include "base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tapedeck {
namespace {

void sync(const std::filesystem::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced) {
    throw std::filesystem::filesystem_error("cannot be written to the disk", path,
                                            std::error_code(error, std::generic_category()));
  }
}

}  // namespace

void sync_file(const std::filesystem::path& path) {
  sync(path, 0);
}

void sync_folder(const std::filesystem::path& path) {
  sync(path, O_DIRECTORY);
}

}  // namespace tapedeck
