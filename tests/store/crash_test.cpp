// kill -9 under load, again and again: what was acknowledged as durable is there afterwards.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <set>

#include "store/verify.hpp"
#include "store_reading.hpp"

namespace tapedeck::store {
namespace {

using tapedeck::testing::wait_until;
using testing::read_all;
using testing::small_options;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

constexpr int kKills = 20;
constexpr unsigned kLongestLifeUs = 150'000;

/// What a run tells before it is killed: how it began, then each event that is on disk.
struct Told {
  char epoch[16] = {};
  std::uint64_t seq = 0;
  std::uint64_t hash = 0;  ///< of the frame; 0: seq is the first number of the run
};

std::uint64_t hash_of(std::string_view bytes) {
  return std::hash<std::string_view>{}(bytes) | 1;
}

void tell(int pipe, Told told) {
  if (write(pipe, &told, sizeof told) != sizeof told) _exit(1);
}

/// Publishes until it is killed.
[[noreturn]] void live(const StoreOptions& options, unsigned seed, int pipe) {
  StoreRun run(options);
  Told told;
  std::strncpy(told.epoch, run.store.epoch().c_str(), sizeof told.epoch - 1);
  told.seq = run.store.begin_seq();
  tell(pipe, told);
  std::uint64_t next = told.seq;
  Traffic traffic(*run.bus, seed);
  for (;;) {
    traffic.publish(200);
    const std::uint64_t last = run.log().last_seq();
    std::atomic<bool> durable{false};
    run.store.when_durable(last, [&](const std::optional<Error>& error) {
      if (error) _exit(2);
      durable = true;
    });
    wait_until([&] { return durable.load(); });
    for (; next <= last; ++next) {
      const auto pin = run.log().pin(next);
      const FrameIndex& index = pin->index(next);
      told.seq = next;
      told.hash = hash_of({pin->frame(index), index.length});
      tell(pipe, told);
    }
  }
}

std::vector<Told> killed_run(const StoreOptions& options, unsigned seed, unsigned life_us) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    live(options, seed, ends[1]);
  }
  close(ends[1]);
  // From the moment it has begun, so that slow machines see as much as fast ones.
  std::vector<Told> out(1);
  EXPECT_EQ(read(ends[0], &out[0], sizeof(Told)), ssize_t{sizeof(Told)});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(life_us);
  Told told;
  bool alive = true;
  while (read(ends[0], &told, sizeof told) == sizeof told) {
    out.push_back(told);
    if (alive && std::chrono::steady_clock::now() >= deadline) {
      kill(child, SIGKILL);
      alive = false;
    }
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
  close(ends[0]);
  return out;
}

TEST(StoreCrash, KilledAtAnyMomentWhatWasAcknowledgedIsThereAndIdsNeverRepeat) {
  const TempFolder folder;
  StoreOptions options = small_options(folder.path());
  options.max_file_bytes = 300'000;  // so that kills meet the beginning of files, too
  std::mt19937 random(20);
  std::map<std::uint64_t, std::uint64_t> acknowledged;  // hash by number
  std::set<std::string> epochs;
  for (unsigned round = 0; round < kKills; ++round) {
    const auto told = killed_run(options, round, static_cast<unsigned>(random() % kLongestLifeUs));
    ASSERT_TRUE(epochs.insert(told[0].epoch).second) << "an epoch has come back";
    if (!acknowledged.empty()) {
      ASSERT_GT(told[0].seq, acknowledged.rbegin()->first) << "numbers have gone back";
    }
    for (std::size_t i = 1; i < told.size(); ++i) {
      ASSERT_TRUE(acknowledged.emplace(told[i].seq, told[i].hash).second);
    }
    const Store store(options);
    std::map<std::uint64_t, std::string> stored = read_all(store);
    for (const auto& [seq, hash] : acknowledged) {
      ASSERT_TRUE(stored.contains(seq)) << "lost " << seq << " in round " << round;
      ASSERT_EQ(hash_of(stored.at(seq)), hash) << seq;
    }
    ASSERT_EQ(stored.rbegin()->first, stored.size());  // nor is there a hole
  }
  EXPECT_GT(acknowledged.size(), 1000U);
  const auto report = verify(folder.path());
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->sound()) << report->damages[0].what;
  EXPECT_EQ(report->missing_total, 0U);
}

}  // namespace
}  // namespace tapedeck::store
