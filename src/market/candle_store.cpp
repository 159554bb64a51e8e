#include "market/candle_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/sqlite.hpp"

namespace tapedeck::market {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kSchemaVersion = 1;
constexpr std::chrono::seconds kRetryAfter{1};

std::int64_t number(const char* sql, SqliteDatabase& database) {
  SqliteStatement statement(database, sql);
  return statement.step() ? statement.integer(0) : 0;
}

void prepare_schema(SqliteDatabase& database, const fs::path& path) {
  const std::int64_t version = number("PRAGMA user_version", database);
  if (version == kSchemaVersion) return;
  if (version > kSchemaVersion) {
    throw std::runtime_error(fmt::format(
        "the candle cache '{}' was written by a newer Tapedeck (schema {}, this one knows {}); "
        "update Tapedeck or name another cache file",
        path.string(), version, kSchemaVersion));
  }
  if (number("SELECT count(*) FROM sqlite_master", database) > 0) {
    throw std::runtime_error(fmt::format(
        "'{}' is a database of something else; name another candle cache file", path.string()));
  }
  database.execute(
      "BEGIN; "
      "CREATE TABLE series (id INTEGER PRIMARY KEY, exchange TEXT NOT NULL, symbol TEXT NOT NULL, "
      "minutes INTEGER NOT NULL, adjusted INTEGER NOT NULL, "
      "UNIQUE (exchange, symbol, minutes, adjusted)); "
      "CREATE TABLE candle (series INTEGER NOT NULL, start_ns INTEGER NOT NULL, "
      "end_ns INTEGER NOT NULL, open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, "
      "close REAL NOT NULL, volume INTEGER NOT NULL, PRIMARY KEY (series, start_ns)) "
      "WITHOUT ROWID; "
      "PRAGMA user_version = 1; COMMIT");
}

/// Reads `exchange, symbol, minutes, adjusted, start, end, open, high, low, close, volume`.
/// @return nothing when the row is of no timeframe this version knows
std::optional<StoredBar> bar_in(const SqliteStatement& row) {
  const auto timeframe = Timeframe::of_minutes(row.integer(2));
  if (!timeframe) return std::nullopt;
  return StoredBar{{row.text(0), row.text(1), *timeframe,
                    row.integer(3) != 0 ? PriceBasis::adjusted : PriceBasis::raw},
                   {from_ns(row.integer(4)), from_ns(row.integer(5)), row.real(6), row.real(7),
                    row.real(8), row.real(9), row.integer(10)}};
}

std::vector<StoredBar> load_newest(SqliteDatabase& database, Timestamp before,
                                   std::size_t per_series) {
  std::vector<StoredBar> loaded;
  SqliteStatement ids(database, "SELECT id FROM series ORDER BY id");
  SqliteStatement rows(
      database,
      "SELECT * FROM (SELECT exchange, symbol, minutes, adjusted, start_ns, end_ns, open, high, "
      "low, close, volume FROM candle JOIN series ON series.id = candle.series "
      "WHERE series = ?1 AND start_ns < ?3 ORDER BY start_ns DESC LIMIT ?2) ORDER BY start_ns");
  while (ids.step()) {
    rows.bind(1, ids.integer(0)).bind(2, static_cast<std::int64_t>(per_series));
    rows.bind(3, to_ns(before));
    while (rows.step()) {
      if (auto bar = bar_in(rows)) loaded.push_back(std::move(*bar));
    }
    rows.reset();
  }
  return loaded;
}

/// Moves a damaged file out of the way.
/// @return what was done, as a sentence
std::string set_aside(const fs::path& path, std::string_view why) {
  fs::path aside;
  for (int n = 1; aside.empty() || fs::exists(aside); ++n) {
    aside = path.string() + ".damaged-" + std::to_string(n);
  }
  fs::rename(path, aside);
  for (const char* suffix : {"-wal", "-shm"}) {
    std::error_code missing;
    fs::rename(path.string() + suffix, aside.string() + suffix, missing);
  }
  return fmt::format("the candle cache was damaged ({}); it is kept as '{}' and a new one is begun",
                     why, aside.string());
}

}  // namespace

class CandleStore::Impl {
 public:
  explicit Impl(CandleStoreOptions options) : options_(std::move(options)) {
    mending([this] { open(); });
  }

  ~Impl() {
    write_from_now_on();
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::vector<StoredBar> load(Timestamp before) {
    std::vector<StoredBar> loaded;
    if (thread_.joinable()) return loaded;
    mending([&] { loaded = load_newest(*database_, before, options_.load_per_series); });
    write_from_now_on();
    return loaded;
  }
  const std::string& notice() const noexcept { return notice_; }

  std::uint32_t series(const SeriesName& name) {
    const std::lock_guard lock(mutex_);
    const auto [at, added] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(name);
    return at->second;
  }

  void put(std::uint32_t series, const Bar& bar) {
    const std::lock_guard lock(mutex_);
    pending_.push_back({series, bar});
    drop_surplus();
    if (idle_) changed_.notify_all();
  }

  bool flush() {
    write_from_now_on();
    std::unique_lock lock(mutex_);
    const std::uint64_t failures = failures_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return failures_ != failures || (pending_.empty() && idle_); });
    return failures_ == failures;
  }

  std::string problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

  std::uint64_t lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

  void read(const Range& range, const std::function<void(const StoredBar&)>& each) {
    flush();
    SqliteDatabase database(options_.path);
    SqliteStatement rows(
        database,
        "SELECT exchange, symbol, minutes, adjusted, start_ns, end_ns, open, high, low, close, "
        "volume FROM candle JOIN series ON series.id = candle.series "
        "WHERE start_ns >= ?1 AND start_ns < ?2 AND (?3 = '' OR exchange = ?3) "
        "AND (?4 = '' OR symbol = ?4) AND (?5 = 0 OR minutes = ?5) AND adjusted = ?6 "
        "ORDER BY end_ns, symbol, exchange, minutes");
    rows.bind(1, to_ns(range.from)).bind(2, to_ns(range.to));
    rows.bind(3, range.exchange).bind(4, range.symbol);
    rows.bind(5, std::int64_t{range.timeframe ? range.timeframe->minutes() : 0});
    rows.bind(6, std::int64_t{range.basis == PriceBasis::adjusted});
    while (rows.step()) {
      if (const auto bar = bar_in(rows)) each(*bar);
    }
  }

 private:
  struct Item {
    std::uint32_t series;
    Bar bar;
  };

  /// Does `what`; with a new file when the old one turns out to be damaged.
  template <typename F>
  void mending(F what) {
    try {
      what();
    } catch (const SqliteError& error) {
      if (!error.is_damage()) throw;
      database_.reset();
      notice_ = set_aside(options_.path, error.what());
      open();
    }
  }

  void open() {
    database_.emplace(options_.path);
    prepare_schema(*database_, options_.path);
  }

  void write_from_now_on() {
    if (!thread_.joinable()) thread_ = std::thread([this] { write_on(); });
  }

  void drop_surplus() {
    while (pending_.size() > options_.max_pending) {
      pending_.pop_front();
      ++lost_;
    }
  }

  void write_on() {
    std::string problem = prune();
    std::unique_lock lock(mutex_);
    problem_ = std::move(problem);
    for (;;) {
      idle_ = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return stopping_ || !pending_.empty(); });
      if (pending_.empty()) return;
      idle_ = false;
      const bool last_try = stopping_;
      std::deque<Item> batch = std::exchange(pending_, {});
      std::vector<SeriesName> names(
          names_.begin() + static_cast<std::ptrdiff_t>(known_names_.size()), names_.end());
      lock.unlock();
      known_names_.insert(known_names_.end(), names.begin(), names.end());
      problem = write(batch);
      lock.lock();
      problem_ = std::move(problem);
      if (!problem_.empty()) {
        ++failures_;
        pending_.insert(pending_.begin(), batch.begin(), batch.end());
        drop_surplus();
        changed_.notify_all();
        changed_.wait_for(lock, kRetryAfter, [&] { return stopping_; });
      }
      if (last_try) return;
    }
  }

  std::string write(const std::deque<Item>& batch) {
    std::map<std::uint32_t, std::int64_t> ids = ids_;
    try {
      database_->execute("BEGIN IMMEDIATE");
      SqliteStatement put(
          *database_,
          "INSERT INTO candle VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET "
          "end_ns = excluded.end_ns, open = excluded.open, high = excluded.high, "
          "low = excluded.low, close = excluded.close, volume = excluded.volume");
      for (const auto& [series, bar] : batch) {
        auto [id, unknown] = ids.try_emplace(series, 0);
        if (unknown) id->second = database_id(known_names_[series]);
        put.bind(1, id->second).bind(2, to_ns(bar.start)).bind(3, to_ns(bar.end));
        put.bind(4, bar.open).bind(5, bar.high).bind(6, bar.low).bind(7, bar.close);
        put.bind(8, bar.volume).run();
      }
      database_->execute("COMMIT");
      ids_ = std::move(ids);
      return {};
    } catch (const SqliteError& error) {
      try {
        database_->execute("ROLLBACK");
      } catch (const SqliteError&) {  // there was no transaction to take back
      }
      return error.what();
    }
  }

  /// The file may be another process's too: the name decides, not a number of ours.
  std::int64_t database_id(const SeriesName& name) {
    SqliteStatement add(*database_,
                        "INSERT OR IGNORE INTO series (exchange, symbol, minutes, adjusted) "
                        "VALUES (?1, ?2, ?3, ?4)");
    SqliteStatement find(*database_,
                         "SELECT id FROM series WHERE exchange = ?1 AND symbol = ?2 AND "
                         "minutes = ?3 AND adjusted = ?4");
    for (SqliteStatement* statement : {&add, &find}) {
      statement->bind(1, name.exchange).bind(2, name.symbol);
      statement->bind(3, std::int64_t{name.timeframe.minutes()});
      statement->bind(4, std::int64_t{name.basis == PriceBasis::adjusted});
    }
    add.run();
    find.step();
    return find.integer(0);
  }

  /// Deletes what a series has beyond its limit.
  std::string prune() {
    try {
      SqliteStatement ids(*database_, "SELECT id FROM series");
      std::vector<std::int64_t> all;
      while (ids.step()) all.push_back(ids.integer(0));
      SqliteStatement cut(
          *database_,
          "DELETE FROM candle WHERE series = ?1 AND start_ns <= (SELECT start_ns FROM candle "
          "WHERE series = ?1 ORDER BY start_ns DESC LIMIT 1 OFFSET ?2)");
      for (const std::int64_t id : all) {
        cut.bind(1, id).bind(2, static_cast<std::int64_t>(options_.keep_per_series)).run();
      }
      return {};
    } catch (const SqliteError& error) {
      return error.what();
    }
  }

  CandleStoreOptions options_;
  std::string notice_;

  // The thread's, once it runs.
  std::optional<SqliteDatabase> database_;
  std::vector<SeriesName> known_names_;
  std::map<std::uint32_t, std::int64_t> ids_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<SeriesName, std::uint32_t> numbers_;
  std::vector<SeriesName> names_;  // by number
  std::deque<Item> pending_;
  bool idle_ = false;
  bool stopping_ = false;
  std::uint64_t failures_ = 0;
  std::uint64_t lost_ = 0;
  std::string problem_;
  std::thread thread_;
};

CandleStore::CandleStore(CandleStoreOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
CandleStore::~CandleStore() = default;

std::vector<StoredBar> CandleStore::load(Timestamp before) {
  return impl_->load(before);
}
const std::string& CandleStore::notice() const noexcept {
  return impl_->notice();
}
std::uint32_t CandleStore::series(const SeriesName& name) {
  return impl_->series(name);
}
void CandleStore::put(std::uint32_t series, const Bar& bar) {
  impl_->put(series, bar);
}
bool CandleStore::flush() {
  return impl_->flush();
}
std::string CandleStore::problem() const {
  return impl_->problem();
}
std::uint64_t CandleStore::lost() const {
  return impl_->lost();
}
void CandleStore::read(const Range& range, const std::function<void(const StoredBar&)>& each) {
  impl_->read(range, each);
}

}  // namespace tapedeck::market
