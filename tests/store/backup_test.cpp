#include "store/backup.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "base/value_store.hpp"
#include "query/tape.hpp"
#include "small_disk.hpp"
#include "store/folder_lock.hpp"
#include "store/verify.hpp"
#include "store_reading.hpp"

namespace tapedeck::store {
namespace {

using testing::Days;
using testing::early_options;
using testing::files_in;
using ::testing::HasSubstr;
using testing::kDay_ns;
using testing::kFirstDay;
using testing::read_all;
using testing::small_options;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

mode_t mode_of(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

TEST(Backup, OfAHistoryAtRestHoldsEveryEvent) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({3000, 2000, 10});
  const auto target = elsewhere.path() / "a" / "copy";
  std::uint64_t done = 0, total = 0;
  const auto report = back_up(folder.path(), target, [&](std::uint64_t now, std::uint64_t all) {
    EXPECT_GE(now, done);
    EXPECT_LE(now, all);
    done = now;
    total = all;
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files, 3U);
  EXPECT_EQ(done, total);
  EXPECT_GT(done, 0U);
  EXPECT_EQ(files_in(target), files_in(folder.path()));
  EXPECT_EQ(mode_of(target), 0700U);
  std::size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(target)) {
    EXPECT_EQ(mode_of(entry.path()), 0600U);
    ++entries;
  }
  EXPECT_EQ(entries, 3U);  // no write-ahead logs beside them
  std::map<std::uint64_t, std::string> before;
  {
    const StoreRun run(early_options(folder.path()));
    before = read_all(run.store);
  }
  const StoreRun copy(early_options(target));
  EXPECT_EQ(read_all(copy.store), before);
}

TEST(Backup, HasTheAlertsThatAreKeptBesideTheEvents) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({100});
  ValueStore alerts(folder.path() / "alerts.db");  // also while it is open
  alerts.save({{"alert_rule", "mine", "{}"}});
  ASSERT_EQ(alerts.flush(), "");
  const auto target = elsewhere.path() / "copy", restored = elsewhere.path() / "restored";
  ASSERT_EQ(back_up(folder.path(), target)->files, 2U);
  EXPECT_EQ(mode_of(target / "alerts.db"), 0600U);
  ASSERT_TRUE(restore(target, restored));
  EXPECT_EQ(ValueStore(restored / "alerts.db").load("alert_rule").at("mine"), "{}");
}

TEST(Backup, ItsReaderBeginsANewEpoch) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({100});  // ends cleanly: the original goes on with its epoch
  const auto target = elsewhere.path() / "copy";
  ASSERT_TRUE(back_up(folder.path(), target));
  const StoreRun original(early_options(folder.path()));
  const StoreRun copy(early_options(target));
  EXPECT_NE(copy.store.epoch(), original.store.epoch());
  EXPECT_EQ(copy.store.begin_seq(), 101U);
  EXPECT_EQ(copy.store.epoch_of(100), original.store.epoch());
}

TEST(Backup, WhileTheStoreWritesIsAPrefixOfIt) {
  const TempFolder folder, elsewhere;
  std::atomic<std::int64_t> now_ns{kFirstDay * kDay_ns};
  StoreOptions options = small_options(folder.path());
  options.now_ns = [&] { return now_ns.load(); };
  StoreRun run(options);
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    Traffic traffic(*run.bus);
    while (!stop) {
      traffic.publish(50);
      now_ns += kDay_ns / 200;  // new files begin meanwhile
      run.settle();
    }
  });
  const auto some = [&] { return run.store.stats().files >= 2; };
  ASSERT_TRUE(tapedeck::testing::wait_until(some));
  for (const char* name : {"one", "two", "three"}) {
    const std::uint64_t written_before = run.store.end_seq();
    const auto target = elsewhere.path() / name;
    const auto report = back_up(folder.path(), target);
    ASSERT_TRUE(report) << report.error().message;
    const auto verified = verify(target);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->sound()) << verified->damages[0].what;
    EXPECT_EQ(verified->missing_total, 0U);
    EXPECT_EQ(verified->files.front().first_seq, 1U);
    std::uint64_t end = 0;  // the newest file may have nothing in it yet
    for (const FileFacts& file : verified->files) end = std::max(end, file.end_seq);
    EXPECT_GE(end, written_before);
    EXPECT_EQ(verified->events, end - 1);
  }
  stop = true;
  publisher.join();
}

TEST(Backup, ATargetThatIsNotEmptyIsRefusedAndLeftAlone) {
  const TempFolder folder, target;
  Days(folder.path()).publish({10});
  std::ofstream(target.path() / "precious") << "data";
  const auto refused = back_up(folder.path(), target.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "not_empty");
  EXPECT_EQ(refused.error().field, "target");
  EXPECT_THAT(refused.error().message, HasSubstr(target.path().string()));
  EXPECT_TRUE(std::filesystem::exists(target.path() / "precious"));
  EXPECT_FALSE(back_up(folder.path(), target.path() / "precious"));
}

TEST(Backup, OfNothingIsAnError) {
  const TempFolder folder;
  for (const auto& nothing : {folder.path(), folder.path() / "missing"}) {
    const auto refused = back_up(nothing, folder.path() / "copy");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "no_history");
    EXPECT_THAT(refused.error().message, HasSubstr(nothing.string()));
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "copy"));
}

TEST(Backup, ThatFailsLeavesNothingBehind) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({300, 300});
  const auto files = files_in(folder.path());
  std::fstream(folder.path() / files[1], std::ios::in | std::ios::out) << "not a database any more";
  const auto failed = back_up(folder.path(), elsewhere.path() / "copy");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "backup_failed");
  EXPECT_THAT(failed.error().message, HasSubstr(files[1]));
  EXPECT_FALSE(std::filesystem::exists(elsewhere.path() / "copy"));
}

TEST(Backup, OntoADiskThatIsTooSmallIsAnErrorAndLeavesNothingBehind) {
  const TempFolder folder, elsewhere;
  const testing::SmallDisk disk(elsewhere.path(), 300'000);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  Days(folder.path()).publish({4000, 4000});
  const auto failed = back_up(folder.path(), elsewhere.path() / "copy");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "backup_failed");
  EXPECT_THAT(failed.error().message, HasSubstr("full"));
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
}

TEST(Backup, CopiesAFileWithADamagedBlockAsItIs) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({2000});
  testing::damage_block(folder.path() / files_in(folder.path())[0], 3);
  ASSERT_TRUE(back_up(folder.path(), elsewhere.path() / "copy"));
  const auto verified = verify(elsewhere.path() / "copy");
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->damages_total, 1U);
}

TEST(Restore, BringsABackupBackAndANewEpochBegins) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({3000, 100});
  std::map<std::uint64_t, std::string> before;
  std::string epoch;
  {
    const StoreRun run(early_options(folder.path()));
    before = read_all(run.store);
    epoch = run.store.epoch();
  }
  ASSERT_TRUE(back_up(folder.path(), elsewhere.path() / "copy"));
  const auto back = elsewhere.path() / "back";
  const auto report = restore(elsewhere.path() / "copy", back);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->files, 2U);
  EXPECT_EQ(mode_of(back), 0700U);
  StoreRun run(early_options(back));
  EXPECT_EQ(read_all(run.store), before);
  EXPECT_NE(run.store.epoch(), epoch);
  const Tape tape(*run.bus, &run.store);
  EXPECT_EQ(tape.resume_after(epoch + "-77").next, 78U);
  EXPECT_FALSE(tape.resume_after(epoch + "-77").gap);
}

TEST(Restore, ACopyOfTheFolderItselfBeginsANewEpochToo) {
  const TempFolder folder, elsewhere;
  Days(folder.path()).publish({100});
  const auto back = elsewhere.path() / "back";
  ASSERT_TRUE(restore(folder.path(), back));
  const StoreRun original(early_options(folder.path()));
  const StoreRun run(early_options(back));
  EXPECT_NE(run.store.epoch(), original.store.epoch());
}

TEST(Restore, AFolderThatIsNotEmptyOrInUseIsRefused) {
  const TempFolder folder, other;
  Days(folder.path()).publish({10});
  {
    Days(other.path()).publish({20});
    const auto refused = restore(folder.path(), other.path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "not_empty");
    EXPECT_EQ(files_in(other.path()).size(), 1U);
  }
  const TempFolder fresh;
  const FolderLock server(fresh.path());
  const auto refused = restore(folder.path(), fresh.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "in_use");
  EXPECT_THAT(refused.error().message, HasSubstr("in use by another Tapedeck"));
}

TEST(Restore, AFolderWithNothingButAnOldLockIsEmpty) {
  const TempFolder folder, fresh;
  Days(folder.path()).publish({10});
  { const FolderLock server(fresh.path()); }
  EXPECT_TRUE(restore(folder.path(), fresh.path()));
}

}  // namespace
}  // namespace tapedeck::store
