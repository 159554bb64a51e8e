#include "store/verify.hpp"

#include <gmock/gmock.h>

#include "store/retention.hpp"
#include "store_reading.hpp"

namespace tapedeck::store {
namespace {

using testing::Days;
using testing::early_options;
using testing::files_in;
using ::testing::HasSubstr;
using testing::kDay_ns;
using testing::kFirstDay;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

VerifyReport verified(const std::filesystem::path& folder) {
  auto report = verify(folder);
  EXPECT_TRUE(report) << report.error().message;
  return std::move(report).value();
}

/// Three days of events, the first of which is changed behind the store's back.
class Changed : public ::testing::Test {
 protected:
  Changed() {
    Days(folder_.path()).publish({4000, 500, 10});
    name_ = files_in(folder_.path())[0];
  }
  void change(const char* sql) { SqliteDatabase(folder_.path() / name_).execute(sql); }
  Damage only_damage() {
    const VerifyReport report = verified(folder_.path());
    EXPECT_FALSE(report.sound());
    EXPECT_EQ(report.damages_total, 1U);
    if (report.damages.empty()) return {};
    EXPECT_EQ(report.damages[0].file, name_);
    return report.damages[0];
  }

  const TempFolder folder_;
  std::string name_;
};

TEST_F(Changed, NothingIsSound) {
  std::uint64_t last = 0, total = 0;
  const auto report = verify(folder_.path(), [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GE(done, last);
    last = done;
    total = all;
  });
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->sound()) << report->damages[0].what;
  EXPECT_EQ(report->events, 4510U);
  ASSERT_EQ(report->files.size(), 3U);
  EXPECT_EQ(report->files[0].first_seq, 1U);
  EXPECT_EQ(report->files[0].end_seq, 4001U);
  EXPECT_EQ(report->files[2].end_seq, 4511U);
  EXPECT_EQ(report->epochs.size(), 1U);
  EXPECT_EQ(report->missing_total, 0U);
  EXPECT_TRUE(report->set_aside.empty());
  EXPECT_GT(report->bytes, 0U);
  EXPECT_EQ(last, total);
}

TEST_F(Changed, AFlippedBitNamesFileBlockAndEvents) {
  testing::damage_block(folder_.path() / name_, 3);
  const Damage damage = only_damage();
  EXPECT_EQ(damage.block, 3U);
  EXPECT_GT(damage.events, 0U);
  EXPECT_THAT(damage.what, HasSubstr("checksum"));
}

TEST_F(Changed, ColumnsAreCheckedToo) {
  change(
      "UPDATE block_data SET columns = substr(columns, 1, length(columns) - 5) || "
      "x'0000000000' WHERE ordinal = 2");
  EXPECT_EQ(only_damage().block, 2U);
}

TEST_F(Changed, WhatIsNotedOfABlockMustAgreeWithIt) {
  const std::pair<const char*, const char*> changes[] = {
      {"UPDATE block SET events = events - 1 WHERE ordinal = 1", "events instead of"},
      {"UPDATE block SET events = events + 1 WHERE ordinal = 1", "instead of"},
      {"UPDATE block SET min_ns = min_ns - 1 WHERE ordinal = 1", "times"},
      {"UPDATE block SET max_ns = max_ns + 1 WHERE ordinal = 1", "times"},
      {"UPDATE block SET raw_bytes = raw_bytes + 1 WHERE ordinal = 1", "size"},
      {"UPDATE block SET json_bytes = json_bytes + 1 WHERE ordinal = 1", "size"},
      {"DELETE FROM block_data WHERE ordinal = 1", "not there"},
  };
  const std::string pristine = (folder_.path() / name_).string();
  std::filesystem::copy(pristine, pristine + ".kept");
  for (const auto& [sql, sentence] : changes) {
    change(sql);
    const Damage damage = only_damage();
    EXPECT_EQ(damage.block, 1U) << sql;
    EXPECT_THAT(damage.what, HasSubstr(sentence)) << sql;
    remove_database(pristine);
    std::filesystem::copy(pristine + ".kept", pristine);
  }
}

TEST_F(Changed, NumbersMustFollowEachOther) {
  change("UPDATE block SET first_seq = first_seq - 3 WHERE ordinal = 2");
  const VerifyReport report = verified(folder_.path());
  EXPECT_FALSE(report.sound());
  EXPECT_THAT(report.damages[0].what, HasSubstr("do not follow"));
}

TEST_F(Changed, AMissingBlockIsNamed) {
  change("DELETE FROM block WHERE ordinal = 2");
  const VerifyReport report = verified(folder_.path());
  ASSERT_FALSE(report.sound());
  EXPECT_EQ(report.damages[0].block, 2U);
}

TEST_F(Changed, AnotherEventsIdIsNoticed) {
  change("UPDATE epoch SET name = 'another'");
  EXPECT_THAT(verified(folder_.path()).damages[0].what, HasSubstr("another's id"));
}

TEST_F(Changed, AnUnknownEpochIsNoticed) {
  change("UPDATE block SET epoch = 9 WHERE ordinal = 1");
  EXPECT_EQ(only_damage().block, 1U);
}

TEST_F(Changed, ASeriesThatIsGoneIsNoticed) {
  change("DELETE FROM series WHERE id = 5");
  const VerifyReport report = verified(folder_.path());
  ASSERT_FALSE(report.sound());
  EXPECT_THAT(report.damages[0].what, HasSubstr("series"));
}

TEST_F(Changed, PostingsThatDoNotLeadToTheirEventsAreNoticed) {
  change(
      "DELETE FROM posting WHERE segment = 1 AND bucket = "
      "(SELECT min(bucket) FROM posting WHERE segment = 1)");
  const Damage damage = only_damage();
  EXPECT_FALSE(damage.block);
  EXPECT_THAT(damage.what, HasSubstr("postings are missing"));
}

TEST_F(Changed, NewestEventsThatAreNotAreNoticed) {
  change("UPDATE segment SET newest = x'00' WHERE id = 1");
  EXPECT_THAT(only_damage().what, HasSubstr("newest events"));
}

TEST_F(Changed, AFileThatIsNoDatabaseIsNoticed) {
  std::fstream(folder_.path() / name_, std::ios::in | std::ios::out) << "not a database any more";
  EXPECT_THAT(only_damage().what, HasSubstr("not a database"));
}

TEST_F(Changed, AnOverwrittenPageIsNoticed) {
  std::fstream file(folder_.path() / name_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(40 * 4096);
  file << std::string(8192, '\x5a');
  file.close();
  const VerifyReport report = verified(folder_.path());
  EXPECT_FALSE(report.sound());
}

TEST_F(Changed, AFileFromTheFutureIsNamed) {
  change("PRAGMA user_version = 2");
  EXPECT_THAT(only_damage().what, HasSubstr("newer Tapedeck"));
}

TEST_F(Changed, MissingNumbersAreReportedAndAreNoDamage) {
  remove_database(folder_.path() / files_in(folder_.path())[1]);
  const VerifyReport report = verified(folder_.path());
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.holes_total, 1U);
  EXPECT_EQ(report.missing_total, 500U);
  ASSERT_EQ(report.holes.size(), 1U);
  EXPECT_EQ(report.holes[0].begin, 4001U);
  EXPECT_EQ(report.holes[0].end, 4501U);
}

TEST_F(Changed, FilesSetAsideAreTold) {
  set_aside(folder_.path() / name_);
  const VerifyReport report = verified(folder_.path());
  ASSERT_EQ(report.set_aside.size(), 1U);
  EXPECT_THAT(report.set_aside[0], HasSubstr(name_ + ".damaged-"));
}

TEST(Verify, BesideAStoreThatWritesItSeesOneMoment) {
  const TempFolder folder;
  StoreRun run(early_options(folder.path()));
  Traffic traffic(*run.bus);
  for (int round = 0; round < 20; ++round) {
    traffic.publish(300);
    const VerifyReport report = [&] {
      run.settle();
      traffic.publish(100);  // on its way to the disk meanwhile
      return verified(folder.path());
    }();
    ASSERT_TRUE(report.sound()) << report.damages[0].what;
    EXPECT_GE(report.events, static_cast<std::uint64_t>(400 * round + 300));
  }
}

TEST(Verify, EventsBeyondTheSeriesLimitAreSound) {
  const TempFolder folder;
  Days days(folder.path());
  days.options.max_series = 3;
  days.publish({3000, 10});
  const VerifyReport report = verified(folder.path());
  EXPECT_TRUE(report.sound()) << report.damages[0].what;
  EXPECT_EQ(report.events, 3010U);
}

TEST(Verify, AFileWrittenAgainIsSound) {
  const TempFolder folder;
  Days(folder.path()).publish({3000, 10});
  {
    BlockCache cache(1U << 20);
    FileSet files;
    open_files(folder.path(), {}, cache, files, [](std::string_view) {});
    Retention retention({.folder = folder.path(),
                         .rules = *parse_retention("signal_event=1d,order_event=1d"),
                         .now_ns = [] { return (kFirstDay + 5) * kDay_ns; },
                         .log = [](std::string_view) {},
                         .segment_events = 400},
                        files, cache);
    retention.apply(std::atomic<bool>(false));
  }
  const VerifyReport report = verified(folder.path());
  EXPECT_TRUE(report.sound()) << report.damages[0].what;
  EXPECT_EQ(report.missing_total, 0U);
  EXPECT_LT(report.events, 2500U);
}

TEST(Verify, AFolderWithoutHistoryIsAnError) {
  const TempFolder folder;
  const auto report = verify(folder.path());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "no_history");
}

}  // namespace
}  // namespace tapedeck::store
