#include "base/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tapedeck {
namespace {

constexpr int kBusyTimeoutMs = 2000;

void check(const SqliteDatabase& database, int code) {
  if (code != SQLITE_OK) database.fail(code);
}

/// SQLite gives its WAL and SHM files the mode of the database. A file that exists is not opened
/// here: closing it would take away the locks that this process already holds on it (POSIX).
void make_private_file(const std::filesystem::path& path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw SqliteError(SQLITE_CANTOPEN, path.string() + ": " + error.message());
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    throw SqliteError(SQLITE_CANTOPEN, path.string() + ": " + std::strerror(errno));
  }
}

}  // namespace

bool SqliteError::is_damage() const noexcept {
  const int primary = code_ & 0xFF;
  return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path) : path_(path.string()) {
  make_private_file(path);
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  check(*this, code);
  if (sqlite3_db_readonly(handle, "main") == 1) {
    throw SqliteError(SQLITE_READONLY, path_ + ": the file may be read but not written");
  }
  check(*this, sqlite3_busy_timeout(handle, kBusyTimeoutMs));
  execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& path, ToRead) : path_(path.string()) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  check(*this, code);
  check(*this, sqlite3_busy_timeout(handle, kBusyTimeoutMs));
}

SqliteDatabase SqliteDatabase::open_to_read(const std::filesystem::path& path) {
  return {path, ToRead{}};
}

void SqliteDatabase::Close::operator()(sqlite3* handle) const noexcept {
  sqlite3_close_v2(handle);  // waits for statements that are still held
}

void SqliteDatabase::execute(const char* sql) {
  check(*this, sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr));
}

void SqliteDatabase::fail(int code) const {
  throw SqliteError(
      code, path_ + ": " + (handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code)));
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, std::string_view sql)
    : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  check(database, code);
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::bind(int at, std::int64_t value) {
  check(*database_, sqlite3_bind_int64(handle_.get(), at, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int at, double value) {
  check(*database_, sqlite3_bind_double(handle_.get(), at, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int at, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = text.data() != nullptr ? text.data() : "";
  check(*database_,
        sqlite3_bind_text64(handle_.get(), at, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::bind_bytes(int at, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  check(*database_, sqlite3_bind_blob64(handle_.get(), at, data, bytes.size(), SQLITE_STATIC));
  return *this;
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3_reset(handle_.get());
  database_->fail(code);
}

void SqliteStatement::reset() noexcept {
  sqlite3_reset(handle_.get());
}

void SqliteStatement::run() {
  while (step()) {
  }
  reset();
}

std::int64_t SqliteStatement::integer(int column) const noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

double SqliteStatement::real(int column) const noexcept {
  return sqlite3_column_double(handle_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  return text == nullptr
             ? std::string()
             : std::string(text,
                           static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

std::string_view SqliteStatement::bytes(int column) const noexcept {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  return data == nullptr
             ? std::string_view()
             : std::string_view(
                   data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

}  // namespace tapedeck
