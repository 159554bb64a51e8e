#include <gtest/gtest.h>

#include <fstream>

#include "query/tape.hpp"
#include "store_fixture.hpp"

namespace tapedeck::store {
namespace {

using testing::small_options;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

std::vector<std::uint64_t> stored_seqs(const Store& store) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t next = store.first_seq(); next < store.end_seq();) {
    const HistorySlice slice = store.read_forward({}, next, store.end_seq(), {});
    for (const StoredFrames& block : slice.blocks) {
      out.insert(out.end(), block.seqs.begin(), block.seqs.end());
    }
    next = slice.next;
  }
  return out;
}

TEST(StoreRestart, ACleanOneKeepsTheEpochAndGoesOnCounting) {
  const TempFolder folder;
  std::string epoch;
  {
    StoreRun run(small_options(folder.path()));
    epoch = run.store.epoch();
    Traffic(*run.bus).publish(1500);
  }
  StoreRun run(small_options(folder.path()));
  EXPECT_EQ(run.store.epoch(), epoch);
  EXPECT_EQ(run.store.begin_seq(), 1501U);
  Traffic(*run.bus, 8).publish(10);
  run.settle();
  const auto seqs = stored_seqs(run.store);
  ASSERT_EQ(seqs.size(), 1510U);
  for (std::size_t i = 0; i < seqs.size(); ++i) ASSERT_EQ(seqs[i], i + 1);
  const Tape tape(*run.bus, &run.store);
  EXPECT_EQ(tape.resume_after(epoch + "-700").next, 701U);
  EXPECT_FALSE(tape.resume_after(epoch + "-700").gap);
  EXPECT_EQ(tape.resume_after(epoch + "-1510").next, 1511U);
}

TEST(StoreRestart, AnUncleanOneBeginsANewEpochAndTheOldOneStaysReadable) {
  const TempFolder folder, crashed;
  std::string epoch;
  {
    StoreRun run(small_options(folder.path()));
    epoch = run.store.epoch();
    Traffic(*run.bus).publish(1500);
    run.settle();
    // What the disk holds at this moment is what a kill -9 leaves behind.
    std::filesystem::copy(folder.path(), crashed.path(), std::filesystem::copy_options::recursive);
  }
  StoreRun run(small_options(crashed.path()));
  EXPECT_NE(run.store.epoch(), epoch);
  EXPECT_EQ(run.store.begin_seq(), 1501U);
  Traffic(*run.bus, 8).publish(10);
  run.settle();
  EXPECT_EQ(stored_seqs(run.store).size(), 1510U);
  const Tape tape(*run.bus, &run.store);
  EXPECT_EQ(tape.resume_after(epoch + "-1490").next, 1491U);
  EXPECT_FALSE(tape.resume_after(epoch + "-1490").gap);
  // Streamed, but never stored: how many more nobody knows.
  const ResumePoint beyond = tape.resume_after(epoch + "-1505");
  EXPECT_TRUE(beyond.gap);
  EXPECT_FALSE(beyond.missed);
  EXPECT_EQ(beyond.next, 1501U);
  EXPECT_EQ(tape.id_of(1490), epoch + "-1490");
  EXPECT_EQ(tape.id_of(1501), run.store.epoch() + "-1501");
}

TEST(StoreRestart, WhatWasNotInASegmentYetIsFoundAgain) {
  const TempFolder folder;
  {
    StoreRun run(small_options(folder.path()));
    Traffic(*run.bus).publish(1700);  // a segment of a thousand or so, and a rest
  }
  StoreRun run(small_options(folder.path()));
  Filter wanted;
  wanted.symbol = {"S7"};
  const CompiledFilter filter(wanted);
  std::size_t by_posting = 0, by_looking = 0;
  const HistorySlice slice = run.store.read_forward(filter, 1, 1701, {.events = 10'000});
  by_posting = slice.events;
  const HistorySlice all =
      run.store.read_forward({}, 1, 1701, {.events = 10'000, .bytes = 1U << 30});
  for (const StoredFrames& block : all.blocks) {
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (filter.matches(block.frame(i), block.index[i])) ++by_looking;
    }
  }
  EXPECT_EQ(by_posting, by_looking);
  EXPECT_GT(by_looking, 10U);
}

TEST(StoreRestart, AFolderInUseIsRefused) {
  const TempFolder folder;
  const StoreRun run(small_options(folder.path()));
  EXPECT_THROW(Store(small_options(folder.path())), StoreUnusable);
}

TEST(StoreRestart, ANewerSchemaIsRefusedAndLeftAlone) {
  const TempFolder folder;
  {
    StoreRun run(small_options(folder.path()));
    Traffic(*run.bus).publish(10);
  }
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".db") file = entry.path();
  }
  {
    SqliteDatabase database(file);
    database.execute("PRAGMA user_version=2");
  }
  try {
    const Store store(small_options(folder.path()));
    FAIL() << "opened a file of the future";
  } catch (const StoreUnusable& error) {
    EXPECT_NE(std::string(error.what()).find("newer Tapedeck"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(StoreRestart, ADamagedFileIsSetAsideAndTheStoreStarts) {
  const TempFolder folder;
  {
    StoreRun run(small_options(folder.path()));
    Traffic(*run.bus).publish(3000);
  }
  std::filesystem::path file;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() == ".db") file = entry.path();
  }
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).write("not a database", 14);
  std::vector<std::string> said;
  StoreOptions options = small_options(folder.path());
  options.log = [&](std::string_view line) { said.emplace_back(line); };
  StoreRun run(options);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("set aside"), std::string::npos) << said[0];
  EXPECT_EQ(run.store.stats().events, 0U);
  Traffic(*run.bus).publish(10);
  run.settle();
  EXPECT_EQ(run.store.stats().events, 10U);
}

TEST(StoreRestart, WhatWasClearedStaysHiddenFromDefaultReads) {
  const TempFolder folder;
  {
    StoreRun run(small_options(folder.path()));
    Traffic traffic(*run.bus);
    traffic.publish(100);
    run.bus->clear_buffer();
    traffic.publish(5);
  }
  StoreRun run(small_options(folder.path()));
  EXPECT_EQ(run.log().floor_seq(), 101U);
  EXPECT_EQ(stored_seqs(run.store).size(), 105U);
}

}  // namespace
}  // namespace tapedeck::store
