#include "universe/dump_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "market/engine_support.hpp"
#include "support/synthetic_dump.hpp"
#include "tapedeck/universe/instrument_dump.hpp"

namespace tapedeck::universe {
namespace {

using test::kDumpHeader;
using test::large_dump;
using test::share_row;
using test::TemporaryFile;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string bytes_of(const std::filesystem::path& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

InstrumentDump shares(std::size_t count, const std::string& prefix) {
  std::string text(kDumpHeader);
  for (std::size_t i = 0; i < count; ++i) text += share_row(prefix + std::to_string(i));
  return parse_dump(std::move(text), "made up");
}

std::size_t files_in(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(DumpFile, ReadsBackWhatItWrotePlainAndPacked) {
  const TemporaryFile file("a.csv", "");
  const auto dump = parse_dump(
      std::string(kDumpHeader) + "7,8,M&M-BE,\"A \"\"B\"\", C\",0,,0,0.05,1,EQ,NSE,NSE\n" +
          "9,1,IDEA26SEP8.5PE,IDEA,0,2026-09-29,8.5,0.05,40000,PE,NFO-OPT,NFO\n" +
          test::index_row("NIFTY 50", 256265),
      "made up");
  ASSERT_EQ(dump.problem, "");
  for (const char* name : {"a.csv", "b.csv.gz"}) {
    const auto path = file.folder() / name;
    write_dump(path, dump.rows);
    const auto back = read_dump(path);
    ASSERT_EQ(back.problem, "") << name;
    ASSERT_THAT(back.rows, SizeIs(3));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(back.rows[i].symbol, dump.rows[i].symbol);
      EXPECT_EQ(back.rows[i].name, dump.rows[i].name);
      EXPECT_EQ(back.rows[i].token, dump.rows[i].token);
      EXPECT_EQ(back.rows[i].strike, dump.rows[i].strike);
      EXPECT_EQ(back.rows[i].tick_size, dump.rows[i].tick_size);
      EXPECT_EQ(back.rows[i].lot_size, dump.rows[i].lot_size);
      EXPECT_EQ(back.rows[i].expiry, dump.rows[i].expiry);
    }
  }
  EXPECT_EQ(bytes_of(file.folder() / "b.csv.gz").substr(0, 2), "\x1f\x8b");
}

TEST(DumpFile, IsReadableByItsOwnerOnly) {
  const TemporaryFile file("a.csv", "old");
  write_dump(file.path(), shares(1, "A").rows);
  struct stat found {};
  ASSERT_EQ(stat(file.path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST(DumpFile, MakesTheFolderItLiesIn) {
  const TemporaryFile file("a", "");
  const auto path = file.folder() / "new" / "deep" / "i.csv.gz";
  write_dump(path, shares(1, "A").rows);
  EXPECT_EQ(read_dump(path).problem, "");
}

TEST(DumpFile, RefusesAPackedFileCutAtAnyLength) {
  const TemporaryFile file("whole.csv.gz", "");
  write_dump(file.path(), shares(20, "SHARE").rows);
  const std::string whole = bytes_of(file.path());
  ASSERT_EQ(read_dump(file.path()).problem, "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    file.write("cut.csv.gz", whole.substr(0, length));
    const auto dump = read_dump(file.folder() / "cut.csv.gz");
    ASSERT_NE(dump.problem, "") << length << " of " << whole.size() << " bytes";
    ASSERT_THAT(dump.rows, SizeIs(0));
  }
}

TEST(DumpFile, RefusesAPackedFileWithAFlippedByte) {
  const TemporaryFile file("whole.csv.gz", "");
  write_dump(file.path(), shares(20, "SHARE").rows);
  std::string bytes = bytes_of(file.path());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  file.write("flipped.csv.gz", bytes);
  EXPECT_NE(read_dump(file.folder() / "flipped.csv.gz").problem, "");
}

TEST(DumpFile, SaysWhyAFileCannotBeRead) {
  const TemporaryFile file("a.csv", std::string(kDumpHeader) + share_row("A"));
  EXPECT_THAT(read_dump(file.folder() / "none.csv").problem, HasSubstr("there is no file"));
  EXPECT_THAT(read_dump(file.folder()).problem, HasSubstr("is no regular file"));
  const auto pipe = file.folder() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(read_dump(pipe).problem, HasSubstr("is no regular file")) << "it would block";
  DumpLimits limits;
  limits.max_file_bytes = kDumpHeader.size() + share_row("A").size();
  EXPECT_EQ(read_dump(file.path(), limits).problem, "");
  --limits.max_file_bytes;
  EXPECT_THAT(read_dump(file.path(), limits).problem, HasSubstr("more than the"));
}

TEST(DumpFile, RefusesAPackedFileThatUnpacksToTooMuch) {
  const TemporaryFile file("a.csv.gz", "");
  write_dump(file.path(), shares(5000, "SHARE").rows);
  DumpLimits limits;
  limits.max_text_bytes = 100'000;
  EXPECT_THAT(read_dump(file.path(), limits).problem, HasSubstr("is larger than"));
}

TEST(DumpFile, LeavesTheOldFileAndNothingElseWhenItCannotWrite) {
  const TemporaryFile file("a.csv", "old");
  const auto folder = file.folder() / "a.csv";  // a file where a folder would have to be
  EXPECT_THROW(replace_file(folder / "b.csv", "new"), std::runtime_error);
  std::filesystem::create_directory(file.folder() / "taken");
  EXPECT_THROW(replace_file(file.folder() / "taken", "new"), std::runtime_error);
  EXPECT_EQ(bytes_of(file.path()), "old");
  EXPECT_EQ(files_in(file.folder()), 2U) << "no temporary file is left";
}

TEST(DumpFile, TellsOneVersionFromAnother) {
  const TemporaryFile file("a.csv", "one");
  const auto first = version_of(file.path());
  ASSERT_TRUE(first);
  EXPECT_EQ(version_of(file.path()), first);
  replace_file(file.path(), "two");
  EXPECT_NE(version_of(file.path()), first) << "same size, another file";
  EXPECT_FALSE(version_of(file.folder() / "none"));
}

TEST(DumpFile, AReaderFindsTheOldOrTheNewWhileItIsReplaced) {
  const TemporaryFile file("a.csv.gz", "");
  const auto few = shares(200, "A");
  const auto many = shares(2000, "B");
  write_dump(file.path(), few.rows);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (bool odd = false; !stop; odd = !odd) write_dump(file.path(), odd ? few.rows : many.rows);
  });
  int seen_few = 0, seen_many = 0;
  for (int i = 0; i < 20'000 && (i < 50 || seen_few == 0 || seen_many == 0); ++i) {
    const auto dump = read_dump(file.path());
    EXPECT_EQ(dump.problem, "");
    seen_few += dump.rows.size() == 200;
    seen_many += dump.rows.size() == 2000;
    EXPECT_THAT(dump.rows.size(), AnyOf(200U, 2000U));
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
  EXPECT_GT(seen_few, 0);
  EXPECT_GT(seen_many, 0);
}

TEST(DumpFile, AWriterThatIsKilledLeavesAWholeFile) {
  const TemporaryFile file("a.csv.gz", "");
  const auto few = shares(200, "A");
  const auto many = shares(2000, "B");
  for (int round = 0; round < 10; ++round) {
    write_dump(file.path(), few.rows);
    const auto before = version_of(file.path());
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      for (bool odd = false;; odd = !odd) write_dump(file.path(), odd ? few.rows : many.rows);
    }
    while (version_of(file.path()) == before) std::this_thread::yield();
    for (int i = 0; i < round * 7; ++i) std::this_thread::yield();
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    const auto dump = read_dump(file.path());
    ASSERT_EQ(dump.problem, "");
    EXPECT_THAT(dump.rows.size(), AnyOf(200U, 2000U));
  }
}

}  // namespace
}  // namespace tapedeck::universe
