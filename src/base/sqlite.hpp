// A thin, typed hold on SQLite: one connection, prepared statements, errors as exceptions.
//
// One thread per connection. Files are created for their owner only (0600), in WAL mode, so that a
// reader never waits for the writer and a kill -9 loses at most the open transaction.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace tapedeck {

/// What SQLite said, with the file's name.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  int code() const noexcept { return code_; }  ///< SQLITE_FULL, SQLITE_BUSY, SQLITE_NOTADB, ...
  /// Whether the file is no database, or a broken one: nothing will make it work.
  bool is_damage() const noexcept;

 private:
  int code_;
};

class SqliteDatabase {
 public:
  /// Opens the file, making it and its folder when they are missing.
  /// @throws SqliteError
  explicit SqliteDatabase(const std::filesystem::path& path);
  /// Opens a file that exists, to read only. @throws SqliteError
  static SqliteDatabase open_to_read(const std::filesystem::path& path);
  SqliteDatabase(SqliteDatabase&&) = default;
  SqliteDatabase& operator=(SqliteDatabase&&) = default;

  /// Runs statements that answer nothing.
  void execute(const char* sql);
  sqlite3* get() const noexcept { return handle_.get(); }
  [[noreturn]] void fail(int code) const;

  const std::string& path() const noexcept { return path_; }

 private:
  struct ToRead {};
  SqliteDatabase(const std::filesystem::path& path, ToRead);
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement; parameters count from 1, columns from 0. Must not outlive its database.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, std::string_view sql);

  SqliteStatement& bind(int at, std::int64_t value);
  SqliteStatement& bind(int at, double value);
  SqliteStatement& bind(int at, std::string_view text);
  /// Bytes that stay where they are until the statement is reset or bound again.
  SqliteStatement& bind_bytes(int at, std::string_view bytes);
  /// @return whether there is a row
  bool step();
  /// Makes it ready to be bound and stepped again.
  void reset() noexcept;
  /// bind(...)…step() for a statement that answers nothing, then reset().
  void run();

  std::int64_t integer(int column) const noexcept;
  double real(int column) const noexcept;
  std::string text(int column) const;
  /// Until the next step or reset.
  std::string_view bytes(int column) const noexcept;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  const SqliteDatabase* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace tapedeck
