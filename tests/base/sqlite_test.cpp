#include "base/sqlite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <limits>

namespace tapedeck {
namespace {

using testing::HasSubstr;

class Sqlite : public testing::Test {
 protected:
  Sqlite() {
    std::string name = (std::filesystem::temp_directory_path() / "tapedeck-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "new" / "data.db";
  }
  ~Sqlite() override { std::filesystem::remove_all(folder_); }

  static std::int64_t count(SqliteDatabase& database) {
    SqliteStatement rows(database, "SELECT count(*) FROM t");
    rows.step();
    return rows.integer(0);
  }
  template <typename F>
  static int code_of(F what) {
    try {
      what();
    } catch (const SqliteError& error) {
      return error.code();
    }
    return SQLITE_OK;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

TEST_F(Sqlite, MakesTheFileAndItsFolderForItsOwnerOnly) {
  SqliteDatabase database(path_);
  database.execute("CREATE TABLE t (x)");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path_.string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(Sqlite, BindsAndReadsEveryType) {
  SqliteDatabase database(path_);
  database.execute("CREATE TABLE t (i INTEGER, r REAL, s TEXT NOT NULL)");
  const std::string text("a\0b'\"", 5);
  const auto big = std::numeric_limits<std::int64_t>::min();
  SqliteStatement put(database, "INSERT INTO t VALUES (?1, ?2, ?3)");
  put.bind(1, big).bind(2, 0.1).bind(3, std::string_view(text)).run();
  put.bind(1, std::int64_t{7}).bind(2, -1e300).bind(3, std::string_view()).run();
  SqliteStatement rows(database, "SELECT * FROM t");
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.integer(0), big);
  EXPECT_EQ(rows.real(1), 0.1);
  EXPECT_EQ(rows.text(2), text);
  ASSERT_TRUE(rows.step());
  EXPECT_EQ(rows.real(1), -1e300);
  EXPECT_EQ(rows.text(2), "");
  EXPECT_FALSE(rows.step());
  rows.reset();
  EXPECT_TRUE(rows.step()) << "from the beginning again";
}

TEST_F(Sqlite, ErrorsNameTheFileAndWhatIsWrong) {
  SqliteDatabase database(path_);
  try {
    database.execute("SELECT nonsense");
    FAIL();
  } catch (const SqliteError& error) {
    EXPECT_EQ(error.code(), SQLITE_ERROR);
    EXPECT_EQ(error.what(), path_.string() + ": no such column: nonsense");
    EXPECT_FALSE(error.is_damage());
  }
  EXPECT_EQ(code_of([&] { SqliteStatement(database, "INSERT INTO absent VALUES (1)"); }),
            SQLITE_ERROR);
  database.execute("CREATE TABLE t (x UNIQUE)");
  SqliteStatement put(database, "INSERT INTO t VALUES (1)");
  put.run();
  EXPECT_EQ(code_of([&] { put.run(); }), SQLITE_CONSTRAINT);
  database.execute("DELETE FROM t");
  EXPECT_NO_THROW(put.run()) << "a statement that failed can be used again";
  EXPECT_EQ(code_of([&] { put.bind(1, std::int64_t{1}); }), SQLITE_RANGE);
}

TEST_F(Sqlite, TellsADamagedFile) {
  std::ofstream(folder_ / "garbage.db") << std::string(4096, 'x');
  try {
    SqliteDatabase database(folder_ / "garbage.db");
    FAIL();
  } catch (const SqliteError& error) {
    EXPECT_EQ(error.code(), SQLITE_NOTADB);
    EXPECT_TRUE(error.is_damage());
    EXPECT_THAT(error.what(), HasSubstr("garbage.db: file is not a database"));
  }
}

TEST_F(Sqlite, AFolderThatCannotBeMadeIsAnErrorOfTheSameKind) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_EQ(code_of([&] { SqliteDatabase(folder_ / "file" / "data.db"); }), SQLITE_CANTOPEN);
  EXPECT_EQ(code_of([&] { SqliteDatabase{folder_}; }), SQLITE_CANTOPEN);
}

TEST_F(Sqlite, AReaderDoesNotWaitForAWriter) {
  SqliteDatabase writer(path_);
  writer.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  writer.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
  SqliteDatabase reader(path_);
  EXPECT_EQ(count(reader), 1);
  writer.execute("COMMIT");
  EXPECT_EQ(count(reader), 2);
}

TEST_F(Sqlite, ASecondConnectionLeavesTheLocksOfTheFirst) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();  // before SQLite knows the file: its locks are not inherited
  if (child == 0) {
    char go = 0;
    if (::read(pipe[0], &go, 1) != 1) ::_exit(1);
    sqlite3* other = nullptr;
    const bool read =
        sqlite3_open(path_.c_str(), &other) == SQLITE_OK &&
        sqlite3_exec(other, "SELECT * FROM t", nullptr, nullptr, nullptr) == SQLITE_OK;
    sqlite3_close(other);
    ::_exit(read ? 0 : 2);
  }
  SqliteDatabase first(path_);
  first.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  { SqliteDatabase second(path_); }
  ASSERT_EQ(::write(pipe[1], "g", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(std::filesystem::exists(path_.string() + "-wal"))
      << "a process that closes removes the WAL when it finds no lock of another";
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(Sqlite, LosesNoCommittedRowWhenKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    SqliteDatabase database(path_);
    database.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    database.execute("BEGIN; INSERT INTO t VALUES (2)");
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  SqliteDatabase database(path_);
  EXPECT_EQ(count(database), 1);
}

}  // namespace
}  // namespace tapedeck
