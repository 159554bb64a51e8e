// KeyFile: keys.json on the disk, for the command line. Changes are made under a lock beside the
// file (keys.json.lock), so that two runs at once lose nothing, and replace the file in one step,
// so that a server sees the old keys or the new ones. Any thread, any number of processes; a change
// costs two fsyncs and waits at most kLockWait for others.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "auth/key_file_format.hpp"
#include "base/error.hpp"

namespace tapedeck::auth {

class KeyFile {
 public:
  static constexpr std::chrono::seconds kLockWait{10};

  explicit KeyFile(std::filesystem::path path) : path_(std::move(path)) {}

  /// @return all keys, revoked ones too; an error when there is no file, it is open to other users,
  /// or is not understood
  Result<std::vector<StoredKey>> read() const;

  struct Created {
    std::string text;  ///< the key itself: to be shown once, kept nowhere
    StoredKey stored;
  };
  /// Makes a key and the file and its folder when they are missing. `wanted` says everything but
  /// id, secret and created. @param now_ns UTC
  Result<Created> create(StoredKey wanted, std::int64_t now_ns) const;

  /// Marks the key as revoked; the entry stays, so that the log's ids keep a name.
  /// @return the key; code "unknown_key" when there is none of this id
  Result<StoredKey> revoke(std::string_view id, std::int64_t now_ns) const;

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  using Change = std::function<Result<StoredKey>(std::vector<StoredKey>&)>;
  Result<StoredKey> change(const Change& change, bool make_missing) const;

  const std::filesystem::path path_;
};

}  // namespace tapedeck::auth
