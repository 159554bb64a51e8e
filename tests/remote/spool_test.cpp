// The queue on disk by itself.
#include "remote/spool.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "remote_fixture.hpp"

namespace tapedeck::remote {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::size_t kAny = 1 << 20;

struct Owner {
  explicit Owner(const std::filesystem::path& folder, const std::string& name = "0123456789abcdef",
                 std::uint64_t bytes = 1 << 20, const std::string& server = "server-1")
      : spool({folder, server, name, bytes, sayings.log()}) {
    spool.adopt();
    publisher = name;
  }
  bool add(const std::string& body, std::uint64_t number, bool alone = false) {
    const Batch batch{publisher, number, number + 1,
                      static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n')), body};
    return spool.append({&batch, 1}, alone);
  }
  std::string take(std::size_t bytes = kAny, std::size_t events = kAny) {
    const auto batch = spool.front(bytes, events);
    if (!batch) return "nothing";
    spool.pop();
    return batch->body;
  }
  Sayings sayings;
  Spool spool;
  std::string publisher;
};

TEST(Spool, IsAQueueThatPutsSmallBatchesTogether) {
  const TempFolder folder;
  Owner owner(folder.path());
  EXPECT_TRUE(owner.spool.empty());
  ASSERT_TRUE(owner.add("a\n", 1));
  ASSERT_TRUE(owner.add("b\nc\n", 2));
  ASSERT_TRUE(owner.add("d\n", 3));
  EXPECT_EQ(owner.spool.events(), 4U);
  EXPECT_EQ(owner.take(kAny, 3), "a\nb\nc\n");
  EXPECT_EQ(owner.take(), "d\n");
  EXPECT_TRUE(owner.spool.empty());
  EXPECT_TRUE(spools_in(folder.path()).empty());
  ASSERT_TRUE(owner.add("e\n", 4));
  EXPECT_EQ(owner.take(1, 1), "e\n");
}

TEST(Spool, WhatHasAnUnknownOutcomeIsNeverSentTogetherWithOthers) {
  const TempFolder folder;
  Owner owner(folder.path());
  owner.add("a\n", 1, true);
  owner.add("b\n", 2);
  owner.add("c\n", 3, true);
  EXPECT_EQ(owner.take(), "a\n");
  EXPECT_EQ(owner.take(), "b\n");
  EXPECT_EQ(owner.take(), "c\n");
}

TEST(Spool, TheNextProcessSendsTheSameEventsTogetherUnderTheSameKey) {
  const TempFolder folder;
  std::string key;
  {
    Owner owner(folder.path());
    for (std::uint64_t i = 1; i <= 3; ++i) owner.add(std::to_string(i) + "\n", i);
    EXPECT_EQ(owner.take(kAny, 1), "1\n");
    key = owner.spool.front(kAny, 2)->key();  // being sent when the process ended
    owner.add("4\n", 4);
  }
  Owner next(folder.path(), "fedcba9876543210");
  EXPECT_EQ(next.spool.events(), 3U);
  next.add("5\n", 1);
  const auto again = next.spool.front(kAny, kAny);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->key(), key);
  EXPECT_EQ(again->body, "2\n3\n");
  EXPECT_THAT(again->key(), ::testing::StartsWith("0123456789abcdef-")) << "as its owner called it";
  next.spool.pop();
  EXPECT_EQ(next.take(), "4\n");
  EXPECT_EQ(next.take(), "5\n");
  EXPECT_TRUE(spools_in(folder.path()).empty());
}

TEST(Spool, GoesOnOverSegmentsAndForgetsThemOneByOne) {
  const TempFolder folder;
  Owner owner(folder.path(), "0123456789abcdef", 64 << 10);  // segments of 16 KiB
  const std::string line(4000, 'x');
  for (std::uint64_t i = 0; i < 12; ++i) ASSERT_TRUE(owner.add(line + "\n", i)) << i;
  const auto files = [&] {
    const auto in = spools_in(spools_in(folder.path()).at(0));
    return std::count_if(in.begin(), in.end(),
                         [](const auto& path) { return path.extension() == ".spool"; });
  };
  EXPECT_EQ(files(), 3);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(owner.take(1, 1).size(), 4001U);
  EXPECT_EQ(files(), 2);
}

TEST(Spool, TakesNoMoreThanItsBytesUntilThereIsRoomAgain) {
  const TempFolder folder;
  Owner owner(folder.path(), "0123456789abcdef", 64 << 10);
  const std::string line(4000, 'x');
  std::uint64_t taken = 0;
  while (owner.add(line + "\n", taken)) ++taken;
  EXPECT_EQ(taken, 16U);
  EXPECT_EQ(owner.spool.problem(), "") << "being full is nothing wrong";
  std::uintmax_t bytes = 0;
  for (const auto& file : spools_in(spools_in(folder.path()).at(0))) bytes += file_size(file);
  EXPECT_LE(bytes, std::uintmax_t{64} << 10);
  for (int i = 0; i < 4; ++i) owner.take(1, 1);
  EXPECT_TRUE(owner.add(line + "\n", taken));
}

TEST(Spool, CountsWhatFormerProcessesLeft) {
  const TempFolder folder;
  const std::string line(30'000, 'x');
  { ASSERT_TRUE(Owner(folder.path()).add(line + "\n", 1)); }
  Owner next(folder.path(), "fedcba9876543210", 64 << 10);
  EXPECT_TRUE(next.add(line + "\n", 1));
  EXPECT_FALSE(next.add(line + "\n", 2));
}

TEST(Spool, ADamagedMiddleCostsTheRestOfItsSegmentAndNoOther) {
  const TempFolder folder;
  const std::string line(4000, 'x');
  {
    Owner owner(folder.path(), "0123456789abcdef", 64 << 10);
    for (std::uint64_t i = 0; i < 8; ++i) owner.add(line + "\n", i);  // 4 to a segment
  }
  auto files = spools_in(spools_in(folder.path()).at(0));
  std::sort(files.begin(), files.end());
  std::fstream file(files.at(0), std::ios::in | std::ios::out);
  file.seekp(5000);
  file << "?";
  file.close();
  Owner next(folder.path(), "fedcba9876543210");
  EXPECT_EQ(next.spool.events(), 5U);
  EXPECT_THAT(next.sayings.all(), HasSubstr("damaged"));
}

TEST(Spool, AFileThatIsDamagedWhileItIsReadIsLeftOutAndCounted) {
  const TempFolder folder;
  Owner owner(folder.path());
  owner.add("a\n", 1);
  owner.add("b\n", 2);
  std::filesystem::path segment;
  for (const auto& file : spools_in(spools_in(folder.path()).at(0))) {
    if (file.extension() == ".spool") segment = file;
  }
  std::fstream(segment, std::ios::in | std::ios::out).seekp(64) << "?";
  EXPECT_EQ(owner.take(), "nothing");
  EXPECT_TRUE(owner.spool.empty());
  EXPECT_EQ(owner.spool.damaged_events(), 2U);
}

TEST(Spool, WhatIsNoSpoolIsLeftAlone) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path() / "server-1-notes");
  std::ofstream(folder.path() / "server-1-file") << "x";
  Owner owner(folder.path());
  EXPECT_TRUE(owner.spool.empty());
  EXPECT_EQ(spools_in(folder.path()).size(), 2U);
}

TEST(Spool, AForkedChildDoesNotKeepItsParentsSpoolLocked) {
  const TempFolder folder;
  auto owner = std::make_unique<Owner>(folder.path());
  owner->add("a\n", 1);
  int gate[2], running[2];
  ASSERT_EQ(pipe2(gate, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(running, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(gate[1]);
    char end = 0;
    if (write(running[1], &end, 1) != 1) _exit(2);
    _exit(read(gate[0], &end, 1) == 0 ? 0 : 1);
  }
  char begun = 0;
  ASSERT_EQ(read(running[0], &begun, 1), 1);
  owner.reset();
  EXPECT_EQ(Owner(folder.path(), "fedcba9876543210").spool.events(), 1U);
  for (const int end : {gate[0], gate[1], running[0], running[1]}) close(end);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tapedeck::remote
