// The traps of the shared data (its README names them), each met on the real files.
#include <zlib.h>

#include <charconv>
#include <map>
#include <set>

#include "market/line_reader.hpp"
#include "market/market_data_fixture.hpp"
#include "market/time_text.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  LineReader reader(path);
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  return lines;
}

std::vector<double> numbers_of(std::string_view line, char separator = ',') {
  std::vector<double> numbers;
  while (true) {
    const std::string_view cell = line.substr(0, line.find(separator));
    double value = 0;
    std::from_chars(cell.data(), cell.data() + cell.size(), value);
    numbers.push_back(value);
    if (cell.size() == line.size()) return numbers;
    line.remove_prefix(cell.size() + 1);
  }
}

class DataTraps : public MarketDataFixture {
 protected:
  DataTraps() { options_.timeframes = {timeframe("1m"), timeframe("5m")}; }

  static int minute_of_day(Timestamp at) {
    return static_cast<int>(ist_time_of_day(at) / std::chrono::minutes{1});
  }
  /// Every candle lies inside a session and is aligned to it.
  void expect_sound_candles() {
    for (const Candle& one : closed_) {
      ASSERT_LE(one.low, std::min(one.open, one.close));
      ASSERT_GE(one.high, std::max(one.open, one.close));
      ASSERT_GE(one.volume, 0);
      ASSERT_LT(one.start, one.end);
      ASSERT_GE(minute_of_day(one.start), 9 * 60 + 15);
      ASSERT_LE(minute_of_day(one.end), 15 * 60 + 30);
      const auto offset = (minute_of_day(one.start) - (9 * 60 + 15)) % one.timeframe.minutes();
      ASSERT_EQ(offset, 0) << format_rfc3339(one.start);
    }
  }
  /// A LEAN minute file: milliseconds since midnight, open, high, low, close, volume.
  void play_lean(const std::filesystem::path& path, const char* symbol, IstDate date,
                 double scale) {
    const auto lines = lines_of(path);
    instruments_.add(infer_instrument(symbol, date));
    options_.health_every = 1h;
    engine().start(ist_moment(date, 9h));
    for (const std::string& line : lines) {
      const auto cells = numbers_of(line);
      Candle one = flat_candle(
          ist_moment(date, std::chrono::milliseconds{static_cast<std::int64_t>(cells[0])}),
          cells[1] / scale, static_cast<std::int64_t>(cells[5]), "1m", symbol);
      one.high = cells[2] / scale;
      one.low = cells[3] / scale;
      one.close = cells[4] / scale;
      engine().advance_to(one.end);
      engine().on_candle(one);
    }
    engine().advance_to(ist_moment(date, 16h));
  }
};

// --- candles_kite ---

TEST_F(DataTraps, TheClockOfIndiaWrittenAsUtcIsReadAsIndian) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_file(*data / "candles_kite" / "INFY_5m.json", "?format=kite-candles");
  EXPECT_EQ(counts_.out_of_session_ticks, 0U) << "as UTC every bar would be after hours";
  const auto candles = closed_of("5m");
  EXPECT_EQ(candles.size(), 76U);
  EXPECT_EQ(candles.front().start, ist_moment(make_date(2025, 11, 17), 14h + 55min));
  expect_sound_candles();
}

TEST_F(DataTraps, AllRealKiteCandlesPlayWithoutABadOneAndTellTheirGaps) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_file(*data / "candles_kite", "?format=kite-candles");
  EXPECT_EQ(counts_.bad_ticks, 0U);
  EXPECT_EQ(counts_.out_of_session_ticks, 0U);
  EXPECT_EQ(counts_.late_ticks, 0U);
  EXPECT_GT(counts_.gaps, 0U);
  EXPECT_FALSE(closed_of("5m", "M&M").empty());
  EXPECT_FALSE(closed_of("5m", "BAJAJ-AUTO").empty());
  EXPECT_FALSE(closed_of("1m", "BANKNIFTY25NOVFUT").empty());
  expect_sound_candles();
}

TEST_F(DataTraps, TheFutureThatJumpsTwoDaysHasAGapInEachSessionNotOverNight) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_file(*data / "candles_kite" / "BANKNIFTY25NOVFUT_1m.json", "?format=kite-candles");
  for (const Event& gap : bus_.events("feed_gap")) {
    const auto at = gap.payload.find("\"from\":\"") + 8;
    const auto from = *parse_rfc3339(gap.payload.substr(at, 27));
    const auto to = *parse_rfc3339(gap.payload.substr(gap.payload.find("\"to\":\"") + 6, 27));
    EXPECT_EQ(ist_date(from), ist_date(to)) << gap.payload;
  }
  EXPECT_THAT(bus_.payloads("feed_gap"),
              ElementsAre(HasSubstr("2025-11-18T04:30:00")));  // 10:00 to the close
}

TEST_F(DataTraps, TimesOfKitesHistoryHaveAnOffsetWithoutAColon) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  int times = 0;
  for (const std::string& line : lines_of(*data / "kite_rest" / "historical_minute.json")) {
    const std::size_t at = line.find("+0530");
    if (at == std::string::npos) continue;
    const std::size_t begin = line.find('"') + 1;
    const auto time = parse_time(std::string_view(line).substr(begin, at + 5 - begin), 0ns);
    ASSERT_TRUE(time) << line;
    ASSERT_TRUE(calendar_.continuous_at(SessionGroup::equity, *time)) << line;
    ++times;
  }
  EXPECT_GT(times, 5);
}

// --- nse_nifty_1s ---

TEST_F(DataTraps, CopiesOfASessionStampedWithAHolidayAreNoSession) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const auto folder = *data / "nse_nifty_1s";
  for (const char* day : {"2022-11-05", "2022-11-06", "2022-11-08", "2022-11-12", "2022-11-13",
                          "2022-11-19", "2022-11-20", "2022-11-26"}) {
    closed_.clear();
    play_file(folder / (std::string(day) + ".csv.gz"), "?columns=timestamp,price&symbol=NIFTY");
    EXPECT_THAT(closed_, IsEmpty()) << day;
    EXPECT_GT(counts_.ticks, 20'000U) << day;
    EXPECT_EQ(counts_.out_of_session_ticks, counts_.ticks) << day;
    EXPECT_EQ(counts_.gaps, 0U) << day;
    const auto told = bus_.payloads("mde_status");
    EXPECT_THAT(told.back(), HasSubstr(std::string(R"("date":")") + day)) << "told";
  }
  EXPECT_THAT(bus_.payloads("mde_status"), SizeIs(8)) << "once each";
}

TEST_F(DataTraps, TheWildPricesOfThePreOpenAreInNoCandle) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  options_.timeframes = {timeframe("1m"), timeframe("1d")};
  play_file(*data / "nse_nifty_1s" / "2022-11-25.csv.gz", "?columns=timestamp,price&symbol=NIFTY");
  EXPECT_GT(counts_.out_of_session_ticks, 800U);
  const auto day = closed_of("1d", "NIFTY");
  ASSERT_THAT(day, SizeIs(1));
  EXPECT_LT(day[0].high, 18536) << "19136.45 was indicative";
  EXPECT_GE(day[0].low, 18444);
  EXPECT_EQ(counts_.absurd_ticks, 0U);
}

TEST_F(DataTraps, ASessionOfSecondsHasEveryMinuteAndItsPauseIsOneGap) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_file(*data / "nse_nifty_1s" / "2022-11-28.csv.gz", "?columns=timestamp,price&symbol=NIFTY");
  const auto gaps = bus_.payloads("feed_gap");
  ASSERT_THAT(gaps, SizeIs(1)) << "991 s";
  EXPECT_EQ(counts_.late_ticks + counts_.out_of_order_ticks + counts_.repeated_ticks, 0U);
  EXPECT_EQ(counts_.frozen_symbols, 0U);
  expect_sound_candles();
}

TEST_F(DataTraps, MinutesWithoutMovementAreNotFrozenBeforeTheirTime) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  // The longest run of one value in these days is 473 s: under the ten minutes of the rule.
  for (const char* day : {"2022-11-01", "2022-11-07", "2022-11-25", "2022-11-30"}) {
    play_file(*data / "nse_nifty_1s" / (std::string(day) + ".csv.gz"),
              "?columns=timestamp,price&symbol=NIFTY");
    EXPECT_THAT(bus_.payloads("mde_status"), IsEmpty()) << day;
  }
}

// --- nse_fut_ticks ---

TEST_F(DataTraps, AnOutageOf38MinutesIsOneGapOfEachFuture) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_file(*data / "nse_fut_ticks");
  std::map<std::string, int> outages;
  for (const std::string& gap : bus_.payloads("feed_gap")) {
    const auto time = [&](const char* key) {
      return *parse_rfc3339(gap.substr(gap.find(key) + std::string_view(key).size(), 27));
    };
    const auto length = time("\"to\":\"") - time("\"from\":\"");
    if (length < 30min) continue;
    EXPECT_NEAR(static_cast<double>(length.count()) / 1e9, 2275, 15) << gap;
    ++outages[gap.substr(11, gap.find('"', 11) - 11)];
  }
  EXPECT_THAT(outages, ElementsAre(testing::Pair("RELIND", 1), testing::Pair("TCS", 1)));
}

TEST_F(DataTraps, TicksThatComeLateAreCountedAndNoVolumeIsNegative) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const auto feed = open_replay(*data / "nse_fut_ticks");
  std::map<std::string, Timestamp> newest;
  std::uint64_t behind = 0;
  for (FeedRecord record; feed->next(record) == FeedState::record;) {
    Timestamp& latest = newest[std::string(record.tick.symbol)];
    if (record.tick.at < latest) ++behind;
    latest = std::max(latest, record.tick.at);
  }
  play_file(*data / "nse_fut_ticks");
  EXPECT_EQ(counts_.volume_falls, 29U);
  EXPECT_EQ(counts_.late_ticks + counts_.out_of_order_ticks, behind);
  EXPECT_GT(counts_.late_ticks, 0U);
  EXPECT_GT(counts_.out_of_order_ticks, 0U);
  EXPECT_EQ(counts_.bad_ticks, 0U);
  expect_sound_candles();
}

TEST_F(DataTraps, TheSecondBidOfTheFuturesIsTheAskAndNeverCrosses) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const auto file = *data / "nse_fut_ticks" / "all_ticks_FUTURES__RELIND_TCS.csv.gz";
  const std::string columns = "?columns=symbol,timestamp,price,cumulative_volume,-,-,-,";
  play_file(file, columns + "bid,-,ask,-");
  EXPECT_EQ(counts_.bad_ticks, 0U) << "rows are wider than the columns named";
  EXPECT_GT(counts_.ticks, 2800U);
  EXPECT_EQ(counts_.crossed_ticks, 0U);
  play_file(file, columns + "ask,-,bid,-");
  EXPECT_GT(counts_.crossed_ticks, 2700U) << "the other way round nearly all are";
}

// --- nse_1m, nse_60m ---

TEST_F(DataTraps, FrozenBarsAfterTheCloseAreOutOfSession) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  std::string january = "date,time,open,high,low,close\n";
  for (const std::string& line : lines_of(*data / "nse_1m" / "NIFTY_2024.csv.gz")) {
    if (line.starts_with("NIFTY,20240120")) january += line.substr(6) + "\n";
  }
  const test::TemporaryFile file("NIFTY_1m.csv", january);
  play_file(file.path(), "?symbol=NIFTY");
  EXPECT_EQ(counts_.ticks, 542U);
  EXPECT_EQ(counts_.out_of_session_ticks, 542U - 375U) << "those of 15:30 to 18:16 and two more";
  EXPECT_THAT(closed_of("1m", "NIFTY"), SizeIs(375));
  EXPECT_EQ(counts_.frozen_symbols, 0U);
}

TEST_F(DataTraps, ADrillInTwoPartsHasNoGapBetweenThem) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  options_.timeframes = {timeframe("1m"), timeframe("1d")};
  std::string drills = "date,time,open,high,low,close\n";
  for (const std::string& line : lines_of(*data / "nse_1m" / "NIFTY_2024.csv.gz")) {
    if (line.starts_with("NIFTY,20240302") || line.starts_with("NIFTY,20240518")) {
      drills += line.substr(6) + "\n";
    }
  }
  const test::TemporaryFile file("NIFTY_1m.csv", drills);
  play_file(file.path(), "?symbol=NIFTY");
  EXPECT_EQ(counts_.out_of_session_ticks, 0U);
  EXPECT_EQ(counts_.gaps, 0U);
  EXPECT_THAT(closed_of("1m", "NIFTY"), SizeIs(210));
  const auto days = closed_of("1d", "NIFTY");
  ASSERT_THAT(days, SizeIs(2)) << "one candle for both parts of a day";
  EXPECT_EQ(minute_of_day(days[0].end), 12 * 60 + 30);
}

TEST_F(DataTraps, ABarAfterTheCloseIsLeftOut) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_lean(*data / "nse_1m" / "lean" / "20190709_yesbank_minute_trade.csv", "YESBANK",
            make_date(2019, 7, 9), 10'000);
  EXPECT_EQ(engine().counts().out_of_session_ticks, 2U) << "15:30 and 15:40";
  EXPECT_THAT(closed_of("1m", "YESBANK"), SizeIs(375));
  EXPECT_LT(closed_of("1m", "YESBANK").back().high, 100) << "rupees, not ten-thousandths";
}

TEST_F(DataTraps, AnIndexThatStartsInThePreOpenAndEndsAfterTheClose) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_lean(*data / "nse_1m" / "lean" / "20190101_nifty_minute_trade.csv", "NIFTY",
            make_date(2019, 1, 1), 1);
  EXPECT_EQ(engine().counts().out_of_session_ticks, 3U) << "09:07, 15:30 and 15:31";
  EXPECT_THAT(closed_of("1m", "NIFTY"), SizeIs(375));
}

TEST_F(DataTraps, AFundThatTradesInHalfOfTheMinutesHasGapsAndNoEmptyCandles) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  play_lean(*data / "nse_1m" / "lean" / "20190101_juniorbees_minute_trade.csv", "JUNIORBEES",
            make_date(2019, 1, 1), 10'000);
  EXPECT_THAT(closed_of("1m", "JUNIORBEES"), SizeIs(217));
  EXPECT_GT(engine().counts().gaps, 10U);
  EXPECT_EQ(engine().counts().bad_ticks, 0U);
}

TEST_F(DataTraps, HourCandlesOfTwoYearsAllLieInSessionsMuhuratIncluded) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  options_.timeframes = {timeframe("60m"), timeframe("1d")};
  play_file(*data / "nse_60m" / "INFY_60minute_400d.csv.gz", "?symbol=INFY");
  EXPECT_EQ(counts_.ticks, 1905U);
  EXPECT_EQ(counts_.out_of_session_ticks, 0U);
  EXPECT_EQ(counts_.bad_ticks, 0U);
  const auto days = closed_of("1d");
  EXPECT_THAT(days, SizeIs(273));
  const auto muhurat = std::find_if(days.begin(), days.end(), [](const Candle& day) {
    return ist_date(day.start) == make_date(2025, 10, 21);
  });
  ASSERT_NE(muhurat, days.end());
  EXPECT_EQ(minute_of_day(muhurat->start), 13 * 60 + 45);
  EXPECT_EQ(minute_of_day(muhurat->end), 14 * 60 + 45);
}

// --- the calendar against the dates that the data has ---

std::set<IstDate> sessions_between(const TradingCalendar& calendar, IstDate from, IstDate to) {
  std::set<IstDate> dates;
  for (IstDate date = from; date <= to; date += std::chrono::days{1}) {
    if (calendar.is_session_date(date)) dates.insert(date);
  }
  return dates;
}

std::vector<std::string> only_in(const std::set<IstDate>& a, const std::set<IstDate>& b) {
  std::vector<std::string> dates;
  for (const IstDate date : a) {
    if (b.count(date) == 0) dates.push_back(format_date(date));
  }
  return dates;
}

TEST_F(DataTraps, TheCalendarHasTheSessionsOfTheHourCandles) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  std::set<IstDate> seen;
  for (const std::string& line : lines_of(*data / "nse_60m" / "TATASTEEL_60minute_400d.csv.gz")) {
    if (const auto date = parse_date(std::string_view(line).substr(0, 10))) seen.insert(*date);
  }
  ASSERT_EQ(seen.size(), 273U);
  const auto known = sessions_between(calendar_, *seen.begin(), *seen.rbegin());
  EXPECT_THAT(only_in(seen, known), IsEmpty());
  EXPECT_THAT(only_in(known, seen), ElementsAre("2025-01-09")) << "missing in the data";
}

TEST_F(DataTraps, TheCalendarHasTheSessionsOfTheMinutesOf2024) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  std::set<IstDate> seen;
  for (const std::string& line : lines_of(*data / "nse_1m" / "NIFTY_2024.csv.gz")) {
    if (!line.starts_with("NIFTY,2024")) continue;
    seen.insert(
        *parse_date(line.substr(6, 4) + "-" + line.substr(10, 2) + "-" + line.substr(12, 2)));
  }
  ASSERT_EQ(seen.size(), 156U);
  const auto known = sessions_between(calendar_, *seen.begin(), *seen.rbegin());
  EXPECT_THAT(only_in(seen, known), IsEmpty());
  EXPECT_THAT(only_in(known, seen),
              ElementsAre("2024-02-01", "2024-03-04", "2024-04-05", "2024-05-07", "2024-07-10"))
      << "the five sessions that are simply missing";
}

// --- throughput, nse_orderbook, malformed ---

TEST_F(DataTraps, TradesOfOneMillisecondAllCount) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  options_.timeframes = {timeframe("1d")};
  options_.health_every = 1h;
  instruments_.add(infer_instrument("SPY", make_date(2025, 11, 18)));
  engine().start(test::at_ist(9, 0));
  const Timestamp open = test::at_ist(9, 15);
  const auto new_york_open = (9 * 60 + 30) * 60'000LL;
  std::int64_t traded = 0;
  std::uint64_t same_moment = 0;
  Timestamp before{};
  for (const std::string& line :
       lines_of(*data / "throughput" / "20131007_spy_Trade_Tick.csv.gz")) {
    const auto cells = numbers_of(line);
    const auto since_open = static_cast<std::int64_t>(cells[0]) - new_york_open;
    if (since_open < 0 || since_open >= 375 * 60'000) continue;
    const Timestamp at = open + std::chrono::milliseconds{since_open};
    const auto size = static_cast<std::int64_t>(cells[2]);
    if (at == before) ++same_moment;
    before = at;
    if (tick(at, cells[1] / 10'000, size, "SPY")) traded += size;
  }
  engine().advance_to(test::at_ist(15, 30));
  const auto day = closed_of("1d", "SPY");
  ASSERT_THAT(day, SizeIs(1));
  EXPECT_EQ(day[0].volume, traded);
  EXPECT_GT(same_moment, engine().counts().ticks / 2);
  EXPECT_EQ(engine().counts().repeated_ticks, 0U);
  EXPECT_EQ(engine().counts().bad_ticks, 0U);
  EXPECT_EQ(engine().counts().late_ticks, 0U);
}

TEST_F(DataTraps, QuotesOfOneSideAreNotCrossed) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  instruments_.add(infer_instrument("AIG", make_date(2025, 11, 18)));
  engine().start(test::at_ist(9, 15));
  LineReader reader(*data / "throughput" / "20131009_aig_Quote_Tick.csv.gz");
  std::string_view line;
  Timestamp at = test::at_ist(9, 15);
  for (int row = 0; row < 50'000 && reader.next(line); ++row) {
    const auto cells = numbers_of(line);
    at += 1ms;
    const Tick quote{
        .at = at, .symbol = "AIG", .price = 50, .bid = cells[1] / 10'000, .ask = cells[3] / 10'000};
    ASSERT_FALSE(quote.has_quote());
    engine().on_tick(quote);
  }
  EXPECT_EQ(engine().counts().ticks, 50'000U);
  EXPECT_EQ(engine().counts().crossed_ticks, 0U);
}

TEST_F(DataTraps, TheOrderBookWhoseHeaderLiesIsInOrderAndNeverCrossed) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const IstDate date = make_date(2014, 5, 6);
  instruments_.add(infer_instrument("ANON14MAYFUT", date));
  options_.max_jump_pct = 0;
  engine().start(ist_moment(date, 9h + 15min));
  std::uint64_t trades = 0;
  for (const std::string& line :
       lines_of(*data / "nse_orderbook" /
                "20140506__data-M2-D3-Expiry-29MAY2014-USDINR--1-0-pdepth-5.txt.gz")) {
    if (line.find(";T;") == std::string::npos) continue;
    const auto cells = numbers_of(line, ';');
    const std::string_view stamp = std::string_view(line).substr(line.find(";1399") + 1, 30);
    std::int64_t seconds = 0;
    std::int64_t micros = 0;
    const auto after = std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds);
    std::from_chars(after.ptr + 1, stamp.data() + stamp.size(), micros);
    ++trades;
    give({.at = from_ns(seconds * 1'000'000'000 + micros * 1000),
          .symbol = "ANON14MAYFUT",
          .price = cells[37] / 100,
          .quantity = static_cast<std::int64_t>(cells[36]),
          .bid = cells[12] / 100,
          .ask = cells[2] / 100});
  }
  EXPECT_EQ(trades, 511U);
  const MarketDataCounts counts = engine().counts();
  EXPECT_EQ(counts.crossed_ticks, 0U);
  EXPECT_EQ(counts.late_ticks + counts.out_of_order_ticks, 0U);
  EXPECT_EQ(counts.bad_ticks, 0U);
}

TEST_F(DataTraps, ZeroAndAbsurdPricesOfTheMalformedFilesReachNoCandle) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  engine().start(test::at_ist(9, 15));
  for (const auto& [name, first] :
       {std::pair{"quotes_zeros.csv", 1U}, std::pair{"quotes_toobig.csv.gz", 1U}}) {
    const auto lines = lines_of(*data / "malformed" / name);
    ASSERT_GT(lines.size(), 100U);
    for (std::size_t i = first; i < lines.size(); ++i) {
      engine().on_tick({.at = test::at_ist(9, 15, 1),
                        .symbol = "INFY",
                        .price = numbers_of(lines[i])[4],
                        .quantity = 1});
    }
  }
  const MarketDataCounts counts = engine().counts();
  EXPECT_EQ(counts.bad_ticks, counts.ticks);
  EXPECT_GT(counts.zero_ticks, 100U);
  EXPECT_GT(counts.absurd_ticks, 1000U);
  engine().advance_to(test::at_ist(9, 16));
  EXPECT_THAT(closed_, IsEmpty());
}

}  // namespace
}  // namespace tapedeck::market
