#include "store/retention.hpp"

#include <gmock/gmock.h>

#include <map>

#include "query/tape.hpp"
#include "store/file_scan.hpp"
#include "store_fixture.hpp"
#include "store_reading.hpp"

namespace tapedeck::store {
namespace {

using testing::Days;
using testing::early_options;
using ::testing::ElementsAre;
using testing::files_in;
using ::testing::HasSubstr;
using testing::kDay_ns;
using testing::kFirstDay;
using testing::publish_typed;
using testing::read_all;
using testing::StoreRun;
using testing::TempFolder;
using testing::Traffic;

RetentionRules rules(std::string_view text, std::uint64_t max_bytes = 0) {
  auto parsed = parse_retention(text);
  EXPECT_TRUE(parsed) << parsed.error().message;
  parsed->max_bytes = max_bytes;
  return *parsed;
}

/// The files of a folder that nobody else has open, and one round of retention.
struct Round {
  explicit Round(const std::filesystem::path& folder, std::string_view text, std::int64_t day,
                 std::uint64_t max_bytes = 0) {
    open_files(folder, {}, cache, files, [](std::string_view) {});
    retention.emplace(Retention::Options{.folder = folder,
                                         .rules = rules(text, max_bytes),
                                         .now_ns = [day] { return day * kDay_ns; },
                                         .log = [this](auto line) { said.emplace_back(line); },
                                         .segment_events = 700},
                      files, cache);
  }
  void apply() { retention->apply(stop); }

  BlockCache cache{1U << 20};
  FileSet files;
  std::optional<Retention> retention;
  std::atomic<bool> stop{false};
  std::vector<std::string> said;
};

// --- files ---

TEST(Retention, AFileOfWhichEverythingHasAgedIsDeleted) {
  const TempFolder folder;
  Days(folder.path()).publish({300, 300, 300, 10});
  Round round(folder.path(), "2d", kFirstDay + 3);
  round.apply();
  EXPECT_EQ(files_in(folder.path()).size(), 3U);
  round.apply();
  EXPECT_EQ(files_in(folder.path()).size(), 3U);
  ASSERT_EQ(round.said.size(), 1U);
  EXPECT_THAT(round.said[0], HasSubstr("all its events have aged"));
}

TEST(Retention, TheNewestFileIsNeverTouched) {
  const TempFolder folder;
  Days(folder.path()).publish({300, 300});
  Round round(folder.path(), "1h", kFirstDay + 1000, 1);
  round.apply();
  EXPECT_EQ(files_in(folder.path()).size(), 1U);
  StoreRun run(early_options(folder.path()));
  EXPECT_EQ(run.store.stats().first_seq, 301U);
}

TEST(Retention, AgedTypesGoAndEverythingElseIsFoundAsBefore) {
  const TempFolder folder;
  Days(folder.path()).publish({4000, 20});
  std::map<std::uint64_t, std::string> before;
  {
    const StoreRun run(early_options(folder.path()));
    before = read_all(run.store);
  }
  std::erase_if(before, [](const auto& event) {
    return event.first <= 4000 &&
           event.second.find("\"type\":\"signal_event\"") != std::string::npos;
  });
  Round round(folder.path(), "signal_event=1d", kFirstDay + 3);
  round.apply();
  const auto files = files_in(folder.path());
  ASSERT_EQ(files.size(), 2U);
  EXPECT_THAT(files[0], HasSubstr("-g2.db"));
  EXPECT_EQ(round.said.size(), 1U);
  round.apply();  // there is nothing left to be done
  EXPECT_EQ(round.said.size(), 1U);

  const StoreRun run(early_options(folder.path()));
  EXPECT_EQ(read_all(run.store), before);  // and no hole is met on the way
  EXPECT_GT(before.size(), 3000U);
  for (const char* symbol : {"S1", "S17", "S49", "S50"}) {
    EXPECT_EQ(read_all(run.store, {.symbol = {symbol}}),
              testing::matching(before, {.symbol = {symbol}}));
  }
  EXPECT_EQ(read_all(run.store, {.order_id = {"O11"}}),
            testing::matching(before, {.order_id = {"O11"}}));
  EXPECT_EQ(read_all(run.store, {.event_type = {"signal_event"}}),
            testing::matching(before, {.event_type = {"signal_event"}}));
}

TEST(Retention, ANewestOfEachIsTheNewestThatStays) {
  const TempFolder folder;
  Days days(folder.path());
  days.run([](TelemetryBus& bus) {
    publish_typed(bus, "keep", 100);
    publish_typed(bus, "drop", 2000);
  });
  days.run([](TelemetryBus& bus) { publish_typed(bus, "other", 1); });
  Round(folder.path(), "drop=1d", kFirstDay + 5).apply();
  const StoreRun run(early_options(folder.path()));
  std::unordered_set<std::string> seen;
  const HistorySlice slice =
      run.store.read_latest({}, LatestKeys{{}, true}, run.store.end_seq(), seen, {});
  std::vector<std::uint64_t> seqs;
  for (const StoredFrames& block : slice.blocks) {
    seqs.insert(seqs.end(), block.seqs.begin(), block.seqs.end());
  }
  EXPECT_THAT(seqs, ElementsAre(2101, 100));
}

TEST(Retention, AFileAmidOthersThatHasNothingLeftLeavesNoHole) {
  const TempFolder folder;
  Days days(folder.path());
  days.run([](TelemetryBus& bus) { publish_typed(bus, "keep", 10); });
  days.run([](TelemetryBus& bus) { publish_typed(bus, "drop", 700); });
  days.run([](TelemetryBus& bus) { publish_typed(bus, "keep", 10); });
  Round round(folder.path(), "keep=10d,drop=1d", kFirstDay + 5);
  round.apply();
  round.apply();
  EXPECT_EQ(round.said.size(), 1U);
  {
    const StoreRun run(early_options(folder.path()));
    EXPECT_EQ(read_all(run.store).size(), 20U);
  }
  // When what is before it has gone, so has it.
  Round(folder.path(), "keep=10d,drop=1d", kFirstDay + 11).apply();
  EXPECT_EQ(files_in(folder.path()).size(), 1U);
}

TEST(Retention, RealHolesStayHoles) {
  const TempFolder folder;
  {
    BlockCache cache(1U << 20);
    EventFile file(folder.path() / FileName{1, kFirstDay}.text(), {}, cache);
    EventFile::Batch batch;
    for (const BlockOrdinal ordinal : {0U, 1U, 2U}) {
      batch.blocks.push_back(testing::block_of_numbers(file, 1 + 4 * ordinal, 2, ordinal));
    }
    batch.epochs.push_back({1, "abc", 1});
    batch.last_block_is_full = true;
    batch.ends_segment = true;
    file.write(batch);
  }
  Days later(folder.path());
  later.day = kFirstDay + 1;
  later.publish({5});
  Round(folder.path(), "odd=1d", kFirstDay + 30).apply();
  const StoreRun run(early_options(folder.path()));
  const HistorySlice at_hole = run.store.read_forward({}, 3, 20, {});
  EXPECT_EQ(at_hole.missing, 2U);
  EXPECT_EQ(at_hole.next, 5U);
  const HistorySlice aged = run.store.read_forward({}, 1, 3, {});
  EXPECT_EQ(aged.missing, 0U);
  EXPECT_EQ(aged.events, 1U);
}

TEST(Retention, EventsBeyondTheSeriesLimitAgeToo) {
  const TempFolder folder;
  Days days(folder.path());
  days.options.max_series = 1;
  days.run([](TelemetryBus& bus) {
    publish_typed(bus, "first", 5);
    publish_typed(bus, "drop", 50);
    publish_typed(bus, "keep", 50);
  });
  days.run([](TelemetryBus& bus) { publish_typed(bus, "keep", 1); });
  Round round(folder.path(), "drop=1d", kFirstDay + 5);
  round.apply();
  round.apply();
  EXPECT_EQ(round.said.size(), 1U);  // it is not looked at again
  const StoreRun run(days.options);
  EXPECT_EQ(read_all(run.store).size(), 56U);
  EXPECT_EQ(read_all(run.store, {.event_type = {"keep"}}).size(), 51U);
}

TEST(Retention, WhatIsDerivedStays) {
  const TempFolder folder;
  Days days(folder.path());
  days.run([](TelemetryBus& bus) {
    publish_typed(bus, "keep", 5);
    publish_typed(bus, "drop", 5);
  });
  days.publish({5});
  const auto first = folder.path() / files_in(folder.path())[0];
  {
    SqliteDatabase database(first);
    database.execute(
        "INSERT INTO rollup VALUES (7000, 1, 2, 3, x'00ff');"
        "INSERT INTO trade VALUES ('C', 'e-1', 1, 'S', 's', 'a', 'm', 'won', 1, x'01');"
        "INSERT INTO idempotency VALUES ('k', 1, 2, 'e', 3, 4);"
        "INSERT INTO setting VALUES ('mine', 'yes')");
  }
  Round(folder.path(), "drop=1d", kFirstDay + 5).apply();
  SqliteDatabase database =
      SqliteDatabase::open_to_read(folder.path() / files_in(folder.path())[0]);
  SqliteStatement counts(database,
                         "SELECT (SELECT count(*) FROM rollup WHERE id = 7000 AND data = x'00ff'),"
                         "(SELECT count(*) FROM trade), (SELECT count(*) FROM idempotency),"
                         "(SELECT count(*) FROM setting WHERE name = 'mine'),"
                         "(SELECT count(*) FROM epoch), (SELECT sum(events) FROM block)");
  ASSERT_TRUE(counts.step());
  for (int column = 0; column < 5; ++column) EXPECT_EQ(counts.integer(column), 1) << column;
  EXPECT_EQ(counts.integer(5), 5);
}

TEST(Retention, TheOldestFilesGoUntilTheRestFits) {
  const TempFolder folder;
  Days(folder.path()).publish({2000, 2000, 2000, 2000});
  std::vector<std::uint64_t> sizes;
  for (const auto& name : files_in(folder.path())) {
    sizes.push_back(std::filesystem::file_size(folder.path() / name));
  }
  const std::uint64_t of_two = sizes[2] + sizes[3];
  Round(folder.path(), "", kFirstDay, sizes[1] + of_two).apply();
  EXPECT_EQ(files_in(folder.path()).size(), 3U);
  Round(folder.path(), "", kFirstDay, of_two - 1).apply();
  EXPECT_EQ(files_in(folder.path()).size(), 1U);
}

TEST(Retention, AStoppedRoundLeavesEverythingAsItWas) {
  const TempFolder folder;
  Days(folder.path()).publish({2000, 10});
  const auto before = files_in(folder.path());
  Round round(folder.path(), "signal_event=1d", kFirstDay + 5);
  round.stop = true;
  round.apply();
  EXPECT_EQ(files_in(folder.path()), before);
}

TEST(Retention, WhatACrashLeftHalfWrittenIsTidiedUp) {
  const TempFolder folder;
  Days(folder.path()).publish({2000, 10});
  const auto half = folder.path() / (FileName{1, kFirstDay, 2}.text() + ".tmp");
  std::ofstream(half) << "half a file";
  std::ofstream(half.string() + "-wal") << "its log";
  std::ofstream(folder.path() / "somebody's.tmp") << "not ours";
  const Round round(folder.path(), "1d", kFirstDay);
  EXPECT_FALSE(std::filesystem::exists(half));
  EXPECT_FALSE(std::filesystem::exists(half.string() + "-wal"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "somebody's.tmp"));
}

TEST(Retention, OfAFileWrittenAgainTheNewOneCountsAfterACrash) {
  const TempFolder folder, copy;
  Days(folder.path()).publish({2000, 10});
  std::filesystem::copy(folder.path(), copy.path(), std::filesystem::copy_options::recursive);
  Round(folder.path(), "signal_event=1d", kFirstDay + 5).apply();
  const auto old = files_in(copy.path())[0];
  std::filesystem::copy(copy.path() / old, folder.path() / old);  // the crash came before its end
  const StoreRun run(early_options(folder.path()));
  EXPECT_TRUE(read_all(run.store, {.event_type = {"signal_event"}}).rbegin()->first > 2000);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / old));
}

TEST(Retention, AReaderHalfWayThroughAFileGoesOn) {
  const TempFolder folder;
  Days(folder.path()).publish({3000, 10});
  Round round(folder.path(), "1d", kFirstDay + 5);
  std::shared_ptr<EventFile> held = round.files.entries()[0].file;
  const CompiledFilter everything;
  std::optional<FileScan> scan(std::in_place, *held, everything);
  SliceBuilder begun(ReadLimits{.events = 100});
  scan->forward(1, 3001, begun);
  EXPECT_EQ(begun.slice.events, 100U);
  const auto path = held->path();
  round.apply();
  EXPECT_EQ(round.files.entries().size(), 1U);
  SliceBuilder rest(ReadLimits{.events = 10'000, .bytes = 1U << 30});
  scan->forward(begun.slice.next, 3001, rest);
  EXPECT_EQ(rest.slice.events, 2900U);
  EXPECT_TRUE(std::filesystem::exists(path));
  scan.reset();
  held.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Retention, ADamagedBlockKeepsTheFileAsItIs) {
  const TempFolder folder;
  Days(folder.path()).publish({2000, 10});
  testing::damage_block(folder.path() / files_in(folder.path())[0], 3);
  Round round(folder.path(), "signal_event=1d", kFirstDay + 5);
  round.apply();
  ASSERT_EQ(round.said.size(), 1U);
  EXPECT_THAT(round.said[0], HasSubstr("stays for now"));
  EXPECT_THAT(round.said[0], HasSubstr("block 3"));
  EXPECT_EQ(round.files.entries().size(), 2U);
}

// --- in a running store ---

TEST(Retention, ANewDayMakesTheOldestGoWhileTheStoreRuns) {
  const TempFolder folder;
  Days days(folder.path());
  days.publish({100, 100});
  std::atomic<std::int64_t> now_ns{(kFirstDay + 1) * kDay_ns};
  StoreOptions options = early_options(folder.path());
  options.now_ns = [&] { return now_ns.load(); };
  options.retention = rules("1d");
  StoreRun run(options);
  EXPECT_EQ(run.store.stats().files, 2U);
  now_ns = (kFirstDay + 2) * kDay_ns;  // the first day's file has now aged
  Traffic(*run.bus).publish(10);
  run.settle();
  EXPECT_TRUE(tapedeck::testing::wait_until([&] { return run.store.stats().first_seq == 101; }));
  EXPECT_EQ(run.store.stats().events, 110U);
}

TEST(Retention, AnEpochWhoseEventsAreGoneIsStillKnown) {
  const TempFolder folder, crashed;
  std::string epoch;
  {
    Days days(folder.path());
    days.run([&](TelemetryBus& bus) {
      epoch = bus.get_stats().epoch;
      publish_typed(bus, "t", 100);
    });
    days.crash_into(crashed.path());
  }
  Days later(crashed.path());
  later.day = kFirstDay + 9;
  later.publish({50, 50});
  Round(crashed.path(), "3d", kFirstDay + 12).apply();
  StoreRun run(early_options(crashed.path()));
  EXPECT_NE(run.store.epoch(), epoch);
  ASSERT_TRUE(run.store.range_of(epoch));
  EXPECT_EQ(run.store.range_of(epoch)->first, 1U);
  EXPECT_EQ(run.store.range_of(epoch)->end, 101U);
  EXPECT_EQ(run.store.first_seq(), 101U);
  const Tape tape(*run.bus, &run.store);
  const ResumePoint gone = tape.resume_after(epoch + "-60");
  EXPECT_TRUE(gone.gap);
  EXPECT_EQ(gone.missed, 40U);
  EXPECT_EQ(gone.next, 101U);
}

}  // namespace
}  // namespace tapedeck::store
