// Spools that are full, disks that are full, folders that cannot be written.
#include <gmock/gmock.h>

#include <set>

#include "remote_fixture.hpp"
#include "store/small_disk.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using store::testing::SmallDisk;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Numbers may be missing where an events_dropped says how many. @return the reasons that it gives.
std::set<std::string> expect_holes_told(std::uint16_t port, std::int64_t end,
                                        std::uint64_t dropped) {
  std::int64_t next = 1, told = 0;
  std::set<std::string> reasons;
  for (const std::string& line : lines_at(port)) {
    if (line.find("\"events_dropped\"") != std::string::npos) {
      next += number_in(line, "count");
      told += number_in(line, "count");
      const std::size_t at = line.find("\"reason\":\"") + 10;
      reasons.insert(line.substr(at, line.find('"', at) - at));
      continue;
    }
    EXPECT_EQ(number_in(line, "n"), next) << line;
    next = number_in(line, "n") + 1;
  }
  EXPECT_EQ(next, end);
  EXPECT_EQ(told, static_cast<std::int64_t>(dropped));
  return reasons;
}

BusOptions small_log() {
  return {.log_bytes = std::size_t{4} << 20, .held_bytes = std::size_t{1} << 20};
}

TEST(SpoolLimits, ASpoolOfTenMegabytesKeepsTheOldestTheLogTheNewestAndTheHoleIsTold) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  RemoteOptions options = quick_options(url_of(port), spool.path());
  options.spool_bytes = 10'000'000;
  Engine engine(options, small_log());
  const std::string text(1000, 'x');
  const auto bytes_on_disk = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& folder : spools_in(spool.path())) {
      for (const auto& file : spools_in(folder)) bytes += file_size(file);
    }
    return bytes;
  };
  std::int64_t next = 1;
  for (; bytes_on_disk() < 9'000'000; next += 500) {  // no faster than the disk
    engine.publish(next, next + 500, text);
    ASSERT_TRUE(wait_until(
        [&] { return engine.remote.stats().queued == 0 || bytes_on_disk() >= 9'000'000; }));
  }
  for (; next < 10'001; next += 500) engine.publish(next, next + 500, text);
  ASSERT_TRUE(wait_until([&] { return engine.remote.stats().queued > 0; }));
  EXPECT_EQ(engine.remote.stats().dropped, 0U) << "the newest are in memory";
  engine.publish(next, 30'001, text);
  ASSERT_TRUE(wait_until([&] {
    const RemoteStats stats = engine.remote.stats();
    return stats.queued + stats.spooled + stats.dropped >= 30'000U;
  }));
  EXPECT_GT(engine.remote.stats().dropped, 1000U);
  EXPECT_LE(bytes_on_disk(), 10'000'000U);
  MemoryServer server(port);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  engine.publish(30'001, 30'101, text);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  // A publisher that outruns the disk before the spool is full is told of as well.
  EXPECT_THAT(expect_holes_told(port, 30'101, engine.remote.stats().dropped),
              Contains("spool_full"));
  EXPECT_THAT(spools_in(spool.path()), IsEmpty());
}

TEST(SpoolLimits, WhatDoesNotFitAtTheEndIsToldByTheNextProcess) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  RemoteOptions options = quick_options(url_of(port), spool.path());
  options.spool_bytes = 64 << 10;
  std::uint64_t dropped = 0;
  {
    Engine engine(options);
    engine.publish(1, 1001, std::string(1000, 'x'));
    EXPECT_FALSE(engine.remote.close(0ms));
    dropped = engine.remote.stats().dropped;
    EXPECT_EQ(engine.remote.stats().spooled + dropped, 1000U + 1U) << "and the last word";
  }
  MemoryServer server(port);
  Engine next(options);
  ASSERT_TRUE(wait_until([&] { return spools_in(spool.path()).empty(); }));
  EXPECT_THAT(expect_holes_told(port, 1001, dropped), ElementsAre("spool_full"));
}

TEST(SpoolLimits, AFullDiskLosesNothingThatTheLogCanKeep) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{4} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  const std::uint16_t port = free_port();
  Engine engine(quick_options(url_of(port), folder.path() / "spool"));
  engine.publish(1, 1001);
  ASSERT_TRUE(engine.wait_for_spooled(1000));
  disk.fill();
  engine.publish(1001, 20'001, std::string(200, 'x'));
  ASSERT_TRUE(wait_until(
      [&] { return engine.remote.stats().last_error.find(url_of(port)) != std::string::npos; }));
  ASSERT_TRUE(wait_until([&] {
    const RemoteStats stats = engine.remote.stats();
    return stats.queued + stats.spooled == 20'000U;
  }));
  EXPECT_EQ(engine.remote.stats().dropped, 0U);
  MemoryServer server(port);
  ASSERT_TRUE(engine.remote.flush(kPatience)) << "a full disk can be read";
  EXPECT_TRUE(counts_up(numbers_at(port), 1, 20'001));
  EXPECT_EQ(engine.remote.stats().last_error, "");
}

TEST(SpoolLimits, WhenTheDiskHasRoomAgainTheSpoolGoesOn) {
  const TempFolder folder;
  const SmallDisk disk(folder.path(), std::size_t{4} << 20);
  if (!disk.mounted()) GTEST_SKIP() << "a small disk can be mounted by root only";
  disk.fill();
  Sayings sayings;
  RemoteOptions options = quick_options(url_of(free_port()), folder.path() / "spool");
  options.log = sayings.log();
  Engine engine(options);
  engine.publish(1, 5001);
  ASSERT_TRUE(wait_until([&] { return sayings.count("No space left on device") > 0; }));
  disk.make_room();
  EXPECT_TRUE(engine.wait_for_spooled(5000));
}

TEST(SpoolLimits, AFolderThatCannotBeWrittenLeavesEventsInMemoryAndIsTold) {
  const TempFolder folder;
  const auto file = folder.path() / "file";
  ASSERT_EQ(::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
  const std::uint16_t port = free_port();
  Sayings sayings;
  RemoteOptions options = quick_options(url_of(port), file / "spool");
  options.log = sayings.log();
  Engine engine(options, small_log());
  engine.publish(1, 11);
  ASSERT_TRUE(wait_until([&] { return sayings.count("cannot be made") > 0; })) << sayings.all();
  engine.publish(11, 30'001, std::string(500, 'x'));  // 18 MB for a log of 5
  ASSERT_GT(engine.remote.stats().dropped, 0U);
  MemoryServer server(port);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_THAT(expect_holes_told(port, 30'001, engine.remote.stats().dropped),
              ElementsAre("spool_failed"));
}

}  // namespace
}  // namespace tapedeck::remote
