// ValueStore: small named values that must survive a restart, per owner, in an SQLite file (0600).
// Saving never waits for the disk: a thread of the store writes the newest value of each name, what
// was saved together in one transaction. A value is with the kernel soon after it was saved
// (kill -9 does not lose it) and on the disk when SQLite checkpoints. While writing fails it is
// tried again every second, and reads see what was saved.
//
// Every member from any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

class ValueStore {
 public:
  struct Change {
    std::string owner;
    std::string name;
    std::optional<std::string> value;  ///< nothing: it is removed
  };

  /// Opens the file, making it when it is missing. @throws SqliteError when it cannot be used.
  explicit ValueStore(const std::filesystem::path& path);
  /// Writes what is still to be written.
  ~ValueStore();
  ValueStore(const ValueStore&) = delete;
  ValueStore& operator=(const ValueStore&) = delete;

  /// Every value of an owner, by name.
  std::map<std::string, std::string> load(std::string_view owner) const;
  /// Soon, all or none of them.
  void save(std::vector<Change> changes);
  /// Waits until everything saved so far is written, or writing has failed.
  /// @return problem()
  std::string flush();
  /// Why the last write failed; empty when it did not.
  std::string problem() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck
