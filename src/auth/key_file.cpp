#include "auth/key_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>

#include "auth/api_key.hpp"
#include "auth/guarded_file.hpp"
#include "base/files.hpp"

namespace tapedeck::auth {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, int error) {
  throw fs::filesystem_error("cannot be written", path,
                             std::error_code(error, std::generic_category()));
}

/// A file opened for writing, closed at the end.
class Writable {
 public:
  Writable(const fs::path& path, int flags)
      : path_(path),
        number_(::open(path.c_str(), flags | O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (number_ < 0) fail(path, errno);
  }
  ~Writable() { ::close(number_); }
  Writable(const Writable&) = delete;
  Writable& operator=(const Writable&) = delete;

  int number() const noexcept { return number_; }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::write(number_, text.data(), text.size());
      if (n < 0 && errno != EINTR) fail(path_, errno);
      if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void sync() const {
    if (::fsync(number_) != 0) fail(path_, errno);
  }

 private:
  const fs::path path_;
  const int number_;
};

/// The right to change the file; the kernel takes it back when the process ends.
class ChangeLock {
 public:
  explicit ChangeLock(const fs::path& path) : file_(path, 0) {
    if (!give_to_owner_of_folder(file_.number(), path)) fail(path, errno);
    const auto deadline = std::chrono::steady_clock::now() + KeyFile::kLockWait;
    while (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) fail(path, errno);
      if (std::chrono::steady_clock::now() > deadline) fail(path, EWOULDBLOCK);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  const Writable file_;
};

fs::path beside(const fs::path& path, const char* suffix) {
  return fs::path(path).concat(suffix);
}

/// All of it or nothing, and on the disk.
void replace(const fs::path& path, std::string_view text) {
  const fs::path fresh = beside(path, ".new");
  fs::remove(fresh);  // of a run that was killed
  {
    const Writable file(fresh, O_EXCL);
    if (!give_to_owner_of_folder(file.number(), fresh)) fail(fresh, errno);
    file.write(text);
    file.sync();
  }
  fs::rename(fresh, path);
  sync_folder(path.parent_path());
}

void make_folder(const fs::path& folder) {
  if (fs::create_directories(folder)) fs::permissions(folder, fs::perms::owner_all);
}

}  // namespace

Result<std::vector<StoredKey>> KeyFile::read() const {
  auto text = read_guarded(path_, "keys file", Guard::owner_only, kMaxKeyFileBytes);
  if (!text) return text.error();
  auto keys = parse_key_file(*text);
  if (!keys) {
    return Error{
        keys.error().code,
        fmt::format("The keys file {} cannot be used: {}", path_.string(), keys.error().message),
        keys.error().field};
  }
  return keys;
}

Result<StoredKey> KeyFile::change(const Change& change, bool make_missing) const try {
  const fs::path path = fs::weakly_canonical(fs::absolute(path_));  // a link stays one
  if (make_missing) make_folder(path.parent_path());
  if (!make_missing && !fs::exists(path)) return read().error();
  const ChangeLock lock(beside(path, ".lock"));
  std::vector<StoredKey> keys;
  if (fs::exists(path)) {
    auto known = read();
    if (!known) return known.error();
    keys = std::move(known).value();
  }
  auto changed = change(keys);
  if (!changed) return changed;
  replace(path, write_key_file(keys));
  return changed;
} catch (const fs::filesystem_error& error) {
  return Error{"file_refused",
               fmt::format("The keys file {} cannot be changed: {}: {}", path_.string(),
                           error.path1().string(), error.code().message()),
               ""};
}

Result<KeyFile::Created> KeyFile::create(StoredKey wanted, std::int64_t now_ns) const {
  std::string text;
  wanted.created_ns = now_ns / 1000 * 1000;
  if (wanted.expires_ns) wanted.expires_ns = *wanted.expires_ns / 1000 * 1000;
  const auto add = [&](std::vector<StoredKey>& keys) -> Result<StoredKey> {
    const auto is_taken = [&] {
      return std::any_of(keys.begin(), keys.end(),
                         [&](const auto& k) { return k.id == wanted.id; });
    };
    do {
      NewApiKey made = make_api_key();
      wanted.id = made.id;
      wanted.secret = made.secret;
      text = std::move(made.text);
    } while (is_taken());
    if (auto fault = fault_of(wanted)) {
      fault->message = fmt::format("The key's {} {}", fault->field, fault->message);
      return *fault;
    }
    if (keys.size() == kMaxKeys) {
      return Error{"too_many_keys",
                   fmt::format("The keys file {} holds {} keys already, revoked ones included; "
                               "begin another one",
                               path_.string(), kMaxKeys),
                   ""};
    }
    keys.push_back(wanted);
    return wanted;
  };
  auto stored = change(add, true);
  if (!stored) return stored.error();
  return Created{std::move(text), std::move(stored).value()};
}

Result<StoredKey> KeyFile::revoke(std::string_view id, std::int64_t now_ns) const {
  const auto mark = [&](std::vector<StoredKey>& keys) -> Result<StoredKey> {
    const auto key =
        std::find_if(keys.begin(), keys.end(), [&](const auto& k) { return k.id == id; });
    if (key == keys.end()) {
      return Error{"unknown_key",
                   fmt::format("There is no key {} in {}; tapedeck keys list shows them",
                               is_api_key_id(id) ? id : "of this id", path_.string()),
                   "id"};
    }
    if (!key->revoked_ns) key->revoked_ns = now_ns / 1000 * 1000;
    return *key;
  };
  return change(mark, false);
}

}  // namespace tapedeck::auth
