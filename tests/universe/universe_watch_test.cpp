// The builder while it runs: commands, windows of strikes, reading in the background.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/wait.hpp"
#include "universe/dump_engine_fixture.hpp"

namespace tapedeck::universe {
namespace {

using test::at_ist;
using test::share_row;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(DumpEngineTest, ObeysRefreshUniverseAndAnswers) {
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  put(kShares + share_row("WIPRO", 7));
  EXPECT_TRUE(builder.obey({"refresh_universe", "*", "trader", ""}, at_ist(9, 20, 5)));
  replace_file(file_.path(), "");
  EXPECT_TRUE(builder.obey({"refresh_universe", "universe", "trader", ""}, at_ist(9, 20, 6)));
  EXPECT_TRUE(builder.obey({"refresh_universe", "UniverseBuilder", "", ""}, at_ist(9, 20, 7)));
  EXPECT_FALSE(builder.obey({"refresh_universe", "another", "", ""}, at_ist(9, 20, 8)));
  EXPECT_FALSE(builder.obey({"flatten", "*", "", ""}, at_ist(9, 20, 8)));
  const auto answers = bus_.payloads("command_event");
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_EQ(answers[0], R"({"command":"refresh_universe","target":"universe","state":"done",)"
                        R"("reason":"4 instruments","by":"trader"})");
  EXPECT_THAT(answers[1], AllOf(HasSubstr(R"("state":"failed")"), HasSubstr("is empty")));
}

TEST_F(DumpEngineTest, ChoosesStrikesAnewWhenTheSpotHasMovedByMoreThanAStep) {
  options_.strikes = {{.underlying = "NIFTY", .strikes_each_side = 1}};
  put(kShares + kFutures + options_around(25800, 26200));
  auto& builder = make();
  builder.start(at_ist(9, 20));
  EXPECT_EQ(builder.strikes()[0].problem, "the spot price of NIFTY is not known");
  builder.on_price("", "NIFTY 50", 26010, at_ist(9, 21));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26000);
  builder.on_price("", "NIFTY 50", 26060, at_ist(9, 22));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26000) << "a step is not more than a step";
  builder.on_price("", "NIFTY25NOVFUT", 26200, at_ist(9, 22));
  builder.on_price("BSE", "NIFTY 50", 26200, at_ist(9, 22));
  builder.on_price("NSE", "NIFTY 50", 0, at_ist(9, 22));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26000) << "prices of something else, or none";
  builder.on_price("NSE", "NIFTY 50", 26060.05, at_ist(9, 23));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26050);
  const auto told = bus_.payloads("universe_summary");
  ASSERT_THAT(told, SizeIs(4)) << "the universe, no price yet, the first window, the second";
  EXPECT_EQ(told[3],
            R"({"universe_type":"strikes","summary":{"underlying":"NIFTY","expiry_rank":0,)"
            R"("exchange":"NFO","expiry":"2025-11-18","spot":26060.05,"at_the_money":26050.0,)"
            R"("step":50.0,"futures":1,"calls":3,"puts":3,)"
            R"("added":["NIFTY25N1826100CE","NIFTY25N1826100PE"],)"
            R"("removed":["NIFTY25N1825950CE","NIFTY25N1825950PE"]}})");
}

TEST_F(DumpEngineTest, ChoosesStrikesAnewWithEachUniverse) {
  options_.strikes = {{.underlying = "NIFTY", .strikes_each_side = 0}};
  put(kShares + kFutures + options_around(26000, 26000));
  auto& builder = make();
  builder.start(at_ist(9, 20));
  builder.on_price("", "NIFTY 50", 26040, at_ist(9, 20));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26000);
  put(kShares + kFutures + options_around(26000, 26050));
  builder.advance_to(at_ist(9, 21));
  EXPECT_EQ(builder.strikes()[0].at_the_money, 26050);
  builder.advance_to(at_ist(15, 30));
  EXPECT_EQ(builder.strikes()[0].problem, "no options on 'NIFTY' are listed") << "all have expired";
  builder.on_price("", "NIFTY 50", 26050, at_ist(15, 31));
}

TEST_F(DumpEngineTest, HandsEachNewUniverseOnWithWhatIsNewInIt) {
  std::vector<std::vector<std::string>> news;
  options_.on_change = [&](const Universe&, auto instruments) {
    auto& names = news.emplace_back();
    for (const market::InstrumentInfo* info : instruments) names.push_back(info->symbol);
  };
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  put(kShares + kFutures);
  builder.refresh(at_ist(9, 21));
  replace_file(file_.path(), "");
  builder.refresh(at_ist(9, 22));
  EXPECT_THAT(news, ElementsAre(ElementsAre("INFY", "NIFTY 50", "TCS"),
                                ElementsAre("NIFTY25NOVFUT", "NIFTY 50")))
      << "the index is ordered in the future now";

  options_.state_file = file_.folder() / "kept.csv.gz";
  put(kShares + kFutures);
  make().start(at_ist(9, 23));
  news.clear();
  make().start(at_ist(9, 24));
  EXPECT_THAT(news, ElementsAre(SizeIs(4))) << "all of it, though it is as it was kept";
}

TEST_F(DumpEngineTest, ReadsInTheBackgroundAndSwapsAtALaterStep) {
  options_.background = true;
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  EXPECT_THAT(scans(), SizeIs(1)) << "the start waits";
  put(kShares + share_row("WIPRO", 7));
  ASSERT_TRUE(builder.obey({"refresh_universe", "*", "", ""}, at_ist(9, 20, 1)));
  ASSERT_TRUE(builder.obey({"refresh_universe", "*", "", ""}, at_ist(9, 20, 1)));
  ASSERT_TRUE(tapedeck::testing::wait_until([&] {
    if (builder.next_due() <= at_ist(9, 20, 2)) builder.advance_to(at_ist(9, 20, 2));
    return bus_.payloads("command_event").size() == 2;
  }));
  EXPECT_EQ(builder.refreshes(), 3U) << "the second command may have come after the file was read";
  EXPECT_THAT(scans()[1], HasSubstr(R"("added":["WIPRO"])"));
}

TEST_F(DumpEngineTest, StoppedWhileItReadsItAnswersAndPublishesNothingMore) {
  options_.background = true;
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  ASSERT_TRUE(builder.obey({"refresh_universe", "*", "", ""}, at_ist(9, 20, 1)));
  builder.stop(at_ist(9, 20, 2));
  EXPECT_EQ(builder.next_due(), Timestamp::max());
  builder.advance_to(at_ist(10, 0));
  builder.refresh(at_ist(10, 0));
  EXPECT_FALSE(builder.obey({"refresh_universe", "*", "", ""}, at_ist(10, 0)));
  EXPECT_THAT(bus_.payloads("command_event"), ElementsAre(HasSubstr(R"("state":"failed")")));
  EXPECT_THAT(scans(), SizeIs(1));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"stopped")"));
}

TEST_F(DumpEngineTest, PublishesTheSameEventsForTheSameInput) {
  options_.strikes = {{.underlying = "NIFTY"}};
  const auto run = [&] {
    put(kShares + kFutures + options_around(25000, 26000));
    test::TestBus bus;
    UniverseBuilder builder(bus.publisher("universe"), calendar_, options_);
    builder.start(at_ist(9, 0));
    builder.on_price("", "NIFTY 50", 25500, at_ist(9, 20));
    builder.advance_to(at_ist(12, 0));
    put(kShares + kFutures + options_around(25000, 26500));
    builder.advance_to(at_ist(16, 0));
    builder.stop(at_ist(16, 0));
    std::string all;
    for (const Event& event : bus.events()) all += event.json + "\n";
    return all;
  };
  const std::string first = run();
  EXPECT_THAT(first, HasSubstr("removed"));
  EXPECT_EQ(run(), first);
}

TEST_F(DumpEngineTest, SilencedItStillWatches) {
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  const auto beats = bus_.payloads("engine_health").size();
  builder.stop_telemetry();
  put(kShares + share_row("WIPRO", 7));
  builder.advance_to(at_ist(9, 30));
  EXPECT_THAT(bus_.payloads("engine_health"), SizeIs(beats));
  EXPECT_THAT(scans(), SizeIs(2));
}

TEST_F(DumpEngineTest, AnErrorIsNotHiddenByTheStop) {
  put(kShares);
  auto& builder = make();
  builder.start(at_ist(9, 20));
  builder.fail(at_ist(9, 21), "the feed broke");
  builder.stop(at_ist(9, 22));
  EXPECT_THAT(last_health(), AllOf(HasSubstr(R"("status":"error")"), HasSubstr("the feed broke")));
}

}  // namespace
}  // namespace tapedeck::universe
