// FileSet: the files of a store, oldest first, and their names. Any thread; changes are rare.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/event_file.hpp"

namespace tapedeck::store {

/// events-000012-20261123.db: the number orders them, the day is of receipt, UTC.
struct FileName {
  std::uint64_t number = 0;
  std::int64_t day = 0;          ///< days since 1970
  std::uint64_t generation = 1;  ///< written again without aged events: -g2

  std::string text() const;
  static std::optional<FileName> parse(std::string_view name);
};

using FileList = std::vector<std::shared_ptr<EventFile>>;

class FileSet {
 public:
  struct Entry {
    FileName name;
    std::shared_ptr<EventFile> file;
  };

  std::vector<Entry> entries() const;
  /// Files that hold events.
  FileList with_events() const;
  /// The ends of with_events(), at the cost of one look; nullptr when there is none.
  std::shared_ptr<EventFile> oldest_with_events() const;
  std::shared_ptr<EventFile> newest_with_events() const;
  void add(const FileName& name, std::shared_ptr<EventFile> file);
  /// Called after each add(), by who added; set it before other threads may. Empty: nobody.
  void when_added(std::function<void()> notice) { added_ = std::move(notice); }
  /// Takes a file away; readers that hold it go on. @param instead takes its place
  void remove(const FileName& name, std::optional<Entry> instead = std::nullopt);
  bool empty() const;
  Entry newest() const;

 private:
  mutable std::shared_mutex mutex_;  // guards entries_
  std::vector<Entry> entries_;
  std::function<void()> added_;
};

/// The event files of a folder in their order; of one written again, both may be there.
/// @throws std::filesystem::filesystem_error
std::vector<FileName> list_files(const std::filesystem::path& folder);

/// Opens every file of the folder, all but the newest to read only. Damaged ones are set aside and
/// told of.
/// @return whether none was: what the newest ones held is known
/// @throws WrongSchema, SqliteError for what is not damage (no permission, a full disk)
bool open_files(const std::filesystem::path& folder, const EventFile::Options& options,
                BlockCache& cache, FileSet& files,
                const std::function<void(std::string_view)>& log);

/// Renames a damaged file and its WAL, so that nobody opens it again. @return the new name
std::string set_aside(const std::filesystem::path& path);

}  // namespace tapedeck::store
