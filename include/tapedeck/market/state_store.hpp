// Where engines keep what must survive a restart: small named values per owner (an engine_id), in a
// SQLite file. Saving never waits for the disk: a thread of the store writes the newest value of
// each name, in batches.
//
// load(), save() and flush() from any thread.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tapedeck::market {

class StateStore {
 public:
  /// Opens the file, making it when it is missing.
  /// @throws std::runtime_error when it cannot be used; the sentence names it.
  explicit StateStore(const std::filesystem::path& path);
  /// Writes what is still to be written.
  ~StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  /// Every value of an owner, by name.
  std::map<std::string, std::string> load(std::string_view owner) const;
  /// Replaces a value soon.
  void save(std::string_view owner, std::string_view name, std::string value);
  /// Waits until everything saved so far is on its way to the disk.
  /// @throws std::runtime_error when it could not be written; it is tried again with the next save.
  void flush();
  /// Why the last write failed; empty when it did not.
  std::string problem() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::market
