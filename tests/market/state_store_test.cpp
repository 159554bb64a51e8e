#include "tapedeck/market/state_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include "base/sqlite.hpp"
#include "market/engine_support.hpp"

namespace tapedeck::market {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class StateStoreTest : public testing::Test {
 protected:
  StateStoreTest() : folder_("unused", ""), path_(folder_.folder() / "state" / "engines.db") {}

  /// Runs `what` in a process of its own that ends with its answer, or by a signal.
  template <typename F>
  static int in_child(F what) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(what());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }

  test::TemporaryFile folder_;
  std::filesystem::path path_;
};

TEST_F(StateStoreTest, GivesEachOwnerItsOwnValues) {
  StateStore store(path_);
  store.save("paper-execution", "orders", "[1]");
  store.save("paper-execution", "orders", "[1,2]");
  store.save("paper-strategy", "stats", "{}");
  EXPECT_THAT(store.load("paper-execution"), ElementsAre(Pair("orders", "[1,2]")));
  EXPECT_THAT(store.load("paper-strategy"), ElementsAre(Pair("stats", "{}")));
  EXPECT_THAT(store.load("paper"), IsEmpty()) << "a prefix is no owner";
}

TEST_F(StateStoreTest, SurvivesReopening) {
  const std::string odd("a\0b\"'\xC3\xA9", 7);
  {
    StateStore store(path_);
    store.save("engine", "value", "old");
    store.save("engine", "value", odd);
    store.save("engine", "empty", "");
  }
  StateStore store(path_);
  EXPECT_THAT(store.load("engine"), ElementsAre(Pair("empty", ""), Pair("value", odd)));
  EXPECT_EQ(store.problem(), "");
}

TEST_F(StateStoreTest, WhatWasFlushedSurvivesAKill) {
  const int ended = in_child([&] {
    StateStore store(path_);
    for (int i = 0; i < 500; ++i) store.save("engine", "n" + std::to_string(i), "v");
    store.flush();
    store.save("engine", "later", std::string(1 << 20, 'x'));  // may be lost, must not harm
    return ::raise(SIGKILL);
  });
  ASSERT_EQ(ended, -SIGKILL);
  StateStore store(path_);
  auto found = store.load("engine");
  found.erase("later");
  EXPECT_EQ(found.size(), 500U);
}

TEST_F(StateStoreTest, IsReadableByItsOwnerOnly) {
  StateStore store(path_);
  store.save("engine", "name", "value");
  store.flush();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path_.string() + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(StateStoreTest, AFileThatCannotBeUsedGivesASentenceThatNamesIt) {
  const auto refusal = [](const std::filesystem::path& path) {
    try {
      StateStore store(path);
    } catch (const std::runtime_error& refused) {
      return std::string(refused.what());
    }
    return std::string("accepted");
  };
  folder_.write("garbage.db", std::string(4096, 'x'));
  EXPECT_THAT(refusal(folder_.folder() / "garbage.db"),
              HasSubstr("garbage.db: file is not a database"));
  EXPECT_THAT(refusal(folder_.folder()), HasSubstr(folder_.folder().string()));
  EXPECT_THAT(refusal(folder_.folder() / "garbage.db" / "below.db"), HasSubstr("below.db: "));
}

TEST_F(StateStoreTest, AFullDiskIsToldAndWrittenOnceThereIsRoom) {
  const int answer = in_child([&] {
    StateStore store(path_);
    store.flush();
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    rlimit small = limit;
    small.rlim_cur = 64 * 1024;
    ::setrlimit(RLIMIT_FSIZE, &small);
    store.save("engine", "large", std::string(1 << 20, 'x'));
    bool told = false;
    try {
      store.flush();
    } catch (const std::runtime_error& full) {
      told = std::string(full.what()).find("engines.db: ") != std::string::npos &&
             store.problem() == full.what();
    }
    if (!told) return 1;
    if (store.load("engine")["large"].size() != 1 << 20) return 2;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    store.save("engine", "small", "y");
    store.flush();
    return store.problem().empty() ? 0 : 3;
  });
  EXPECT_EQ(answer, 0);
  StateStore store(path_);
  EXPECT_EQ(store.load("engine")["large"].size(), 1U << 20);
  EXPECT_EQ(store.load("engine")["small"], "y");
}

TEST_F(StateStoreTest, SavesFromManyThreads) {
  {
    StateStore store(path_);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&store, thread] {
        for (int i = 0; i < 200; ++i) {
          store.save("engine" + std::to_string(thread), "n", std::to_string(i));
          store.load("engine0");
        }
        store.flush();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  StateStore store(path_);
  for (int thread = 0; thread < 4; ++thread) {
    EXPECT_EQ(store.load("engine" + std::to_string(thread))["n"], "199");
  }
}

}  // namespace
}  // namespace tapedeck::market
