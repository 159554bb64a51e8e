// The candle cache as the engine offers it, in memory and over restarts.
#include <sys/stat.h>

#include "base/sqlite.hpp"
#include "market/market_data_fixture.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CandleCacheTest : public MarketDataFixture {
 protected:
  CandleCacheTest() : folder_("unused", "") {}

  std::filesystem::path use_file() {
    options_.cache_file = folder_.folder() / "candles.db";
    return options_.cache_file;
  }
  /// A tick in each minute from 9:15 on, whose price is the minute.
  void trade(int minutes, int from = 0) {
    for (int i = from; i < from + minutes; ++i) tick(at_ist(9, 15) + i * 1min, 100 + i, 10);
  }
  std::vector<double> closes(const char* length, std::size_t n) {
    std::vector<double> all;
    for (const Candle& one : engine().get_window("NSE", "INFY", timeframe(length), n)) {
      all.push_back(one.close);
    }
    return all;
  }
  std::int64_t rows_in_file() {
    SqliteDatabase database(options_.cache_file);
    SqliteStatement count(database, "SELECT count(*) FROM candle");
    count.step();
    return count.integer(0);
  }

  test::TemporaryFile folder_;
};

TEST_F(CandleCacheTest, GivesTheNewestClosedCandlesOldestFirst) {
  engine().start(at_ist(9, 15));
  trade(8);
  EXPECT_THAT(closes("1m", 3), ElementsAre(104, 105, 106));
  EXPECT_THAT(closes("1m", 100), SizeIs(7)) << "the eighth is being built";
  EXPECT_THAT(closes("1m", 0), IsEmpty());
  EXPECT_THAT(closes("5m", 10), ElementsAre(104));
  EXPECT_THAT(engine().get_window({}, "INFY", timeframe("1m"), 1), SizeIs(1)) << "NSE is found";
  EXPECT_THAT(engine().get_window("BSE", "INFY", timeframe("1m"), 1), IsEmpty());
  EXPECT_THAT(engine().get_window("NSE", "NOSUCH", timeframe("1m"), 1), IsEmpty());
}

TEST_F(CandleCacheTest, TheLatestCandleIsTheOneBeingBuilt) {
  engine().start(at_ist(9, 15));
  EXPECT_FALSE(engine().get_latest_candle("NSE", "INFY", timeframe("1m")));
  trade(7);
  const auto minute = engine().get_latest_candle("NSE", "INFY", timeframe("1m"));
  ASSERT_TRUE(minute);
  EXPECT_FALSE(minute->closed);
  EXPECT_EQ(minute->candle.start, at_ist(9, 21));
  EXPECT_EQ(minute->candle.exchange, "NSE");
  const auto five = engine().get_latest_candle("NSE", "INFY", timeframe("5m"));
  ASSERT_TRUE(five);
  EXPECT_FALSE(five->closed);
  EXPECT_EQ(five->candle.open, 105);
  EXPECT_EQ(five->candle.close, 106) << "the open minute included";
  EXPECT_EQ(five->candle.volume, 20);
  EXPECT_EQ(five->candle.end, at_ist(9, 25));
  engine().advance_to(at_ist(9, 25));
  const auto closed = engine().get_latest_candle("NSE", "INFY", timeframe("5m"));
  EXPECT_TRUE(closed->closed);
  EXPECT_EQ(closed->candle.volume, 20);
}

TEST_F(CandleCacheTest, AskingForTheOpenCandleChangesNothing) {
  engine().start(at_ist(9, 15));
  trade(7);
  engine().get_latest_candle("NSE", "INFY", timeframe("5m"));
  engine().get_latest_candle("NSE", "INFY", timeframe("5m"));
  engine().advance_to(at_ist(9, 25));
  EXPECT_EQ(closed_of("5m").back().volume, 20);
}

TEST_F(CandleCacheTest, KeepsNoMoreThanItsLimitOfEachSeries) {
  options_.cached_candles = 4;
  engine().start(at_ist(9, 15));
  trade(10);
  EXPECT_THAT(closes("1m", 100), ElementsAre(105, 106, 107, 108));
  trade(300, 10);
  EXPECT_THAT(closes("1m", 100), ElementsAre(405, 406, 407, 408));
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 15), 50)), "");
  EXPECT_THAT(closes("1m", 100), ElementsAre(405, 406, 407, 408)) << "older than all of them";
}

TEST_F(CandleCacheTest, TakesACandleFromElsewhereAndPublishesNothing) {
  engine().start(at_ist(9, 30));
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 16), 50)), "");
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 15), 49)), "");
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 16), 51)), "") << "replaces";
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 16), 51)), "") << "again";
  EXPECT_THAT(closes("1m", 9), ElementsAre(49, 51));
  EXPECT_THAT(bus_.events("candle_event"), IsEmpty());
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(CandleCacheTest, SaysWhyACandleIsNotTaken) {
  engine().start(at_ist(9, 30));
  const auto why = [&](const std::function<void(Candle&)>& spoil) {
    Candle one = flat_candle(at_ist(9, 16), 50);
    spoil(one);
    return std::string(engine().update(one));
  };
  EXPECT_THAT(why([](Candle& c) { c.symbol = "NOSUCH"; }), HasSubstr("instrument table"));
  EXPECT_THAT(why([](Candle& c) { c.low = 0; }), HasSubstr("not above zero"));
  EXPECT_THAT(why([](Candle& c) { c.low = 51; }), HasSubstr("low to high"));
  EXPECT_THAT(why([](Candle& c) { c.volume = -1; }), HasSubstr("negative"));
  EXPECT_THAT(why([](Candle& c) { c.start = at_ist(8, 0); }), HasSubstr("outside a session"));
  EXPECT_THAT(why([](Candle& c) { c.start += 1s; }), HasSubstr("start is not one"));
  EXPECT_THAT(why([](Candle& c) { c.end += 1s; }), HasSubstr("end is not that"));
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 29), 50)), "") << "ends now";
  EXPECT_THAT(engine().update(flat_candle(at_ist(9, 30), 50)), HasSubstr("not over yet"));
  EXPECT_THAT(closes("1m", 9), SizeIs(1));
}

TEST_F(CandleCacheTest, NeverMixesAdjustedAndRawCandles) {
  engine().start(at_ist(9, 30));
  Candle adjusted = flat_candle(at_ist(9, 15), 20);
  adjusted.basis = PriceBasis::adjusted;
  EXPECT_EQ(engine().update(adjusted), "");
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 16), 100)), "");
  EXPECT_THAT(closes("1m", 9), ElementsAre(100));
  const auto other = engine().get_window("NSE", "INFY", timeframe("1m"), 9, PriceBasis::adjusted);
  ASSERT_THAT(other, SizeIs(1));
  EXPECT_EQ(other[0].close, 20);
  EXPECT_EQ(other[0].basis, PriceBasis::adjusted);
  CandleQuery query;
  query.basis = PriceBasis::adjusted;
  EXPECT_EQ(engine().replay(query, [](const Candle&) {}), 1U);
}

TEST_F(CandleCacheTest, ALongerCandleTakesInWhatWasAddedOfItsBeginning) {
  engine().start(at_ist(9, 17));
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 15), 90, 7)), "");
  EXPECT_EQ(engine().update(flat_candle(at_ist(9, 16), 95, 8)), "");
  tick(at_ist(9, 17, 30), 100, 5);
  engine().advance_to(at_ist(9, 20));
  const auto five = closed_of("5m");
  ASSERT_THAT(five, SizeIs(1));
  EXPECT_EQ(five[0].open, 90);
  EXPECT_EQ(five[0].close, 100);
  EXPECT_EQ(five[0].volume, 20);
}

TEST_F(CandleCacheTest, ReplaysInOrderOfTimeWhatIsAskedFor) {
  const auto file = use_file();
  for (const bool with_file : {false, true}) {
    options_.cache_file = with_file ? file : std::filesystem::path();
    restart();
    engine().start(at_ist(9, 15));
    trade(6);
    tick(at_ist(9, 20, 30), 3000, 1, "TCS");
    engine().advance_to(at_ist(9, 25));
    const auto played = [&](const CandleQuery& query) {
      std::vector<std::string> all;
      engine().replay(query, [&](const Candle& one) {
        all.push_back(one.symbol + std::string(" ") + std::string(one.timeframe.name()) + " " +
                      std::to_string((one.end - at_ist(9, 15)) / 1min));
      });
      return all;
    };
    CandleQuery query;
    EXPECT_THAT(played(query),
                ElementsAre("INFY 1m 1", "INFY 1m 2", "INFY 1m 3", "INFY 1m 4", "INFY 1m 5",
                            "INFY 5m 5", "INFY 1m 6", "TCS 1m 6", "INFY 5m 10", "TCS 5m 10"));
    query.from = at_ist(9, 16);
    query.to = at_ist(9, 18);
    EXPECT_THAT(played(query), ElementsAre("INFY 1m 2", "INFY 1m 3")) << "by their start";
    query = {};
    query.symbol = "TCS";
    query.timeframe = timeframe("5m");
    EXPECT_THAT(played(query), ElementsAre("TCS 5m 10"));
    query.exchange = "BSE";
    EXPECT_THAT(played(query), IsEmpty());
  }
}

TEST_F(CandleCacheTest, SurvivesARestart) {
  const auto file = use_file();
  engine().start(at_ist(9, 15));
  trade(8);
  engine().stop(at_ist(9, 22, 30));
  restart();
  const std::array wanted{timeframe("1m")};
  const auto history = engine().history(wanted, at_ist(9, 22));
  ASSERT_THAT(history, SizeIs(7)) << "for warming up, before start()";
  EXPECT_EQ(history.front().close, 100);
  EXPECT_EQ(history.back().end, at_ist(9, 22));
  engine().start(at_ist(9, 22, 40));
  EXPECT_THAT(closes("1m", 100), SizeIs(7));
  EXPECT_EQ(engine().get_latest_candle("NSE", "INFY", timeframe("5m"))->candle.close, 104);
  EXPECT_THAT(closed_, IsEmpty());
  EXPECT_THAT(bus_.events("candle_event"), SizeIs(8)) << "none again";
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(CandleCacheTest, ALongCandleIsWholeInSpiteOfARestart) {
  use_file();
  options_.timeframes = {timeframe("1m"), timeframe("60m"), timeframe("1d")};
  engine().start(at_ist(9, 15));
  trade(30);
  engine().advance_to(at_ist(9, 45));
  engine().stop(at_ist(9, 45));
  restart();
  engine().start(at_ist(9, 45));
  trade(35, 30);
  engine().advance_to(at_ist(15, 30));
  EXPECT_EQ(closed_of("60m").front().open, 100);
  EXPECT_EQ(closed_of("60m").front().volume, 600);
  EXPECT_EQ(closed_of("1d").front().volume, 650);
}

TEST_F(CandleCacheTest, TheSameCandleTwiceIsOneRow) {
  use_file();
  for (int run = 0; run < 2; ++run) {
    restart();
    engine().start(at_ist(9, 15));
    trade(5);
    engine().advance_to(at_ist(9, 20));
    engine().stop(at_ist(9, 20));
  }
  restart();
  EXPECT_EQ(rows_in_file(), 6) << "five minutes and one of five";
}

TEST_F(CandleCacheTest, NeverShowsAnEngineItsFuture) {
  use_file();
  engine().start(at_ist(9, 15));
  trade(8);
  engine().stop(at_ist(9, 23));
  restart();
  engine().start(at_ist(9, 18));
  EXPECT_THAT(closes("1m", 100), ElementsAre(100, 101, 102));
  EXPECT_EQ(engine().replay({}, [](const Candle& one) { EXPECT_LE(one.end, at_ist(9, 18)); }), 3U);
}

TEST_F(CandleCacheTest, ARunWithoutAFileGivesTheEventsOfOneWithAFile) {
  const auto run = [&](const std::filesystem::path& file) {
    test::TestBus bus;
    options_.cache_file = file;
    MarketDataEngine one(bus.publisher(), calendar_, instruments_, options_, {});
    one.start(at_ist(9, 15));
    for (int i = 0; i < 500; ++i) {
      const Timestamp at = at_ist(9, 15) + i * 1s;
      one.advance_to(at);
      one.on_tick({.at = at, .symbol = "INFY", .price = 100.0 + i % 9, .quantity = 1});
    }
    std::string candles;
    for (const Event& event : bus.events("candle_event")) candles += event.payload;
    return candles;
  };
  const auto file = use_file();
  const std::string without = run({});
  EXPECT_EQ(without, run(file));
  EXPECT_EQ(without, run(file)) << "and what the file holds by now changes nothing";
}

TEST_F(CandleCacheTest, ADamagedFileIsSetAsideAndTold) {
  const auto file = use_file();
  folder_.write("candles.db", std::string(8192, 'x'));
  engine().start(at_ist(9, 15));
  trade(3);
  engine().stop(at_ist(9, 18));
  restart();
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged-1"));
  EXPECT_THAT(bus_.payloads("mde_status"),
              ElementsAre(testing::AllOf(HasSubstr(R"("status":"cache_set_aside")"),
                                         HasSubstr("candles.db.damaged-1"))));
  EXPECT_EQ(rows_in_file(), 2);
}

TEST_F(CandleCacheTest, AFileDamagedInItsMiddleIsSetAsideToo) {
  const auto file = use_file();
  engine().start(at_ist(9, 15));
  trade(300);
  engine().stop(at_ist(14, 30));
  restart();
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4096);
    bytes << std::string(std::filesystem::file_size(file) - 4096, '\xAA');
  }
  engine().start(at_ist(14, 30));
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".damaged-1"));
  EXPECT_THAT(closes("1m", 10), IsEmpty());
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

TEST_F(CandleCacheTest, RefusesTheFileOfANewerVersionAndAnotherProgramsDatabase) {
  const auto refusal = [&] {
    restart();
    try {
      engine();
    } catch (const std::runtime_error& refused) {
      return std::string(refused.what());
    }
    return std::string("accepted");
  };
  use_file();
  EXPECT_EQ(refusal(), "accepted");
  restart();
  SqliteDatabase(options_.cache_file).execute("PRAGMA user_version = 2");
  EXPECT_THAT(refusal(), HasSubstr("written by a newer Tapedeck (schema 2, this one knows 1)"));
  options_.cache_file = folder_.folder() / "other.db";
  SqliteDatabase(options_.cache_file).execute("CREATE TABLE bookmarks (url TEXT)");
  EXPECT_THAT(refusal(), HasSubstr("a database of something else"));
  options_.cache_file = folder_.folder();
  EXPECT_THAT(refusal(), HasSubstr(folder_.folder().string()));
}

TEST_F(CandleCacheTest, AFileThatCannotBeWrittenDegradesHealthAndRecovers) {
  use_file();
  engine().start(at_ist(9, 15));
  SqliteDatabase other(options_.cache_file);
  other.execute("BEGIN IMMEDIATE");  // holds the writer out: its writes fail when they time out
  trade(3);
  CandleQuery query;
  EXPECT_EQ(engine().replay(query, [](const Candle&) {}), 2U) << "from memory, after the failure";
  engine().advance_to(at_ist(9, 17, 30));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(last_health(), HasSubstr("database is locked"));
  EXPECT_TRUE(tick(at_ist(9, 17, 40), 100)) << "the engine goes on";
  other.execute("ROLLBACK");
  EXPECT_EQ(engine().replay(query, [](const Candle&) {}), 2U);
  engine().advance_to(at_ist(9, 17, 50));
  EXPECT_THAT(last_health(), HasSubstr(R"("status":"active")"));
}

}  // namespace
}  // namespace tapedeck::market
