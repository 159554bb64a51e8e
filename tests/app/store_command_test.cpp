#include "app/store_command.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "store/store_reading.hpp"

namespace tapedeck::app {
namespace {

using store::testing::damage_block;
using store::testing::Days;
using store::testing::files_in;
using store::testing::TempFolder;
using ::testing::HasSubstr;

/// Runs a command, with what it says on standard output and error.
struct Said {
  template <typename Run>
  explicit Said(Run&& run) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    code = run();
    std::fflush(stdout);
    out = ::testing::internal::GetCapturedStdout();
    err = ::testing::internal::GetCapturedStderr();
  }
  int code = -1;
  std::string out, err;
};

class StoreCommand : public ::testing::Test {
 protected:
  StoreCommand() { Days(folder_.path()).publish({2000, 100}); }
  Said verify(const std::filesystem::path& folder) {
    return Said([&] { return run_verify({folder, true}); });
  }

  const TempFolder folder_, elsewhere_;
};

TEST_F(StoreCommand, BackupRestoreAndVerifyAgree) {
  const auto copy = elsewhere_.path() / "copy", back = elsewhere_.path() / "back";
  const Said backup([&] { return run_backup({folder_.path(), copy, true}); });
  EXPECT_EQ(backup.code, 0) << backup.err;
  EXPECT_EQ(backup.err, "");  // no progress where no terminal is
  EXPECT_EQ(nlohmann::json::parse(backup.out)["files"], 2);
  const Said restored([&] { return run_restore({copy, back, true}); });
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_EQ(nlohmann::json::parse(restored.out)["events"], 2100);
  const auto original = nlohmann::json::parse(verify(folder_.path()).out);
  const auto brought_back = nlohmann::json::parse(verify(back).out);
  EXPECT_EQ(original["ok"], true);
  EXPECT_EQ(original["events"], brought_back["events"]);
  EXPECT_EQ(original["epochs"], brought_back["epochs"]);
}

TEST_F(StoreCommand, DamageIsExitOneAndSaysWhere) {
  const std::string name = files_in(folder_.path())[0];
  damage_block(folder_.path() / name, 2);
  const Said json = verify(folder_.path());
  EXPECT_EQ(json.code, 1);
  const auto report = nlohmann::json::parse(json.out);
  EXPECT_EQ(report["ok"], false);
  EXPECT_EQ(report["damages"][0]["file"], name);
  EXPECT_EQ(report["damages"][0]["block"], 2);
  EXPECT_GT(report["damages"][0]["events"], 0);
  const Said text([&] { return run_verify({folder_.path(), false}); });
  EXPECT_EQ(text.code, 1);
  EXPECT_THAT(text.out, HasSubstr("DAMAGED " + name + ", block 2: "));
  EXPECT_THAT(text.err, HasSubstr("is damaged"));
  const auto copy = elsewhere_.path() / "copy", back = elsewhere_.path() / "back";
  EXPECT_EQ(Said([&] { return run_backup({folder_.path(), copy, false}); }).code, 0);
  const Said restored([&] { return run_restore({copy, back, false}); });
  EXPECT_EQ(restored.code, 1);
  EXPECT_THAT(restored.err, HasSubstr("with the damage"));
}

TEST_F(StoreCommand, WhatCannotBeDoneIsOneSentence) {
  const Said backup([&] { return run_backup({folder_.path(), folder_.path(), false}); });
  EXPECT_EQ(backup.code, 1);
  EXPECT_THAT(backup.err, HasSubstr("is not empty"));
  const Said restored([&] { return run_restore({elsewhere_.path(), folder_.path(), false}); });
  EXPECT_EQ(restored.code, 1);
  EXPECT_THAT(restored.err, HasSubstr("no history in " + elsewhere_.path().string()));
  const Said nothing = verify(elsewhere_.path());
  EXPECT_EQ(nothing.code, 1);
  EXPECT_EQ(nothing.out, "");
}

}  // namespace
}  // namespace tapedeck::app
