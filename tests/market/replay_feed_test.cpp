#include "market/replay_feed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <stdexcept>

#include "market/engine_support.hpp"
#include "market/feed_factory.hpp"

namespace tapedeck::market {
namespace {

using test::at_ist;
using test::TemporaryFile;
using testing::ElementsAre;
using testing::HasSubstr;

const TradingCalendar kCalendar;

std::unique_ptr<Feed> open_feed(const std::filesystem::path& path,
                                const std::string& options = "") {
  const std::string spec = "replay:" + path.string() + options;
  FeedRequest request;
  request.spec = spec;
  return make_feed(request, kCalendar);
}

std::string refusal(const std::filesystem::path& path, const std::string& options = "") {
  try {
    open_feed(path, options);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

/// Every record as text: kind, IST time of day in seconds, symbol, price.
std::vector<std::string> play(Feed& feed) {
  std::vector<std::string> all;
  FeedRecord record;
  while (feed.next(record) == FeedState::record) {
    const auto seconds = ist_time_of_day(record.at()) / std::chrono::seconds{1};
    const bool candle = record.kind == RecordKind::candle;
    const char* kind = candle ? "candle" : record.kind == RecordKind::mark ? "mark" : "tick";
    all.push_back(
        std::string(kind) + " " + std::to_string(seconds / 60) + ":" +
        std::to_string(seconds % 60) + " " +
        std::string(candle ? record.candle.symbol : record.tick.symbol) + " " +
        std::to_string(static_cast<int>(candle ? record.candle.close : record.tick.price)));
  }
  return all;
}

TEST(ReplayFeed, ReadsTicksByTheirHeader) {
  const TemporaryFile file("ticks.csv",
                           "\xEF\xBB\xBFtimestamp,symbol,price,volume\r\n"
                           "2025-11-18 09:15:00,INFY,1500,10\r\n"
                           "2025-11-18 09:15:01,TCS,3100,5\r\n");
  const auto feed = open_feed(file.path());
  EXPECT_THAT(play(*feed), ElementsAre("tick 555:0 INFY 1500", "tick 555:1 TCS 3100"));
  EXPECT_EQ(feed->instruments().size(), 2U);
}

TEST(ReplayFeed, TakesColumnsAndSymbolFromTheOptions) {
  const TemporaryFile file("ticks.csv", "x,2025-11-18 03:45:00,1500\n");
  const auto feed = open_feed(file.path(), "?columns=-,timestamp,price&symbol=INFY&tz=UTC");
  EXPECT_THAT(play(*feed), ElementsAre("tick 555:0 INFY 1500"));
}

TEST(ReplayFeed, DoesNotCountAHeaderAsABadRowWhenColumnsAreGiven) {
  const TemporaryFile file("ticks.csv", "when,what,how\n2025-11-18 09:15:00,INFY,1500\n");
  const auto feed = open_feed(file.path(), "?columns=timestamp,symbol,price");
  EXPECT_EQ(play(*feed).size(), 1U);
  EXPECT_EQ(feed->stats().bad_rows, 0U);
}

TEST(ReplayFeed, CountsBadRowsWithFileAndLineAndGoesOn) {
  const TemporaryFile file("ticks.csv",
                           "timestamp,symbol,price\n"
                           "2025-11-18 09:15:00,INFY,1500\n"
                           "2025-11-18 09:15:01,INFY,zero\n"
                           "\n"
                           "2025-11-18 09:15:02,INFY,1501,7\n"
                           "2025-11-18 09:15:03,INFY,1502\n");
  std::vector<std::string> told;
  const std::string spec = "replay:" + file.path().string();
  FeedRequest request;
  request.spec = spec;
  request.on_bad_row = [&](const BadRow& row) {
    told.push_back(std::to_string(row.line) + " " + row.reason);
  };
  const auto feed = make_feed(request, kCalendar);
  EXPECT_THAT(play(*feed), ElementsAre("tick 555:0 INFY 1500", "tick 555:3 INFY 1502"));
  EXPECT_EQ(feed->stats().bad_rows, 2U);
  EXPECT_EQ(feed->stats().first_bad_rows[0].file, file.path().string());
  EXPECT_THAT(told, ElementsAre("3 the price is not a number", "5 too many cells"));
}

TEST(ReplayFeed, TakesDifferencesOfCumulativeVolumeAndCountsFalls) {
  const TemporaryFile file("ticks.csv",
                           "timestamp,symbol,price,volume_traded\n"
                           "2025-11-18 09:15:00,INFY,1500,1000\n"
                           "2025-11-18 09:15:01,INFY,1500,1100\n"
                           "2025-11-18 09:15:00,INFY,1500,1050\n"
                           "2025-11-18 09:15:02,INFY,1500,1130\n"
                           "2025-11-19 09:15:00,INFY,1500,40\n");
  const auto feed = open_feed(file.path());
  std::vector<std::int64_t> quantities;
  FeedRecord record;
  while (feed->next(record) == FeedState::record) quantities.push_back(record.tick.quantity);
  EXPECT_THAT(quantities, ElementsAre(0, 100, 0, 30, 0));
  EXPECT_EQ(feed->stats().volume_falls, 1U);
}

TEST(ReplayFeed, ReadsTheExchangeAndTheQuoteOfEachRow) {
  const TemporaryFile file("ticks.csv",
                           "timestamp,exchange,symbol,price,volume,bid,ask\n"
                           "2025-11-18 09:15:00,NSE,INFY,1500,10,1499.95,1500.05\n"
                           "2025-11-18 09:15:01,BSE,INFY,1501,5,0,\n"
                           "2025-11-18 09:15:02,,TCS,3100,5,,3100.5\n"
                           "2025-11-18 09:15:03,NSE,INFY,1500,10,low,1500\n"
                           "2025-11-18 09:15:03,NSE,INFY,1500,10,-1,1500\n"
                           "2025-11-18 09:15:03,n s e,INFY,1500,10,1,1500\n");
  const auto feed = open_feed(file.path());
  FeedRecord record;
  ASSERT_EQ(feed->next(record), FeedState::record);
  EXPECT_EQ(record.tick.exchange, "NSE");
  EXPECT_EQ(record.tick.bid, 1499.95);
  EXPECT_EQ(record.tick.ask, 1500.05);
  ASSERT_EQ(feed->next(record), FeedState::record);
  EXPECT_EQ(record.tick.exchange, "BSE");
  EXPECT_EQ(record.tick.bid, 0);
  EXPECT_FALSE(record.tick.has_quote());
  ASSERT_EQ(feed->next(record), FeedState::record);
  EXPECT_EQ(record.tick.exchange, "");
  EXPECT_EQ(record.tick.ask, 3100.5);
  EXPECT_EQ(feed->next(record), FeedState::end);
  EXPECT_EQ(feed->stats().bad_rows, 3U);
  EXPECT_EQ(feed->instruments().size(), 3U) << "INFY twice";
  EXPECT_EQ(feed->instruments().find("BSE", "INFY")->segment, "BSE");
}

TEST(ReplayFeed, KeepsCumulativeVolumesOfTwoExchangesApart) {
  const TemporaryFile file("ticks.csv",
                           "timestamp,exchange,symbol,price,volume_traded\n"
                           "2025-11-18 09:15:00,NSE,INFY,1500,1000\n"
                           "2025-11-18 09:15:00,BSE,INFY,1500,10\n"
                           "2025-11-18 09:15:01,NSE,INFY,1500,1100\n"
                           "2025-11-18 09:15:01,BSE,INFY,1500,15\n");
  const auto feed = open_feed(file.path());
  std::vector<std::int64_t> quantities;
  FeedRecord record;
  while (feed->next(record) == FeedState::record) quantities.push_back(record.tick.quantity);
  EXPECT_THAT(quantities, ElementsAre(0, 0, 100, 5));
  EXPECT_EQ(feed->stats().volume_falls, 0U);
}

TEST(ReplayFeed, TakesTheExchangeFromTheOptions) {
  const TemporaryFile file("INFY_5m.csv",
                           "timestamp,open,high,low,close\n2025-11-18 09:15:00,10,12,9,11\n");
  const auto feed = open_feed(file.path(), "?symbol=INFY&exchange=BSE");
  FeedRecord record;
  ASSERT_EQ(feed->next(record), FeedState::record);
  EXPECT_EQ(record.tick.exchange, "BSE");
  ASSERT_EQ(feed->next(record), FeedState::record);
  EXPECT_EQ(record.candle.exchange, "BSE");
  EXPECT_EQ(feed->instruments().find({}, "INFY")->exchange, "BSE");
}

TEST(ReplayFeed, ADailyCandleCoversItsSession) {
  const TemporaryFile file("INFY_1d.csv",
                           "timestamp,open,high,low,close\n"
                           "2024-03-01 00:00:00,10,12,9,11\n"
                           "2024-03-02 00:00:00,11,12,9,12\n"
                           "2024-03-03 00:00:00,11,14,9,13\n");
  EXPECT_THAT(play(*open_feed(file.path(), "?symbol=INFY")),
              ElementsAre("mark 555:1 INFY 10", "candle 930:0 INFY 11", "mark 555:1 INFY 11",
                          "candle 750:0 INFY 12", "mark 0:1 INFY 11", "candle 0:0 INFY 13"))
      << "a drill in two parts; a Sunday stays as it is";
}

TEST(ReplayFeed, OneCandleDoesNotSayHowLongItIs) {
  const TemporaryFile file("candles.csv",
                           "timestamp,open,high,low,close\n2025-11-18 09:15:00,10,12,9,11\n");
  EXPECT_THAT(refusal(file.path(), "?symbol=INFY"), HasSubstr("add timeframe="));
}

TEST(ReplayFeed, ReadsGzip) {
  const TemporaryFile file("unused.csv", "");
  const auto path = file.folder() / "ticks.csv.gz";
  gzFile out = gzopen(path.c_str(), "wb");
  gzputs(out, "timestamp,symbol,price\n2025-11-18 09:15:00,INFY,1500\n");
  gzclose(out);
  EXPECT_THAT(play(*open_feed(path)), ElementsAre("tick 555:0 INFY 1500"));
}

TEST(ReplayFeed, FailsWhenAGzipFileIsCutOff) {
  const TemporaryFile file("unused.csv", "");
  const auto whole = file.folder() / "whole.csv.gz";
  gzFile out = gzopen(whole.c_str(), "wb");
  gzputs(out, "timestamp,symbol,price\n");
  for (int i = 0; i < 200'000; ++i) {
    gzprintf(out, "2025-11-18 %02d:%02d:%02d,INFY,%d.05\n", 9 + i / 3600 % 6, i / 60 % 60, i % 60,
             1400 + i * 7919 % 200);
  }
  gzclose(out);
  std::filesystem::resize_file(whole, std::filesystem::file_size(whole) / 2);
  const auto feed = open_feed(whole);
  FeedRecord record;
  FeedState state = FeedState::record;
  while (state == FeedState::record) state = feed->next(record);
  EXPECT_EQ(state, FeedState::failed);
  EXPECT_THAT(feed->error(), HasSubstr("ends too early"));
}

TEST(ReplayFeed, MergesTheFilesOfAFolderByTime) {
  const TemporaryFile a("a.csv",
                        "timestamp,symbol,price\n2025-11-18 09:15:00,INFY,1\n"
                        "2025-11-18 09:15:02,INFY,3\n");
  a.write("b.csv", "timestamp,symbol,price\n2025-11-18 09:15:01,TCS,2\n");
  a.write("notes.md", "not data");
  EXPECT_THAT(play(*open_feed(a.folder())),
              ElementsAre("tick 555:0 INFY 1", "tick 555:1 TCS 2", "tick 555:2 INFY 3"));
}

TEST(ReplayFeed, PlaysACandleAsItsOpenAndItsEnd) {
  const TemporaryFile file("INFY_5m.csv",
                           "timestamp,open,high,low,close,volume\n"
                           "2025-11-18 15:20:00,10,12,9,11,100\n"
                           "2025-11-18 15:25:00,11,13,11,12,100\n");
  EXPECT_THAT(play(*open_feed(file.path(), "?symbol=INFY")),
              ElementsAre("mark 920:1 INFY 10", "candle 925:0 INFY 11", "mark 925:1 INFY 11",
                          "candle 930:0 INFY 12"));
}

TEST(ReplayFeed, EndsACandleWithItsSession) {
  const TemporaryFile file("INFY_60minute.csv",
                           "timestamp,open,high,low,close\n2025-11-18 15:15:00,10,12,9,11\n");
  EXPECT_THAT(play(*open_feed(file.path(), "?symbol=INFY")),
              ElementsAre("mark 915:1 INFY 10", "candle 930:0 INFY 11"));
}

TEST(ReplayFeed, InfersTheTimeframeFromTheSteps) {
  const TemporaryFile file("candles.csv",
                           "timestamp,open,high,low,close\n2025-11-18 09:15:00,10,12,9,11\n"
                           "2025-11-18 09:30:00,10,12,9,11\n2025-11-18 09:33:00,10,12,9,11\n");
  const auto feed = open_feed(file.path(), "?symbol=INFY");
  FeedRecord record;
  do feed->next(record);
  while (record.kind != RecordKind::candle);
  EXPECT_EQ(record.candle.timeframe.name(), "3m");
}

TEST(ReplayFeed, ReadsKiteCandlesByTheClockOfIndia) {
  const TemporaryFile file(
      "M&M_5m.json",
      R"([{"ts":"2025-11-18T09:15:00+00:00","open":1,"high":3,"low":1,"close":2.0,"volume":5.0},)"
      R"({"ts":"2025-11-18T09:20:00+00:00","open":0,"high":3,"low":1,"close":2.0,"volume":5.0}])");
  const auto feed = open_feed(file.path(), "?format=kite-candles");
  EXPECT_THAT(play(*feed), ElementsAre("mark 555:1 M&M 1", "candle 560:0 M&M 2"));
  EXPECT_EQ(feed->stats().bad_rows, 1U);
  EXPECT_EQ(feed->stats().first_bad_rows[0].line, 2U);
}

TEST(ReplayFeed, SaysWhyItCannotBePlayed) {
  const TemporaryFile file("ticks.csv", "timestamp,price\nnever,1\nnever,2\n");
  file.write("nothing.csv", "");
  file.write("odd.csv", "a,b\n1,2\n");
  EXPECT_THAT(refusal(file.folder() / "absent.csv"), HasSubstr("there is no file or folder"));
  EXPECT_THAT(refusal(file.path()), HasSubstr("has no symbol column; add symbol="));
  EXPECT_THAT(refusal(file.path(), "?symbol=X"),
              HasSubstr("has no usable row: all 2 rows are bad, the first (line 2) because the "
                        "timestamp is not one"));
  EXPECT_THAT(refusal(file.folder() / "nothing.csv", "?symbol=X"), HasSubstr("is empty"));
  EXPECT_THAT(refusal(file.folder() / "odd.csv", "?symbol=X"), HasSubstr("no timestamp column"));
  EXPECT_THAT(refusal(file.path(), "?format=xml"), HasSubstr("format=xml is not known"));
  EXPECT_THAT(refusal(file.path(), "?exchange=n%20s"), HasSubstr("exchange=n s is no exchange"));
  EXPECT_THAT(refusal(file.path(), "?tz=Mars"), HasSubstr("tz=Mars is not known"));
  EXPECT_THAT(refusal(file.path(), "?colums=price"), HasSubstr("'colums' is not an option"));
  EXPECT_THAT(refusal(file.path(), "?columns=timestamp,cost"), HasSubstr("names 'cost'"));
  EXPECT_THAT(refusal(file.folder(), "?format=kite-candles"), HasSubstr("holds no .json"));
}

TEST(ReplayFeed, RefusesTheMalformedFilesOfTheSharedData) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  EXPECT_THAT(refusal(*data / "malformed" / "quotes_zeros.csv", "?symbol=X"),
              HasSubstr("no usable row"));
  EXPECT_THAT(refusal(*data / "malformed" / "quotes_toobig.csv.gz", "?symbol=X"),
              HasSubstr("no usable row"));
  EXPECT_THAT(refusal(*data / "malformed" / "live_quotes_empty_object.json",
                      "?format=kite-candles&timeframe=5m"),
              HasSubstr("no JSON array"));
}

TEST(ReplayFeed, FindsTheLateTicksOfTheRealFutures) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const auto feed = open_feed(*data / "nse_fut_ticks");
  std::map<std::string, Timestamp> last;
  int steps_back = 0;
  FeedRecord record;
  while (feed->next(record) == FeedState::record) {
    Timestamp& before = last[std::string(record.tick.symbol)];
    if (record.tick.at < before) ++steps_back;
    before = record.tick.at;
  }
  EXPECT_EQ(feed->stats().records, 2833U);
  EXPECT_EQ(feed->stats().bad_rows, 0U);
  EXPECT_EQ(feed->stats().volume_falls, 29U) << "17 of RELIND and 12 of TCS";
  EXPECT_EQ(steps_back, 38);
}

}  // namespace
}  // namespace tapedeck::market
