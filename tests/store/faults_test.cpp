// What goes wrong around a store: disks that are full, read-only or busy, clocks that jump, damage.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_disk.hpp"
#include "store/folder_lock.hpp"
#include "store/verify.hpp"
#include "store_reading.hpp"

namespace tapedeck::store {
namespace {

using tapedeck::testing::wait_until;
using testing::damage_block;
using testing::Days;
using ::testing::Each;
using testing::early_options;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using testing::kDay_ns;
using testing::kFirstDay;
using testing::publish_typed;
using testing::read_all;
using testing::small_options;
using testing::SmallDisk;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

StoreOptions impatient_options(const std::filesystem::path& folder) {
  StoreOptions options = early_options(folder);
  options.retry_interval = std::chrono::milliseconds(20);
  return options;
}

/// The store itself may publish meanwhile (that it is active again), so there may be more.
void expect_stored_from(StoreRun& run, std::uint64_t first) {
  const std::uint64_t last = run.log().last_seq();
  run.settle();
  const auto events = read_all(run.store, {}, first);
  ASSERT_GE(events.size(), last - first + 1);
  EXPECT_EQ(events.begin()->first, first);
  EXPECT_EQ(events.rbegin()->first, first + events.size() - 1);
}

void expect_all_stored(StoreRun& run) {
  expect_stored_from(run, 1);
  EXPECT_EQ(run.store.stats().lost_total, 0U);
}

/// What the store has published about itself, oldest first.
std::vector<std::string> states_of(TelemetryBus& bus) {
  std::vector<std::string> out;
  for (const Event& event : bus.get_recent_events("engine_health", 1000)) {
    if (event.payload.find("\"engine_name\":\"Store\"") == std::string::npos) continue;
    for (const char* state : {"degraded", "active"}) {
      if (event.payload.find(state) != std::string::npos) out.emplace_back(state);
    }
  }
  return out;
}

std::optional<Error> durable_error(Store& store, std::uint64_t seq) {
  std::optional<Error> out;
  std::atomic<bool> done{false};
  store.when_durable(seq, [&](std::optional<Error> error) {
    out = std::move(error);
    done = true;
  });
  wait_until([&] { return done.load(); });
  return out;
}

// --- disks ---

TEST(StoreFaults, AFullDiskDegradesAndTheStoreGoesOnByItselfWhenThereIsRoomAgain) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{8} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  StoreRun run(impatient_options(folder.path()));
  publish_typed(*run.bus, "before", 1000);
  run.settle();
  disk.fill();
  publish_typed(*run.bus, "meanwhile", 5000);
  ASSERT_TRUE(wait_until([&] { return run.store.stats().degraded; }));
  EXPECT_THAT(run.store.stats().problem, HasSubstr("full"));
  EXPECT_GT(run.store.stats().errors_total, 0U);
  const std::uint64_t last = run.log().last_seq();
  publish_typed(*run.bus, "live", 100);  // the log goes on
  EXPECT_GE(run.log().last_seq(), last + 100);
  const auto refused = durable_error(run.store, run.log().last_seq());
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, "store_degraded");
  EXPECT_EQ(read_all(run.store, {.event_type = {"before"}}).size(), 1000U);  // reads go on
  disk.make_room();
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  expect_all_stored(run);
  EXPECT_EQ(run.store.stats().problem, "");
  EXPECT_THAT(states_of(*run.bus), ElementsAre("degraded", "active"));
  EXPECT_TRUE(verify(folder.path())->sound());
}

TEST(StoreFaults, WhoCameLateIsToldAgainThatTheHistoryIsNotWritten) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{8} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  StoreOptions options = impatient_options(folder.path());
  options.tell_degraded_every = std::chrono::milliseconds(0);
  StoreRun run(options);
  disk.fill();
  publish_typed(*run.bus, "meanwhile", 5000);
  EXPECT_TRUE(wait_until([&] { return states_of(*run.bus).size() >= 3; }));
  EXPECT_THAT(states_of(*run.bus), Each("degraded"));
  disk.make_room();
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  run.settle();
  EXPECT_EQ(states_of(*run.bus).back(), "active");
}

TEST(StoreFaults, WhatNeitherDiskNorLogCouldKeepIsCountedAndReadAsMissing) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{24} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  StoreOptions options = impatient_options(folder.path());
  options.pending_bytes = 64 << 10;
  BusOptions bus;
  bus.log_bytes = std::size_t{4} << 20;
  bus.held_bytes = 0;
  StoreRun run(options, bus);
  Traffic traffic(*run.bus);
  traffic.publish(100);
  run.settle();
  disk.fill();
  traffic.publish(60'000);
  ASSERT_TRUE(wait_until([&] { return run.store.stats().degraded; }));
  traffic.publish(60'000);
  disk.make_room();
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  run.settle();
  std::uint64_t missing = 0, found = 0;
  for (std::uint64_t next = 1; next < run.store.end_seq();) {
    const HistorySlice slice = run.store.read_forward({}, next, run.store.end_seq(), {});
    missing += slice.missing;
    found += slice.events;
    ASSERT_GT(slice.next, next);
    next = slice.next;
  }
  EXPECT_GT(missing, 0U);
  EXPECT_EQ(missing, run.store.stats().lost_total);
  EXPECT_EQ(missing + found, run.log().last_seq());
  const auto report = verify(folder.path());
  EXPECT_TRUE(report->sound());
  EXPECT_EQ(report->missing_total, missing);
}

TEST(StoreFaults, ADiskThatIsFullWhenADayBeginsLosesNothing) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{8} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  std::atomic<std::int64_t> now_ns{kFirstDay * kDay_ns};
  StoreOptions options = impatient_options(folder.path());
  options.now_ns = [&] { return now_ns.load(); };
  StoreRun run(options);
  publish_typed(*run.bus, "t", 100);
  run.settle();
  disk.fill();
  now_ns += kDay_ns;
  publish_typed(*run.bus, "t", 3000);
  ASSERT_TRUE(wait_until([&] { return run.store.stats().errors_total > 2; }));
  disk.make_room();
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  expect_all_stored(run);
  EXPECT_EQ(files_in(folder.path()).size(), 2U);
}

TEST(StoreFaults, AReadOnlyFolderIsRefusedWithASentence) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{8} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  { const StoreRun run(early_options(folder.path())); }
  disk.make_read_only();
  for (const auto& path : {folder.path(), folder.path() / "new"}) {
    try {
      const Store store(early_options(path));
      ADD_FAILURE() << "opened " << path;
    } catch (const StoreUnusable& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
      EXPECT_THAT(error.what(), HasSubstr("choose another --data-dir"));
    }
  }
}

TEST(StoreFaults, AFileThatAnotherProgramHoldsDegradesAndNothingIsLost) {
  const TempFolder folder;
  StoreRun run(impatient_options(folder.path()));
  publish_typed(*run.bus, "t", 100);
  run.settle();
  SqliteDatabase other(folder.path() / files_in(folder.path())[0]);
  other.execute("BEGIN IMMEDIATE");
  publish_typed(*run.bus, "t", 2000);
  ASSERT_TRUE(wait_until([&] { return run.store.stats().degraded; }));
  EXPECT_THAT(run.store.stats().problem, HasSubstr("locked"));
  other.execute("COMMIT");
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  expect_all_stored(run);
}

TEST(StoreFaults, AChildThatOutlivesItsParentDoesNotKeepTheFolder) {
  const TempFolder folder;
  auto held = std::make_unique<FolderLock>(folder.path());
  int gate[2], running[2];
  ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(running, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(gate[1]);
    char end = 0;
    if (write(running[1], &end, 1) != 1) _exit(2);
    _exit(read(gate[0], &end, 1) == 0 ? 0 : 1);  // lives until the parent lets it go
  }
  char begun = 0;
  ASSERT_EQ(read(running[0], &begun, 1), 1);
  held.reset();
  EXPECT_NO_THROW(FolderLock(folder.path()));
  close(gate[1]);
  close(gate[0]);
  for (const int end : running) close(end);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(StoreFaults, AnotherProcessIsToldWhoHasTheFolder) {
  const TempFolder folder;
  const FolderLock held(folder.path());
  const pid_t child = fork();
  if (child == 0) {
    try {
      const Store store(early_options(folder.path()));
    } catch (const StoreUnusable& error) {
      const std::string owner = "(process " + std::to_string(getppid()) + ")";
      _exit(std::string(error.what()).find(owner) != std::string::npos ? 7 : 8);
    }
    _exit(9);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

// --- clocks ---

TEST(StoreFaults, AClockThatStepsBackBeginsNoFileAndOneThatStepsForwardDoes) {
  const TempFolder folder;
  std::atomic<std::int64_t> now_ns{(kFirstDay + 5) * kDay_ns};
  StoreOptions options = small_options(folder.path());
  options.now_ns = [&] { return now_ns.load(); };
  {
    StoreRun run(options);
    for (const std::int64_t day : {5, 3, 5, 4}) {
      now_ns = (kFirstDay + day) * kDay_ns;
      publish_typed(*run.bus, "t", 300);
      run.settle();
    }
    EXPECT_EQ(files_in(folder.path()), std::vector{FileName({1, kFirstDay + 5}).text()});
  }
  now_ns = kFirstDay * kDay_ns;  // over a restart, too
  StoreRun run(options);
  publish_typed(*run.bus, "t", 300);
  run.settle();
  EXPECT_EQ(files_in(folder.path()).size(), 1U);
  now_ns = (kFirstDay + 8) * kDay_ns;
  publish_typed(*run.bus, "t", 300);
  run.settle();
  EXPECT_EQ(files_in(folder.path()).size(), 2U);
  EXPECT_EQ(read_all(run.store).size(), 1800U);
}

// --- sizes ---

TEST(StoreFaults, EventsOfTheLargestPayloadAreKept) {
  const TempFolder folder;
  StoreRun run(early_options(folder.path()));
  std::string large(kMaxPayloadBytes - 20, 'x');
  for (std::size_t i = 0; i < 100; ++i) {
    large[i] = static_cast<char>('a' + i % 26);
    run.bus->publish(GenericEvent{"large", {{"text", large}}});
    run.bus->flush();
  }
  run.settle();
  EXPECT_EQ(run.bus->get_stats().rejected_total, 0U);
  EXPECT_EQ(run.store.stats().events, 100U);
  const auto events = read_all(run.store);
  ASSERT_EQ(events.size(), 100U);
  EXPECT_NE(events.at(100).find(large), std::string::npos);
  EXPECT_TRUE(verify(folder.path())->sound());
}

TEST(StoreFaults, AMillionSymbolsTakeBoundedMemoryAndAreFound) {
  constexpr int kSymbols = kSanitized ? 50'000 : 1'000'000;
  const TempFolder folder;
  StoreOptions options = early_options(folder.path());
  options.segment_events = StoreOptions{}.segment_events;
  options.max_series = 20'000;
  StoreRun run(options);
  for (int i = 0; i < kSymbols; ++i) {
    run.bus->publish(PositionEvent{.symbol = "N" + std::to_string(i), .position_size = i});
    if (i % 10'000 == 0) run.bus->flush();
  }
  run.settle();
  ASSERT_EQ(run.store.stats().lost_total, 0U);
  for (const int i : {0, 19'999, 20'000, 49'999, kSymbols / 2, kSymbols - 1}) {
    const std::string symbol = "N" + std::to_string(i);
    EXPECT_EQ(read_all(run.store, {.symbol = {symbol}}).size(), 1U) << symbol;
  }
  run.store.stop();
  SqliteDatabase file = SqliteDatabase::open_to_read(folder.path() / files_in(folder.path())[0]);
  SqliteStatement series(file, "SELECT count(*) FROM series");
  ASSERT_TRUE(series.step());
  EXPECT_EQ(series.integer(0), 20'000);
}

TEST(StoreFaults, AFileThatHasGrownToItsLimitIsFollowedByAnother) {
  const TempFolder folder;
  StoreOptions options = early_options(folder.path());
  options.max_file_bytes = 1;  // every file has, once something is in it
  StoreRun run(options);
  for (int i = 0; i < 5; ++i) {
    publish_typed(*run.bus, "t", 300);
    run.settle();
  }
  EXPECT_GE(run.store.stats().files, 5U);
  expect_all_stored(run);
  EXPECT_EQ(read_all(run.store, {.event_type = {"t"}}).size(), 1500U);
}

// --- damage ---

TEST(StoreFaults, ADamagedBlockIsAnErrorForItsReadersAndTheOthersAreRead) {
  const TempFolder folder;
  Days(folder.path()).publish({3000});
  damage_block(folder.path() / files_in(folder.path())[0], 3);
  SqliteDatabase file = SqliteDatabase::open_to_read(folder.path() / files_in(folder.path())[0]);
  SqliteStatement place(file, "SELECT first_seq, end_seq FROM block WHERE ordinal = 3");
  ASSERT_TRUE(place.step());
  const auto first = static_cast<std::uint64_t>(place.integer(0));
  const auto end = static_cast<std::uint64_t>(place.integer(1));
  const Store store(early_options(folder.path()));
  try {
    store.read_forward({}, first, end, {});
    FAIL() << "read what is damaged";
  } catch (const HistoryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("block 3 is damaged"));
    EXPECT_THAT(error.what(), HasSubstr("tapedeck verify"));
  }
  EXPECT_EQ(store.read_forward({}, 1, first, {.events = 10'000}).events, first - 1);
  EXPECT_EQ(store.read_forward({}, end, 3001, {.events = 10'000}).events, 3001 - end);
  EXPECT_EQ(store.read_backward({}, end, 3001, {.events = 10'000}).events, 3001 - end);
}

TEST(StoreFaults, DamageThatWritingMeetsBeginsAnotherFileAndNothingThatTheLogHeldIsLost) {
  const TempFolder folder;
  StoreRun run(impatient_options(folder.path()));
  publish_typed(*run.bus, "t", 1000);
  run.settle();
  const auto path = folder.path() / files_in(folder.path())[0];
  {
    // Everything into the file itself, then rubbish over it; the writer notices at its next look
    // because somebody else has written.
    SqliteDatabase other(path);
    other.execute("INSERT INTO setting VALUES ('x', 'y'); PRAGMA wal_checkpoint(TRUNCATE)");
    const auto size = std::filesystem::file_size(path);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(size - 4096, '\x5a');
  }
  publish_typed(*run.bus, "t", 1000);
  ASSERT_TRUE(wait_until([&] { return files_in(folder.path()).size() == 2; }));
  ASSERT_TRUE(wait_until([&] { return !run.store.stats().degraded; }));
  expect_stored_from(run, 1001);
  EXPECT_EQ(run.store.stats().lost_total, 0U);
  EXPECT_FALSE(verify(folder.path())->sound());
}

TEST(StoreFaults, AFileThatACrashLeftWithoutAnythingInItForgetsNoEpoch) {
  const TempFolder folder;
  std::string epoch;
  {
    StoreRun run(early_options(folder.path()));
    epoch = run.store.epoch();
    publish_typed(*run.bus, "t", 100);
  }
  std::ofstream(folder.path() / FileName{2, kFirstDay}.text());
  const Store store(early_options(folder.path()));
  EXPECT_NE(store.epoch(), epoch);
  EXPECT_EQ(store.begin_seq(), 101U);
  EXPECT_EQ(store.epoch_of(50), epoch);
  EXPECT_EQ(store.epoch_of(101), store.epoch());
}

TEST(StoreFaults, WhenAFileHadToBeSetAsideANewEpochBegins) {
  const TempFolder folder;
  std::string epoch;
  Days days(folder.path());
  days.run([](TelemetryBus& bus) { publish_typed(bus, "t", 100); });
  days.run([&](TelemetryBus& bus) {
    epoch = bus.get_stats().epoch;
    publish_typed(bus, "t", 100);
  });
  std::fstream(folder.path() / files_in(folder.path())[1], std::ios::in | std::ios::out)
      << "not a database any more";
  const Store store(early_options(folder.path()));
  EXPECT_NE(store.epoch(), epoch);
  EXPECT_EQ(read_all(store).size(), 100U);
}

TEST(StoreFaults, WhatNoSegmentCoversIsFoundInAFileThatNobodyWrites) {
  const TempFolder folder;
  {
    StoreRun run(early_options(folder.path()));
    Traffic(*run.bus).publish(1700);
  }
  const Store store(early_options(folder.path()));  // never started
  const auto all = read_all(store);
  EXPECT_EQ(all.size(), 1700U);
  EXPECT_EQ(read_all(store, {.symbol = {"S7"}}), testing::matching(all, {.symbol = {"S7"}}));
}

}  // namespace
}  // namespace tapedeck::store
