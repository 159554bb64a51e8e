#include "store/backup.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <vector>

#include "base/files.hpp"
#include "base/sqlite.hpp"
#include "store/file_set.hpp"
#include "store/folder_lock.hpp"
#include "store/store.hpp"

namespace tapedeck::store {
namespace {

constexpr int kPagesAtOnce = 1024;
constexpr const char* kAlerts = "alerts.db";

std::uint64_t size_of(const std::filesystem::path& path) noexcept {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

/// Copies the pages of a database as of one moment.
void copy_pages(SqliteDatabase& from, SqliteDatabase& to,
                const std::function<void(std::uint64_t bytes)>& copied) {
  struct Finish {
    void operator()(sqlite3_backup* backup) const noexcept { sqlite3_backup_finish(backup); }
  };
  const std::unique_ptr<sqlite3_backup, Finish> backup(
      sqlite3_backup_init(to.get(), "main", from.get(), "main"));
  if (backup == nullptr) to.fail(sqlite3_errcode(to.get()));
  SqliteStatement page_size(from, "PRAGMA page_size");
  page_size.step();
  const auto bytes = static_cast<std::uint64_t>(page_size.integer(0));
  for (int before = 0;;) {
    const int code = sqlite3_backup_step(backup.get(), kPagesAtOnce);
    if (code != SQLITE_OK && code != SQLITE_DONE)
      throw SqliteError(code, to.path() + ": " + sqlite3_errstr(code));
    const int done =
        sqlite3_backup_pagecount(backup.get()) - sqlite3_backup_remaining(backup.get());
    copied(static_cast<std::uint64_t>(done - before) * bytes);
    before = done;
    if (code == SQLITE_DONE) return;
  }
}

/// @return false when there is nothing in the file yet
bool copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
               const std::function<void(std::uint64_t bytes)>& copied) {
  SqliteDatabase source = SqliteDatabase::open_to_read(from);
  source.execute("BEGIN");  // one snapshot, however long the copying takes
  SqliteStatement made(source, "SELECT count(*) FROM sqlite_master WHERE name = 'setting'");
  made.step();
  if (made.integer(0) == 0) return false;
  {
    SqliteDatabase target(to);
    target.execute("PRAGMA journal_mode=DELETE");  // the pages need no second way to the disk
    copy_pages(source, target, copied);
  }
  {
    SqliteDatabase target(to);
    target.execute("DELETE FROM setting WHERE name = 'clean_end'; PRAGMA journal_mode=DELETE;");
  }
  sync_file(to);
  return true;
}

/// Copies into an empty folder; takes everything away again unless it is told that all is well.
class FolderCopy {
 public:
  FolderCopy(std::filesystem::path from, std::filesystem::path to, const CopyProgress& progress)
      : from_(std::move(from)), to_(std::move(to)), progress_(progress) {}
  ~FolderCopy() {
    if (kept_) return;
    remove_database(to_ / kAlerts);
    for (const auto& [number, copy] : copies_) remove_database(to_ / copy.name.text());
  }
  FolderCopy(const FolderCopy&) = delete;
  FolderCopy& operator=(const FolderCopy&) = delete;

  /// Copies until everything there is has been copied: meanwhile files begin, are written again,
  /// and go. @throws SqliteError, std::filesystem::filesystem_error
  CopyReport run() {
    while (copy_what_is_new()) {
    }
    CopyReport report;
    if (copy_alerts()) ++report.files;
    sync_folder(to_);
    kept_ = true;
    for (const auto& [number, copy] : copies_) {
      ++report.files;
      report.bytes += size_of(to_ / copy.name.text());
    }
    return report;
  }

 private:
  struct Copy {
    FileName name;
    bool was_newest = false;  ///< it may have grown since
  };

  bool copy_what_is_new() {
    const std::vector<FileName> names = list_files(from_);
    total_bytes_ = done_bytes_;
    std::vector<FileName> due;
    for (const FileName& name : names) {
      const auto found = copies_.find(name.number);
      const bool is_newest = name.number == names.back().number;
      const bool is_copied = found != copies_.end() &&
                             found->second.name.generation >= name.generation &&
                             found->second.was_newest == is_newest;
      if (is_copied) continue;
      due.push_back(name);
      total_bytes_ += size_of(from_ / name.text());
    }
    bool any = false;
    for (const FileName& name : due) any = copy(name, name.number == names.back().number) || any;
    return any;
  }

  /// Rules, silences and what waits to be sent, which the server keeps beside the events.
  bool copy_alerts() const {
    if (!std::filesystem::exists(from_ / kAlerts)) return false;
    SqliteDatabase source = SqliteDatabase::open_to_read(from_ / kAlerts);
    {
      SqliteDatabase target(to_ / kAlerts);
      target.execute("PRAGMA journal_mode=DELETE");
      copy_pages(source, target, [](std::uint64_t) {});
    }
    sync_file(to_ / kAlerts);
    return true;
  }

  bool copy(const FileName& name, bool is_newest) {
    if (const auto found = copies_.find(name.number); found != copies_.end()) {
      remove_database(to_ / found->second.name.text());
      copies_.erase(found);
    }
    const std::filesystem::path from = from_ / name.text();
    copies_[name.number] = {name, is_newest};
    try {
      const bool copied = copy_file(from, to_ / name.text(), [this](std::uint64_t bytes) {
        done_bytes_ += bytes;
        total_bytes_ = std::max(total_bytes_, done_bytes_);
        if (progress_) progress_(done_bytes_, total_bytes_);
      });
      if (copied) return true;
    } catch (const SqliteError&) {
      if (std::filesystem::exists(from)) throw;  // else it has aged meanwhile
    }
    remove_database(to_ / name.text());
    copies_.erase(name.number);
    return false;
  }

  const std::filesystem::path from_, to_;
  const CopyProgress& progress_;
  std::map<std::uint64_t, Copy> copies_;
  std::uint64_t done_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
  bool kept_ = false;
};

Error not_empty(const std::filesystem::path& folder, std::string_view field) {
  return {"not_empty",
          fmt::format("{} is not empty; name a folder that is, or does not exist yet.",
                      folder.string()),
          std::string(field)};
}

bool has_files(const std::filesystem::path& folder) {
  return std::filesystem::is_directory(folder) && !list_files(folder).empty();
}

/// Whether nothing but the lock of a server that is gone lies in a folder.
bool is_unused(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename() != "lock") return false;
  }
  return true;
}

template <typename Work>
Result<CopyReport> reporting(Work&& work) {
  try {
    return work();
  } catch (const StoreUnusable& error) {
    return Error{"in_use", error.what(), "data_dir"};
  } catch (const std::exception& error) {
    return Error{"backup_failed", fmt::format("The copy has failed: {}.", error.what()), ""};
  }
}

}  // namespace

Error no_history(const std::filesystem::path& folder, std::string_view field) {
  return {"no_history",
          fmt::format("There is no history in {}; name the folder that a server keeps it in.",
                      folder.string()),
          std::string(field)};
}

Result<CopyReport> back_up(const std::filesystem::path& folder, const std::filesystem::path& target,
                           const CopyProgress& progress) {
  return reporting([&]() -> Result<CopyReport> {
    if (!has_files(folder)) return no_history(folder, "data_dir");
    const bool made = std::filesystem::create_directories(target);
    if (made) {
      std::filesystem::permissions(target, std::filesystem::perms::owner_all);
    } else if (!std::filesystem::is_directory(target) || !std::filesystem::is_empty(target)) {
      return not_empty(target, "target");
    }
    try {
      CopyReport report = FolderCopy(folder, target, progress).run();
      sync_folder(std::filesystem::absolute(target).parent_path());
      return report;
    } catch (...) {
      std::error_code ignored;
      if (made) std::filesystem::remove(target, ignored);
      throw;
    }
  });
}

Result<CopyReport> restore(const std::filesystem::path& source, const std::filesystem::path& folder,
                           const CopyProgress& progress) {
  return reporting([&]() -> Result<CopyReport> {
    if (!has_files(source)) return no_history(source, "source");
    if (std::filesystem::exists(folder) &&
        (!std::filesystem::is_directory(folder) || !is_unused(folder))) {
      return not_empty(folder, "data_dir");
    }
    const FolderLock lock(folder);
    if (!is_unused(folder)) return not_empty(folder, "data_dir");  // somebody was quicker
    return FolderCopy(source, folder, progress).run();
  });
}

}  // namespace tapedeck::store
