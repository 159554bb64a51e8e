#include "store/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/fork_fds.hpp"
#include "store/store.hpp"

namespace tapedeck::store {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  const auto cannot = [&](const char* why) {
    return StoreUnusable(fmt::format(
        "the history cannot be kept in {}: {}; choose another --data-dir, or --memory to keep none",
        folder.string(), why));
  };
  if (error) throw cannot(error.message().c_str());
  const std::string path = (folder / "lock").string();
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) throw cannot(std::strerror(errno));
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    const ssize_t size = ::pread(file_, owner, sizeof owner - 1, 0);
    ::close(file_);
    throw StoreUnusable(fmt::format(
        "{} is in use by another Tapedeck (process {}); stop it, or choose another --data-dir",
        folder.string(), size > 0 ? std::string(owner, static_cast<std::size_t>(size)) : "?"));
  }
  register_fork_fd(file_);  // a child that outlives this process must not keep the folder
  const std::string owner = std::to_string(::getpid());
  const bool noted = ::ftruncate(file_, 0) == 0 && ::pwrite(file_, owner.data(), owner.size(), 0) ==
                                                       static_cast<ssize_t>(owner.size());
  static_cast<void>(noted);  // only the sentence above would be poorer
}

FolderLock::~FolderLock() {
  if (unregister_fork_fd(file_)) ::close(file_);
}

}  // namespace tapedeck::store
