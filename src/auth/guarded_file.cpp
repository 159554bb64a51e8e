#include "auth/guarded_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tapedeck::auth {
namespace {

class OpenFile {
 public:
  /// O_NONBLOCK: a pipe in the file's place must not hold the caller up.
  explicit OpenFile(const std::filesystem::path& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

std::int64_t ns_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

mode_t forbidden_bits(Guard guard) {
  switch (guard) {
    case Guard::owner_only:
      return 077;
    case Guard::group_reads:
      return 037;
    case Guard::everyone_reads:
      return 002;
  }
  return 077;
}

/// Reads to the end, at most one byte more than allowed. @return false when reading fails
bool read_all(int file, std::size_t max_bytes, std::string& out) {
  constexpr std::size_t kStep = 64 * 1024;
  while (out.size() <= max_bytes) {
    const std::size_t before = out.size();
    out.resize(before + std::min(kStep, max_bytes + 1 - before));
    const ssize_t n = ::read(file, out.data() + before, out.size() - before);
    out.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
  }
  return true;
}

}  // namespace

std::optional<FileIdentity> identity_of(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return FileIdentity{facts.st_dev, facts.st_ino, facts.st_size, ns_of(facts.st_mtim),
                      ns_of(facts.st_ctim)};
}

Result<std::string> read_guarded(const std::filesystem::path& path, const char* what, Guard guard,
                                 std::size_t max_bytes) {
  const auto refused = [&](const std::string& why) {
    return Error{"file_refused", fmt::format("The {} {} {}", what, path.string(), why), ""};
  };
  const OpenFile file(path);
  if (file.number() < 0) return refused(fmt::format("cannot be read: {}", std::strerror(errno)));
  struct stat facts {};
  if (::fstat(file.number(), &facts) != 0) return refused("cannot be looked at");
  if (!S_ISREG(facts.st_mode)) return refused("is not a file");
  const bool is_ours = ::geteuid() == 0 || facts.st_uid == ::geteuid() || facts.st_uid == 0;
  if (guard != Guard::everyone_reads && !is_ours) {
    return refused("belongs to another user; it must be this process's own, or root's");
  }
  if ((facts.st_mode & forbidden_bits(guard)) != 0) {
    const char* remedy = guard == Guard::everyone_reads ? "chmod o-w" : "chmod 600";
    return refused(fmt::format("is open to other users (mode {:o}); close it: {} {}",
                               facts.st_mode & 07777, remedy, path.string()));
  }
  std::string text;
  if (!read_all(file.number(), max_bytes, text)) return refused("cannot be read");
  if (text.size() > max_bytes) {
    return refused(fmt::format("is larger than the {} bytes that are read", max_bytes));
  }
  return text;
}

bool give_to_owner_of_folder(int file, const std::filesystem::path& path) {
  struct stat folder {};
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (::geteuid() != 0) return true;
  return ::stat(parent.c_str(), &folder) == 0 && ::fchown(file, folder.st_uid, folder.st_gid) == 0;
}

}  // namespace tapedeck::auth
