// The builder with a dump: what it publishes, when it reads again, what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "universe/dump_engine_fixture.hpp"

namespace tapedeck::universe {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using test::future_row;
using test::kDumpHeader;
using test::share_row;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(DumpEngineTest, TellsEachExchangeAndTheWhole) {
  put(kShares + kFutures + share_row("INFY", 9, "BSE"));
  auto& builder = make();
  builder.start(at_ist(9, 0));
  ASSERT_THAT(scans(), SizeIs(3));
  EXPECT_EQ(scans()[0],
            R"({"scan_type":"equity","universe_size":1,"summary":{"exchange":"BSE",)"
            R"("instrument_types":["EQ"],"counts":{"EQ":1},"added":[],"removed":[],"changed":[],)"
            R"("added_count":0,"removed_count":0,"changed_count":0,"bad_rows":0,)"
            R"("session_date":"2025-11-18"}})");
  EXPECT_THAT(scans()[1], HasSubstr(R"("scan_type":"fno","universe_size":1,"summary":{)"
                                    R"("exchange":"NFO","instrument_types":["FUT"])"));
  EXPECT_THAT(scans()[2], HasSubstr(R"("scan_type":"equity","universe_size":3,"summary":{)"
                                    R"("exchange":"NSE","instrument_types":["EQ","INDEX"],)"
                                    R"("counts":{"EQ":2,"INDEX":1})"));
  EXPECT_THAT(bus_.payloads("universe_summary"),
              ElementsAre(HasSubstr(R"("total":5,"by_exchange":{"BSE":1,"NFO":1,"NSE":3})")));
  EXPECT_THAT(last_health(), AllOf(HasSubstr(R"("status":"active")"),
                                   HasSubstr(R"("instruments":5,"refreshes":1,"failures":0)")));
}

TEST_F(DumpEngineTest, NoticesAReplacedFileAndTellsTheDifference) {
  put(kShares + kFutures);
  auto& builder = make();
  builder.start(at_ist(9, 0));
  builder.advance_to(at_ist(9, 30));
  EXPECT_THAT(scans(), SizeIs(2));
  put(kShares + share_row("WIPRO", 7) + future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25", 65));
  builder.advance_to(at_ist(9, 30, 59));
  EXPECT_THAT(scans(), SizeIs(2));
  builder.advance_to(at_ist(9, 31));
  ASSERT_THAT(scans(), SizeIs(4));
  EXPECT_THAT(scans()[2], HasSubstr(R"("added":[],"removed":[],"changed":["NIFTY25NOVFUT"])"))
      << "its lot size";
  EXPECT_THAT(scans()[3], HasSubstr(R"("added":["WIPRO"],"removed":[],"changed":[])"));
  EXPECT_EQ(builder.universe()->find("NFO", "NIFTY25NOVFUT")->lot_size, 65);
  builder.advance_to(at_ist(10, 30));
  EXPECT_THAT(scans(), SizeIs(4)) << "nothing changed since";
}

TEST_F(DumpEngineTest, CapsTheNamesButCountsThemAll) {
  options_.listed_changes = 2;
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 10));
  put(kShares + share_row("A") + share_row("B") + share_row("C"));
  builder.refresh(at_ist(9, 11));
  EXPECT_THAT(scans().back(),
              AllOf(HasSubstr(R"("added":["A","B"])"), HasSubstr(R"("added_count":3)")));
}

TEST_F(DumpEngineTest, ABadDumpNeverReplacesAGoodOne) {
  put(kShares + kFutures);
  auto& builder = make();
  builder.start(at_ist(9, 10));
  const auto good = builder.universe();
  const std::vector<std::pair<std::string, std::string>> bad{
      {"", "is empty"},
      {std::string(kDumpHeader), "no instruments"},
      {"hello\n", "no column instrument_token"},
      {std::string(kDumpHeader) + kShares + "1,2,INF", "is cut off"},
      {std::string(kDumpHeader) + share_row("A") + "x\n", "are bad or repeated"}};
  std::uint64_t failures = 0;
  for (const auto& [text, why] : bad) {
    replace_file(file_.path(), text);
    builder.refresh(at_ist(9, 11));
    EXPECT_THAT(builder.last_error(), HasSubstr(why));
    EXPECT_EQ(builder.failures(), ++failures);
    EXPECT_EQ(builder.universe(), good);
    EXPECT_THAT(last_health(), AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr(why)));
  }
  std::filesystem::remove(file_.path());
  builder.refresh(at_ist(9, 12));
  EXPECT_THAT(builder.last_error(), HasSubstr("there is no file"));
  EXPECT_EQ(builder.universe(), good);
  EXPECT_THAT(scans(), SizeIs(2));
  put(kShares + kFutures);
  builder.advance_to(at_ist(9, 14));
  EXPECT_EQ(builder.last_error(), "");
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

TEST_F(DumpEngineTest, RefusesADumpThatHasLostTooMuch) {
  options_.shrink_slack = 0;
  options_.max_shrink_share = 0.5;
  put(share_row("A") + share_row("B") + share_row("C") + share_row("D") + kFutures);
  auto& builder = make();
  builder.start(at_ist(9, 10));
  put(share_row("A") + kFutures);
  builder.refresh(at_ist(9, 11));
  EXPECT_THAT(builder.last_error(),
              HasSubstr("NSE has 1 instruments, 3 fewer than in the last good dump (4)"));
  put(share_row("A") + share_row("B") + kFutures);
  builder.refresh(at_ist(9, 11));
  EXPECT_EQ(builder.last_error(), "") << "half is allowed";
  put(share_row("A") + share_row("B"));
  builder.refresh(at_ist(9, 11));
  EXPECT_THAT(builder.last_error(), HasSubstr("NFO has 0 instruments"));
}

TEST_F(DumpEngineTest, LosingAFewIsNeverTooMuch) {
  options_.shrink_slack = 2;
  put(share_row("A") + share_row("B") + share_row("C"));
  auto& builder = make();
  builder.start(at_ist(9, 10));
  put(share_row("A"));
  builder.refresh(at_ist(9, 11));
  EXPECT_EQ(builder.last_error(), "");
}

TEST_F(DumpEngineTest, ExpiredContractsAreNoShrinkage) {
  options_.shrink_slack = 0;
  options_.max_shrink_share = 0;
  put(kShares + kFutures + options_around(25000, 26000));
  auto& builder = make();
  builder.start(at_ist(9, 10));
  put(kShares + kFutures);
  builder.refresh(at_ist(9, 11));
  EXPECT_THAT(builder.last_error(), HasSubstr("NFO has 1 instruments")) << "they expire today";
  builder.refresh(at_ist(15, 31));
  EXPECT_EQ(builder.last_error(), "");
}

TEST_F(DumpEngineTest, DropsContractsWhenTheirLastSessionEnds) {
  put(kShares + kFutures + options_around(26000, 26000));
  auto& builder = make();
  builder.start(at_ist(9, 20));
  builder.advance_to(at_ist(15, 29, 59));
  EXPECT_NE(builder.universe()->find("NFO", "NIFTY25N1826000CE"), nullptr);
  builder.advance_to(at_ist(15, 30));
  EXPECT_EQ(builder.universe()->find("NFO", "NIFTY25N1826000CE"), nullptr);
  EXPECT_THAT(scans()[2], HasSubstr(R"("removed":["NIFTY25N1826000CE","NIFTY25N1826000PE"])"));
  EXPECT_EQ(builder.refreshes(), 2U);
}

TEST_F(DumpEngineTest, JumpingOverTheNightItReadsOnce) {
  put(kShares + kFutures + options_around(26000, 26000));
  auto& builder = make();
  builder.start(at_ist(9, 20));
  builder.skip_to(at_ist(9, 0) + 24h);
  EXPECT_EQ(builder.refreshes(), 2U);
  EXPECT_THAT(scans()[2], AllOf(HasSubstr(R"("removed_count":2)"),
                                HasSubstr(R"("session_date":"2025-11-19")")));
}

TEST_F(DumpEngineTest, KeepsTheLastGoodUniverseOverARestart) {
  options_.state_file = file_.folder() / "state" / "universe.csv.gz";
  put(kShares + kFutures + options_around(26000, 26000));
  make().start(at_ist(9, 20));
  put(kShares + share_row("WIPRO", 7) + kFutures);
  test::TestBus after;
  UniverseBuilder restarted(after.publisher("universe"), calendar_, options_);
  restarted.start(at_ist(9, 0) + 24h);
  const auto told = after.payloads("universe_scan");
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_THAT(told[0], HasSubstr(R"("removed":["NIFTY25N1826000CE","NIFTY25N1826000PE"],)"
                                 R"("changed":[])"));
  EXPECT_THAT(told[1], HasSubstr(R"("added":["WIPRO"],"removed":[],"changed":[])"));
}

TEST_F(DumpEngineTest, StartsWithTheKeptUniverseWhenTheDumpIsBad) {
  options_.state_file = file_.folder() / "universe.csv.gz";
  put(kShares + kFutures + options_around(26000, 26000));
  make().start(at_ist(9, 20));
  replace_file(file_.path(), "");
  test::TestBus after;
  UniverseBuilder restarted(after.publisher("universe"), calendar_, options_);
  restarted.start(at_ist(9, 0) + 24h);
  EXPECT_THAT(restarted.last_error(), HasSubstr("is empty"));
  ASSERT_NE(restarted.universe(), nullptr);
  EXPECT_NE(restarted.universe()->find("NFO", "NIFTY25NOVFUT"), nullptr);
  EXPECT_EQ(restarted.universe()->find("NFO", "NIFTY25N1826000CE"), nullptr) << "expired";
  EXPECT_THAT(after.payloads("engine_health").back(),
              AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr("is empty")));
}

TEST_F(DumpEngineTest, SaysThatTheUniverseCouldNotBeKept) {
  options_.state_file = file_.path() / "universe.csv.gz";
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  EXPECT_EQ(builder.universe()->all().size(), 3U) << "it is good all the same";
  EXPECT_THAT(last_health(), AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr("state_error")));
}

TEST_F(DumpEngineTest, WithoutAnyDumpItIsDegradedUntilThereIsOne) {
  std::filesystem::remove(file_.path());
  auto& builder = make();
  builder.start(at_ist(9, 20));
  EXPECT_EQ(builder.universe(), nullptr);
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(scans(), IsEmpty());
  put(kShares);
  builder.advance_to(at_ist(9, 21));
  EXPECT_THAT(scans(), SizeIs(1));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

TEST_F(DumpEngineTest, IsDegradedWhenTheDumpIsStale) {
  put(kShares + future_row("NIFTY25OCTFUT", "NIFTY", "2025-11-13") + kFutures);
  auto& builder = make();  // Tuesday 18th: sessions of the 14th, 17th and 18th since
  builder.start(at_ist(9, 20));
  EXPECT_THAT(last_health(),
              AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr(R"("dump_age_sessions":3)")));
  EXPECT_THAT(last_health(), HasSubstr(R"("instruments_age_hours":105.3333)"))
      << "since the end of the 13th";
  put(kShares + future_row("NIFTY25OCTFUT", "NIFTY", "2025-11-17") + kFutures);
  builder.refresh(at_ist(9, 21));
  EXPECT_THAT(last_health(),
              AllOf(HasSubstr(R"("status":"active")"), HasSubstr(R"("dump_age_sessions":1)")))
      << "yesterday's is allowed";
}

TEST_F(DumpEngineTest, TheSameFileReadAgainIsNoFresherDump) {
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  builder.skip_to(at_ist(9, 0) + 24h);
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")")) << "one session old";
  builder.skip_to(at_ist(9, 0) + 48h);
  EXPECT_THAT(last_health(),
              AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr(R"("dump_age_sessions":2)"),
                    HasSubstr(R"("instruments_age_hours":47.66666)")));
  EXPECT_EQ(builder.refreshes(), 3U);
  ASSERT_TRUE(builder.obey({"refresh_universe", "*", "", ""}, at_ist(9, 1) + 48h));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  put(kShares);
  builder.refresh(at_ist(9, 2) + 48h);
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")")) << "another file";
}

TEST_F(DumpEngineTest, TheDateOfTheFileCountsWhenAsked) {
  put(kShares);
  std::filesystem::last_write_time(
      file_.path(), std::filesystem::file_time_type::clock::from_sys(at_ist(8, 0) - 7 * 24h));
  make().start(at_ist(9, 20));
  EXPECT_THAT(last_health(), AllOf(HasSubstr(R"("dump_age_sessions":0)"),
                                   HasSubstr(R"("instruments_age_hours":0.0)")));
  options_.use_file_date = true;
  make().start(at_ist(9, 20));
  EXPECT_THAT(last_health(),
              AllOf(HasSubstr(R"("status":"degraded")"), HasSubstr(R"("dump_age_sessions":5)")));
}

TEST_F(DumpEngineTest, AppliesItsFilterAndReadsListsAnew) {
  const auto list = file_.folder() / "nifty50.txt";
  replace_file(list, "INFY\n");
  options_.filter.exchanges = {"NSE"};
  options_.filter.lists = {"NIFTY 50"};
  options_.lists = {{"NIFTY 50", list, {}}};
  put(kShares + kFutures);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  EXPECT_THAT(scans(), ElementsAre(HasSubstr(R"("universe_size":1)")));
  replace_file(list, "INFY\nTCS\n");
  builder.refresh(at_ist(9, 21));
  EXPECT_THAT(scans()[1], HasSubstr(R"("added":["TCS"])"));
  replace_file(list, "NOSUCH\n");
  builder.refresh(at_ist(9, 22));
  EXPECT_THAT(builder.last_error(), HasSubstr("no instrument that the filter keeps"));
  EXPECT_EQ(builder.universe()->all().size(), 2U);
}

TEST_F(DumpEngineTest, RefusesOptionsThatMakeNoSense) {
  const auto refusal = [&](auto change) -> std::string {
    UniverseOptions changed = options_;
    change(changed);
    try {
      const UniverseBuilder builder(bus_.publisher(), calendar_, changed);
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal([](auto& o) { o.dump.clear(); }),
              HasSubstr("the path of an instrument dump"));
  EXPECT_THAT(refusal([](auto& o) { o.check_every = 0s; }), HasSubstr("check_every"));
  EXPECT_THAT(refusal([](auto& o) { o.health_every = -1s; }), HasSubstr("health_every"));
  EXPECT_THAT(refusal([](auto& o) { o.max_shrink_share = 1.5; }), HasSubstr("max_shrink_share"));
  EXPECT_THAT(refusal([](auto& o) { o.limits.max_bad_share = -1; }), HasSubstr("max_bad_share"));
  EXPECT_THAT(refusal([](auto& o) { o.stale_after_sessions = -1; }), HasSubstr("stale_after"));
  EXPECT_THAT(refusal([](auto& o) { o.filter.lists = {"X"}; }),
              HasSubstr("no file of the list 'X'"));
  EXPECT_EQ(refusal([](auto&) {}), "accepted");
}

}  // namespace
}  // namespace tapedeck::universe
