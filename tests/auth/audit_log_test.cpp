#include "auth/audit_log.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "auth/temp_folder.hpp"

namespace tapedeck::auth {
namespace {

using nlohmann::json;
using testing::mode_of;
using testing::read_text;
using testing::TempFolder;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'763'452'541 * kSecond;

std::vector<json> lines_of(const std::filesystem::path& path) {
  std::vector<json> lines;
  std::istringstream text(read_text(path));
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

class AuditLogTest : public ::testing::Test {
 protected:
  AuditOptions options() const {
    AuditOptions options;
    options.path = path_;
    return options;
  }
  std::size_t count(const std::string& action) const {
    std::size_t n = 0;
    for (const json& line : lines_of(path_)) n += line["action"] == action ? 1 : 0;
    return n;
  }

  const TempFolder folder_;
  const std::filesystem::path path_ = folder_ / "audit.log";
};

TEST_F(AuditLogTest, EachRecordIsALineOfJsonInAFileForTheOwner) {
  AuditLog log(options());
  log.record({"clear_buffer", "key:0123abcd", "192.0.2.1", "req-1", "a \"quoted\"\nline", kNow});
  log.record({"login", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(mode_of(path_), 0600U);
  const auto lines = lines_of(path_);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], json({{"time", "2025-11-18T07:55:41.000000Z"},
                            {"action", "clear_buffer"},
                            {"grant", "key:0123abcd"},
                            {"address", "192.0.2.1"},
                            {"request_id", "req-1"},
                            {"detail", "a \"quoted\"\nline"}}));
  EXPECT_EQ(lines[1].size(), 2U);
}

TEST_F(AuditLogTest, WhatWasThereStays) {
  for (int i = 0; i < 3; ++i) AuditLog(options()).record({"run", "", "", "", "", kNow});
  EXPECT_EQ(count("run"), 3U);
}

TEST_F(AuditLogTest, StrangersAreLimitedAndWhatIsLeftOutIsTold) {
  AuditOptions limited = options();
  limited.strangers_at_once = 5;
  limited.strangers_per_minute = 60;
  AuditLog log(limited);
  for (int i = 0; i < 1000; ++i) log.record_of_stranger({"key_refused", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(count("key_refused"), 5U);
  log.record({"login", "key:a", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(count("login"), 1U);
  ASSERT_EQ(count("suppressed"), 1U);
  EXPECT_EQ(lines_of(path_)[5]["detail"], "995 lines of strangers were left out");
  log.record_of_stranger({"key_refused", "", "", "", "", kNow + kSecond});
  log.record_of_stranger({"key_refused", "", "", "", "", kNow + kSecond});
  log.flush();
  EXPECT_EQ(count("key_refused"), 6U);
}

TEST_F(AuditLogTest, WhatWasLeftOutIsToldAtTheEndAtTheLatest) {
  {
    AuditOptions limited = options();
    limited.strangers_at_once = 1;
    AuditLog log(limited);
    for (int i = 0; i < 3; ++i) log.record_of_stranger({"key_refused", "", "", "", "", kNow});
  }
  EXPECT_EQ(lines_of(path_).back()["detail"], "2 lines of strangers were left out");
}

TEST_F(AuditLogTest, AfterReopeningItGoesOnInANewFile) {
  AuditLog log(options());
  log.record({"before", "", "", "", "", kNow});
  const auto old = folder_ / "audit.log.1";
  log.flush();
  std::filesystem::rename(path_, old);
  log.record({"moved", "", "", "", "", kNow});
  EXPECT_EQ(log.reopen(), std::nullopt);
  log.record({"after", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(lines_of(old).size(), 2U);
  ASSERT_EQ(lines_of(path_).size(), 1U);
  EXPECT_EQ(lines_of(path_)[0]["action"], "after");
}

TEST_F(AuditLogTest, WhenReopeningFailsTheOldFileStaysInUse) {
  AuditLog log(options());
  const auto old = folder_ / "audit.log.1";
  std::filesystem::rename(path_, old);
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(log.reopen().has_value());
  log.record({"still", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(lines_of(old).size(), 1U);
}

TEST_F(AuditLogTest, AFileThatOthersCanWriteAndALinkAreRefused) {
  folder_.write("audit.log", "", 0620);
  EXPECT_THROW(AuditLog log(options()), std::invalid_argument);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(folder_ / "elsewhere", path_);
  EXPECT_THROW(AuditLog log(options()), std::invalid_argument);
}

TEST_F(AuditLogTest, LongTextsAreCut) {
  AuditLog log(options());
  log.record({"a", "", "", "", std::string(AuditLog::kMaxTextBytes + 1, 'x'), kNow});
  log.flush();
  EXPECT_EQ(lines_of(path_)[0]["detail"].get<std::string>().size(), AuditLog::kMaxTextBytes);
}

TEST_F(AuditLogTest, AFullDiskLosesLinesNotRequestsAndSaysHowMany) {
  AuditLog log(options());
  log.record({"a", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(log.lost(), 0U);
  // A limit on the size of files makes every write fail, as a full disk would.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit none{std::filesystem::file_size(path_), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  log.record({"b", "", "", "", "", kNow});
  log.flush();
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(log.lost(), 1U);
  log.record({"c", "", "", "", "", kNow});
  log.flush();
  EXPECT_EQ(count("c"), 1U);
}

TEST_F(AuditLogTest, ManyThreadsWriteWholeLines) {
  constexpr int kThreads = 4, kLines = 200;
  {
    AuditLog log(options());
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < kLines; ++i) log.record({"a", "key:x", "::1", "", "", kNow});
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(log.lost(), 0U);
  }
  EXPECT_EQ(lines_of(path_).size(), std::size_t{kThreads * kLines});
}

}  // namespace
}  // namespace tapedeck::auth
