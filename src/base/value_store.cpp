#include "base/value_store.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/sqlite.hpp"

namespace tapedeck {
namespace {

using Key = std::pair<std::string, std::string>;           // owner, name
using Values = std::map<Key, std::optional<std::string>>;  // nothing: removed

/// @return what went wrong; empty: nothing
std::string write(SqliteDatabase& database, const Values& batch) {
  try {
    database.execute("BEGIN IMMEDIATE");
    SqliteStatement put(database,
                        "INSERT INTO engine_state VALUES (?1, ?2, ?3) "
                        "ON CONFLICT DO UPDATE SET value = excluded.value");
    SqliteStatement remove(database, "DELETE FROM engine_state WHERE owner = ?1 AND name = ?2");
    for (const auto& [key, value] : batch) {
      if (value) {
        put.bind(1, key.first).bind(2, key.second).bind(3, std::string_view(*value)).run();
      } else {
        remove.bind(1, key.first).bind(2, key.second).run();
      }
    }
    database.execute("COMMIT");
    return {};
  } catch (const SqliteError& error) {
    try {
      database.execute("ROLLBACK");
    } catch (const SqliteError&) {  // there was no transaction to take back
    }
    return error.what();
  }
}

}  // namespace

class ValueStore::Impl {
 public:
  explicit Impl(const std::filesystem::path& path) : database_(path), reader_(path) {
    database_.execute(
        "CREATE TABLE IF NOT EXISTS engine_state (owner TEXT, name TEXT, value TEXT NOT NULL, "
        "PRIMARY KEY (owner, name)) WITHOUT ROWID");
    thread_ = std::thread([this] { write_on(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::map<std::string, std::string> load(std::string_view owner) {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> found;
    SqliteStatement rows(reader_, "SELECT name, value FROM engine_state WHERE owner = ?1");
    rows.bind(1, owner);
    while (rows.step()) found.emplace(rows.text(0), rows.text(1));
    for (const Values* newer : {&writing_, &waiting_}) {
      for (auto at = newer->lower_bound({std::string(owner), {}});
           at != newer->end() && at->first.first == owner; ++at) {
        if (at->second) {
          found.insert_or_assign(at->first.second, *at->second);
        } else {
          found.erase(at->first.second);
        }
      }
    }
    return found;
  }

  void save(std::vector<Change> changes) {
    const std::lock_guard lock(mutex_);
    for (Change& change : changes) {
      waiting_.insert_or_assign({std::move(change.owner), std::move(change.name)},
                                std::move(change.value));
    }
    changed_.notify_all();
  }

  std::string flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t failures = failures_;
    changed_.wait(lock,
                  [&] { return failures_ != failures || (waiting_.empty() && writing_.empty()); });
    return failures_ != failures ? problem_ : std::string();
  }

  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  void write_on() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const bool last_try = stopping_;
      writing_ = std::exchange(waiting_, {});
      lock.unlock();
      std::string problem = write(database_, writing_);  // which nobody changes meanwhile
      lock.lock();
      if (!problem.empty()) {
        ++failures_;
        waiting_.merge(writing_);  // what was saved meanwhile is newer
      }
      writing_.clear();
      problem_ = std::move(problem);
      changed_.notify_all();
      if (last_try) return;
      if (!problem_.empty()) {
        changed_.wait_for(lock, std::chrono::seconds{1}, [&] { return stopping_; });
      }
    }
  }

  SqliteDatabase database_;  // the thread's, once it runs
  SqliteDatabase reader_;    // with the lock
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Values writing_;
  Values waiting_;  // newer than what is being written, and that than the file
  bool stopping_ = false;
  std::uint64_t failures_ = 0;
  std::string problem_;
  std::thread thread_;
};

ValueStore::ValueStore(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
ValueStore::~ValueStore() = default;

std::map<std::string, std::string> ValueStore::load(std::string_view owner) const {
  return impl_->load(owner);
}

void ValueStore::save(std::vector<Change> changes) {
  impl_->save(std::move(changes));
}

std::string ValueStore::flush() {
  return impl_->flush();
}

std::string ValueStore::problem() const {
  return impl_->problem();
}

}  // namespace tapedeck
