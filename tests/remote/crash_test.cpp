// Publishers that are killed.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::filesystem::path> segments_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".spool") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// Leaves `count` events, from `first` on, of a killed process in the spool.
void leave(const std::string& url, const std::filesystem::path& spool, int first, int count) {
  Peer peer({"send", url, spool.string(), std::to_string(first), std::to_string(count)});
  ASSERT_EQ(peer.read_line(), "spooled");
  peer.kill();
}

TEST(Crash, WhatAKilledPublisherHadSpooledIsSentByTheNextOneFirst) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  leave(url_of(port), spool.path(), 1, 3000);
  leave(url_of(port), spool.path(), 3001, 3000);
  ASSERT_EQ(spools_in(spool.path()).size(), 2U) << "without a server each leaves its own";
  MemoryServer server(port);
  Engine engine(quick_options(server.url(), spool.path()));
  engine.publish(6001, 7001);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(port), 1, 7001));
  EXPECT_EQ(engine.remote.stats().sent, 7000U);
  EXPECT_TRUE(wait_until([&] { return spools_in(spool.path()).empty(); }));
}

TEST(Crash, OfAPublisherKilledWhileTheServerAnswersTheServerHasTheBeginning) {
  const TempFolder spool, history;
  const PeerServer server(history.path());
  for (int round = 0; round < 3; ++round) {
    const auto before = static_cast<std::int64_t>(numbers_at(server.port_number).size());
    {
      Peer peer(
          {"send", server.url(), spool.path().string(), std::to_string(before + 1), "400000"});
      ASSERT_TRUE(wait_until([&] {
        return static_cast<std::int64_t>(numbers_at(server.port_number).size()) > before;
      }));
    }  // killed: what it had in memory is lost
    Engine next(quick_options(server.url(), spool.path()));
    ASSERT_TRUE(next.remote.flush(kPatience));
    const auto numbers = numbers_at(server.port_number);
    EXPECT_TRUE(counts_up(numbers, 1, static_cast<std::int64_t>(numbers.size()) + 1));
  }
}

TEST(Crash, ATornEndIsLeftOutAndTheRestIsSent) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  leave(url_of(port), spool.path(), 1, 3000);
  const auto folder = spools_in(spool.path()).at(0);
  const auto segment = segments_in(folder).back();
  struct stat status {};
  ASSERT_EQ(stat(segment.c_str(), &status), 0);
  std::filesystem::resize_file(segment, static_cast<std::uintmax_t>(status.st_size) - 7);
  Sayings sayings;
  MemoryServer server(port);
  RemoteOptions options = quick_options(server.url(), spool.path());
  options.log = sayings.log();
  Engine engine(options);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  ASSERT_TRUE(wait_until([&] { return spools_in(spool.path()).empty(); }));
  const auto numbers = numbers_at(port);
  EXPECT_EQ(numbers, numbers_from(1, static_cast<std::int64_t>(numbers.size()) + 1));
  EXPECT_LT(numbers.size(), 3000U);
  EXPECT_THAT(sayings.all(), HasSubstr("damaged"));
}

TEST(Crash, TheSpoolOfALivingPublisherIsNotTouched) {
  const TempFolder spool;
  const std::uint16_t port = free_port();
  Peer living({"send", url_of(port), spool.path().string(), "1", "100"});
  ASSERT_EQ(living.read_line(), "spooled");
  Engine engine(quick_options(url_of(port), spool.path()));
  engine.publish(1001, 1011);
  ASSERT_TRUE(engine.wait_for_spooled(10));
  EXPECT_EQ(engine.remote.stats().spooled, 10U) << "its own only";
  EXPECT_EQ(spools_in(spool.path()).size(), 2U);
}

TEST(Crash, ASpoolForAnotherServerStaysWhereItIs) {
  const TempFolder spool;
  leave(url_of(free_port()), spool.path(), 1, 100);
  MemoryServer server;
  Engine engine(quick_options(server.url(), spool.path()));
  engine.publish(1001, 1011);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(server.server.port()), 1001, 1011));
  EXPECT_EQ(spools_in(spool.path()).size(), 1U);
}

TEST(Crash, FilesAreForTheirOwnerOnly) {
  const TempFolder root;
  const auto spool = root.path() / "new" / "spool";
  leave(url_of(free_port()), spool, 1, 10);
  const auto mode_of = [](const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777U;
  };
  EXPECT_EQ(mode_of(spool), 0700U);
  const auto folder = spools_in(spool).at(0);
  EXPECT_EQ(mode_of(folder), 0700U);
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    EXPECT_EQ(mode_of(file.path()), 0600U) << file.path();
  }
}

TEST(Crash, PublisherAndServerKilledAtAnyMomentLoseNothingOfWhatWasSpooledAndRepeatNothing) {
  const TempFolder spool, history;
  const std::uint16_t port = free_port();
  std::int64_t first = 1;
  for (int round = 0; round < 4; ++round) {
    leave(url_of(port), spool.path(), static_cast<int>(first), 20'000);
    first += 20'000;
    // Killed while they are at it: the server first, then the publisher, after other times.
    auto server = std::make_unique<PeerServer>(history.path(), port);
    Peer publisher({"send", url_of(port), spool.path().string(), "0", "0"});
    ASSERT_TRUE(wait_until([&] { return !numbers_at(port).empty(); }));
    if (round % 2 == 0) server.reset();
    publisher.kill();
  }
  const PeerServer server(history.path(), port);
  Engine engine(quick_options(server.url(), spool.path()));
  engine.publish(first, first + 10);
  ASSERT_TRUE(engine.remote.flush(kPatience));
  EXPECT_TRUE(counts_up(numbers_at(port), 1, first + 10));
  EXPECT_THAT(spools_in(spool.path()), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::remote
