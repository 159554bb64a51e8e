#include "auth/guarded_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/temp_folder.hpp"

namespace tapedeck::auth {
namespace {

using ::testing::HasSubstr;
using testing::TempFolder;

class GuardedFile : public ::testing::Test {
 protected:
  bool is_read(Guard guard, mode_t mode) {
    const auto path = folder_.write("file", "text", mode);
    const auto text = read_guarded(path, "keys file", guard, 100);
    if (!text) error_ = text.error().message;
    return text.ok();
  }

  const TempFolder folder_;
  std::string error_;
};

TEST_F(GuardedFile, OneForTheOwnerIsRefusedWhenAnybodyElseHasAPartInIt) {
  EXPECT_TRUE(is_read(Guard::owner_only, 0600));
  EXPECT_TRUE(is_read(Guard::owner_only, 0400));
  for (const mode_t mode : {0640, 0620, 0604, 0602, 0644, 0666}) {
    EXPECT_FALSE(is_read(Guard::owner_only, mode)) << mode;
  }
  EXPECT_THAT(error_, HasSubstr("is open to other users (mode 666); close it: chmod 600 "));
}

TEST_F(GuardedFile, ASecretMayBeReadByItsGroupButNotByOthers) {
  EXPECT_TRUE(is_read(Guard::group_reads, 0640));
  EXPECT_TRUE(is_read(Guard::group_reads, 0440));
  EXPECT_FALSE(is_read(Guard::group_reads, 0660));
  EXPECT_FALSE(is_read(Guard::group_reads, 0604));
}

TEST_F(GuardedFile, APublicKeyMayBeReadByAnybodyButNotWritten) {
  EXPECT_TRUE(is_read(Guard::everyone_reads, 0644));
  EXPECT_TRUE(is_read(Guard::everyone_reads, 0664));
  EXPECT_FALSE(is_read(Guard::everyone_reads, 0666));
}

TEST_F(GuardedFile, ItsLimitIsTheLastSizeThatIsRead) {
  const auto path = folder_.write("file", std::string(1000, 'x'));
  EXPECT_TRUE(read_guarded(path, "keys file", Guard::owner_only, 1000));
  const auto refused = read_guarded(path, "keys file", Guard::owner_only, 999);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is larger than the 999 bytes"));
}

TEST_F(GuardedFile, WhatIsNoFileIsRefusedAndHoldsNobodyUp) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& path : {pipe, folder_.path(), folder_ / "missing"}) {
    EXPECT_FALSE(read_guarded(path, "keys file", Guard::owner_only, 100));
  }
}

TEST_F(GuardedFile, AReplacedFileHasAnotherIdentityEvenWithTheOldTimesAndSize) {
  const auto path = folder_.write("file", "one");
  const auto before = identity_of(path);
  const auto time = std::filesystem::last_write_time(path);
  const auto fresh = folder_.write("fresh", "two");
  std::filesystem::last_write_time(fresh, time);
  std::filesystem::rename(fresh, path);
  EXPECT_NE(identity_of(path), before);
  std::filesystem::remove(path);
  EXPECT_EQ(identity_of(path), std::nullopt);
}

}  // namespace
}  // namespace tapedeck::auth
