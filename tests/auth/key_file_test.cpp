#include "auth/key_file.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "auth/api_key.hpp"
#include "auth/temp_folder.hpp"

namespace tapedeck::auth {
namespace {

using ::testing::HasSubstr;
using testing::mode_of;
using ::testing::Not;
using testing::read_text;
using testing::TempFolder;

constexpr std::int64_t kNow = 1'763'452'541'345'678'901;

StoredKey named(const char* name) {
  StoredKey key;
  key.name = name;
  key.scopes = 1;
  return key;
}

class KeyFileTest : public ::testing::Test {
 protected:
  const TempFolder folder_;
  const KeyFile file_{folder_ / "deep/keys.json"};
};

TEST_F(KeyFileTest, TheFirstKeyMakesTheFolderAndAFileForTheOwnerOnly) {
  const auto created = file_.create(named("grafana"), kNow);
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(mode_of(file_.path()), 0600U);
  EXPECT_EQ(mode_of(file_.path().parent_path()), 0700U);
  const auto keys = file_.read();
  ASSERT_TRUE(keys) << keys.error().message;
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front(), created->stored);
  EXPECT_EQ(keys->front().created_ns, 1'763'452'541'345'678'000);
}

TEST_F(KeyFileTest, TheSecretIsNotInTheFile) {
  const auto created = file_.create(named("grafana"), kNow);
  ASSERT_TRUE(created);
  const auto presented = parse_api_key(created->text);
  ASSERT_TRUE(presented);
  EXPECT_EQ(presented->id, created->stored.id);
  EXPECT_EQ(presented->secret, created->stored.secret);
  EXPECT_THAT(read_text(file_.path()), Not(HasSubstr(created->text.substr(13))));
}

TEST_F(KeyFileTest, ARevokedKeyStaysWithTheMomentOfItsFirstRevocation) {
  const auto created = file_.create(named("grafana"), kNow);
  ASSERT_TRUE(created);
  ASSERT_TRUE(file_.revoke(created->stored.id, kNow + 5'000));
  const auto again = file_.revoke(created->stored.id, kNow + 9'000'000);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->revoked_ns, 1'763'452'541'345'683'000);
  EXPECT_EQ(file_.read()->front().revoked_ns, again->revoked_ns);
}

TEST_F(KeyFileTest, RevokingWhatIsNotThereSaysSo) {
  EXPECT_FALSE(file_.revoke("00000000", kNow));
  EXPECT_FALSE(std::filesystem::exists(file_.path()));
  ASSERT_TRUE(file_.create(named("grafana"), kNow));
  const auto unknown = file_.revoke("00000000", kNow);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "unknown_key");
}

TEST_F(KeyFileTest, AKeyThatCannotBeIsRefusedAndTheFileStaysAsItWas) {
  ASSERT_TRUE(file_.create(named("grafana"), kNow));
  const std::string before = read_text(file_.path());
  const auto refused = file_.create(named(""), kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "The key's name must not be empty");
  EXPECT_EQ(read_text(file_.path()), before);
}

TEST_F(KeyFileTest, AFileOpenToOthersOrDamagedIsNeitherReadNorOverwritten) {
  ASSERT_TRUE(file_.create(named("grafana"), kNow));
  std::filesystem::permissions(file_.path(), std::filesystem::perms(0644));
  EXPECT_FALSE(file_.read());
  EXPECT_FALSE(file_.create(named("second"), kNow));
  std::filesystem::permissions(file_.path(), std::filesystem::perms(0600));
  ASSERT_EQ(file_.read()->size(), 1U);
  std::ofstream(file_.path()) << "{";
  const auto damaged = file_.create(named("second"), kNow);
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().message, HasSubstr("is not valid JSON"));
  EXPECT_EQ(read_text(file_.path()), "{");
}

TEST_F(KeyFileTest, WhatAKilledRunLeftBehindDoesNotMatter) {
  ASSERT_TRUE(file_.create(named("grafana"), kNow));
  std::ofstream(file_.path().string() + ".new") << "half a fi";
  ASSERT_TRUE(file_.create(named("second"), kNow));
  EXPECT_EQ(file_.read()->size(), 2U);
}

TEST_F(KeyFileTest, ALinkToTheFileStaysALink) {
  ASSERT_TRUE(file_.create(named("first"), kNow));
  const KeyFile linked(folder_ / "link.json");
  std::filesystem::create_symlink(file_.path(), linked.path());
  ASSERT_TRUE(linked.create(named("second"), kNow));
  EXPECT_TRUE(std::filesystem::is_symlink(linked.path()));
  EXPECT_EQ(file_.read()->size(), 2U);
}

TEST_F(KeyFileTest, ProcessesAtTheSameTimeLoseNoKey) {
  constexpr int kProcesses = 4, kKeys = 10;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      bool all = true;
      for (int i = 0; i < kKeys; ++i) all = all && file_.create(named("n"), kNow).ok();
      ::_exit(all ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const auto keys = file_.read();
  ASSERT_TRUE(keys) << keys.error().message;
  std::set<std::string> ids;
  for (const StoredKey& key : *keys) ids.insert(key.id);
  EXPECT_EQ(ids.size(), std::size_t{kProcesses * kKeys});
}

}  // namespace
}  // namespace tapedeck::auth
