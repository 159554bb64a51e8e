#include "app/run_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "market/engine_support.hpp"

namespace tapedeck::app {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;
using testing::SizeIs;

class RunRegistry : public ::testing::Test {
 protected:
  test::TemporaryFile place_{"unused", ""};
  fs::path folder_ = place_.folder() / "runs";
};

TEST_F(RunRegistry, ShowsWhatLivesAndForgetsItAfterwards) {
  {
    RunEntry entry({0, "http://127.0.0.1:9000/", "paper", false}, folder_);
    auto runs = list_runs(folder_);
    ASSERT_THAT(runs, SizeIs(1));
    EXPECT_EQ(runs[0].pid, getpid());
    EXPECT_EQ(runs[0].url, "http://127.0.0.1:9000/");
    EXPECT_EQ(runs[0].account, "paper");
    EXPECT_FALSE(runs[0].killed);
    EXPECT_EQ(runs[0].commands, 0U);
    entry.note_command(true);
    runs = list_runs(folder_);
    ASSERT_THAT(runs, SizeIs(1));
    EXPECT_TRUE(runs[0].killed);
    EXPECT_EQ(runs[0].commands, 1U);
  }
  EXPECT_THAT(list_runs(folder_), IsEmpty());
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(RunRegistry, AProcessThatDiedLeavesNothing) {
  const pid_t child = fork();
  if (child == 0) {
    new RunEntry({0, "http://127.0.0.1:1/", "paper", false}, folder_);
    _exit(0);  // as kill -9 would: nothing is tidied up
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_FALSE(fs::is_empty(folder_));
  EXPECT_THAT(list_runs(folder_), IsEmpty());
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(RunRegistry, StrangeFilesAreNoRuns) {
  const RunEntry entry({0, "u", "a", false}, folder_);
  std::ofstream(folder_ / "notapid.run") << "url=x\n";
  std::ofstream(folder_ / "notes.txt") << "hello\n";
  fs::create_symlink("/etc/passwd", folder_ / "1.run");
  EXPECT_THAT(list_runs(folder_), SizeIs(1));
  EXPECT_TRUE(fs::exists(folder_ / "notes.txt"));
}

TEST_F(RunRegistry, AFolderThatOthersCanUseIsRefused) {
  fs::create_directory(folder_);
  ASSERT_EQ(chmod(folder_.c_str(), 0777), 0);
  EXPECT_THROW(RunEntry({0, "u", "a", false}, folder_), std::runtime_error);
  EXPECT_THAT(list_runs(place_.folder() / "nowhere"), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::app
