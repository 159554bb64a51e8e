#include "app/run_registry.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace tapedeck::app {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kSuffix = ".run";
constexpr std::size_t kMostBytes = 4096;

/// A folder in a shared place may have been put there by somebody else.
void make_own_folder(const fs::path& folder) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw std::runtime_error(fmt::format("{}: {}", folder.string(), std::strerror(errno)));
  }
  struct stat found {};
  if (lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != getuid() ||
      (found.st_mode & 0077) != 0) {
    throw std::runtime_error(
        fmt::format("{} is not a folder of this user alone (mode 0700)", folder.string()));
  }
}

std::optional<RunInfo> parse(pid_t pid, std::string_view text) {
  RunInfo info;
  info.pid = pid;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = line.substr(0, equals), value = line.substr(equals + 1);
    if (name == "url") info.url = value;
    if (name == "account") info.account = value;
    if (name == "killed") info.killed = value == "1";
    if (name == "commands") {
      std::from_chars(value.data(), value.data() + value.size(), info.commands);
    }
  }
  return info;
}

/// What the file of a living process says; nothing when its process is gone.
std::optional<RunInfo> read_entry(const fs::path& path) {
  const std::string stem = path.stem().string();
  pid_t pid = 0;
  const auto [end, problem] = std::from_chars(stem.data(), stem.data() + stem.size(), pid);
  if (problem != std::errc{} || end != stem.data() + stem.size()) return std::nullopt;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  std::optional<RunInfo> info;
  if (flock(file, LOCK_SH | LOCK_NB) == 0) {
    unlink(path.c_str());  // nobody holds it: its process is gone
  } else {
    char bytes[kMostBytes];
    const ssize_t size = pread(file, bytes, sizeof bytes, 0);
    if (size > 0) info = parse(pid, {bytes, static_cast<std::size_t>(size)});
  }
  close(file);
  return info;
}

}  // namespace

fs::path run_registry_folder() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime != 0) {
    return fs::path(runtime) / "tapedeck";
  }
  return fs::temp_directory_path() / fmt::format("tapedeck-{}", getuid());
}

RunEntry::RunEntry(RunInfo info, fs::path folder) : info_(std::move(info)) {
  make_own_folder(folder);
  info_.pid = getpid();
  path_ = folder / fmt::format("{}{}", info_.pid, kSuffix);
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0 || flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const std::string reason = std::strerror(errno);
    if (file_ >= 0) close(file_);
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), reason));
  }
  write();
}

RunEntry::~RunEntry() {
  unlink(path_.c_str());
  close(file_);
}

void RunEntry::note_command(bool killed) {
  const std::lock_guard lock(mutex_);
  info_.killed = killed;
  ++info_.commands;
  write();
}

void RunEntry::write() const {
  // One write, never shorter than the one before: a reader never sees half of it.
  const std::string text = fmt::format("url={}\naccount={}\nkilled={}\ncommands={}\n", info_.url,
                                       info_.account, info_.killed ? 1 : 0, info_.commands);
  if (pwrite(file_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw std::runtime_error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  }
}

std::vector<RunInfo> list_runs(const fs::path& folder) {
  std::vector<RunInfo> runs;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != kSuffix) continue;
    if (auto info = read_entry(entry.path())) runs.push_back(std::move(*info));
  }
  std::sort(runs.begin(), runs.end(),
            [](const RunInfo& a, const RunInfo& b) { return a.pid < b.pid; });
  return runs;
}

}  // namespace tapedeck::app
