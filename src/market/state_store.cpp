#include "tapedeck/market/state_store.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/sqlite.hpp"

namespace tapedeck::market {

class StateStore::Impl {
 public:
  explicit Impl(const std::filesystem::path& path) : database_(path) {
    database_.execute(
        "CREATE TABLE IF NOT EXISTS engine_state (owner TEXT, name TEXT, value TEXT NOT NULL, "
        "PRIMARY KEY (owner, name)) WITHOUT ROWID");
    SqliteStatement rows(database_, "SELECT owner, name, value FROM engine_state");
    while (rows.step()) values_[{rows.text(0), rows.text(1)}] = rows.text(2);
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

  std::map<std::string, std::string> load(std::string_view owner) const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> found;
    for (auto at = values_.lower_bound({std::string(owner), {}});
         at != values_.end() && at->first.first == owner; ++at) {
      found.emplace(at->first.second, at->second);
    }
    return found;
  }

  void save(std::string_view owner, std::string_view name, std::string value) {
    const std::lock_guard lock(mutex_);
    Key key{std::string(owner), std::string(name)};
    values_[key] = value;
    waiting_[std::move(key)] = std::move(value);
    changed_.notify_all();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t failures = failures_;
    changed_.wait(lock, [&] { return failures_ != failures || (waiting_.empty() && !writing_); });
    if (failures_ != failures) throw std::runtime_error(problem_);
  }

  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  using Values = std::map<Key, std::string>;

  void write_on() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const bool last_try = stopping_;
      Values batch = std::exchange(waiting_, {});
      writing_ = true;
      lock.unlock();
      std::string problem = write(batch);
      lock.lock();
      writing_ = false;
      if (!problem.empty()) {
        ++failures_;
        waiting_.merge(batch);  // what was saved meanwhile is newer
      }
      problem_ = std::move(problem);
      changed_.notify_all();
      if (last_try) return;
      if (!problem_.empty()) {
        changed_.wait_for(lock, std::chrono::seconds{1}, [&] { return stopping_; });
      }
    }
  }

  std::string write(const Values& batch) {
    try {
      database_.execute("BEGIN IMMEDIATE");
      SqliteStatement put(database_,
                          "INSERT INTO engine_state VALUES (?1, ?2, ?3) "
                          "ON CONFLICT DO UPDATE SET value = excluded.value");
      for (const auto& [key, value] : batch) {
        put.bind(1, key.first).bind(2, key.second).bind(3, value).run();
      }
      database_.execute("COMMIT");
      return {};
    } catch (const SqliteError& error) {
      try {
        database_.execute("ROLLBACK");
      } catch (const SqliteError&) {  // there was no transaction to take back
      }
      return error.what();
    }
  }

  SqliteDatabase database_;  // the thread's, once it runs
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Values values_;
  Values waiting_;  // newer than the file
  bool writing_ = false;
  bool stopping_ = false;
  std::uint64_t failures_ = 0;
  std::string problem_;
  std::thread thread_;
};

StateStore::StateStore(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
StateStore::~StateStore() = default;

std::map<std::string, std::string> StateStore::load(std::string_view owner) const {
  return impl_->load(owner);
}

void StateStore::save(std::string_view owner, std::string_view name, std::string value) {
  impl_->save(owner, name, std::move(value));
}

void StateStore::flush() {
  impl_->flush();
}

std::string StateStore::problem() const {
  return impl_->problem();
}

}  // namespace tapedeck::market
