#include "tapedeck/universe/instrument_dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "market/engine_support.hpp"
#include "support/synthetic_dump.hpp"

namespace tapedeck::universe {
namespace {

using test::future_row;
using test::index_row;
using test::kDumpHeader;
using test::large_dump;
using test::option_row;
using test::share_row;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

DumpLimits tolerant() {
  DumpLimits limits;
  limits.max_bad_share = 1;
  return limits;
}

InstrumentDump parse(const std::string& rows, const DumpLimits& limits = tolerant()) {
  return parse_dump(std::string(kDumpHeader) + rows, "dump", limits);
}

/// Why this row is bad, next to a good one; empty when it is good.
std::string reason(const std::string& row) {
  const auto dump = parse(share_row("INFY") + row);
  EXPECT_EQ(dump.problem, "");
  EXPECT_EQ(dump.report.rows, 2U);
  return dump.report.first_bad_rows.empty() ? "" : dump.report.first_bad_rows[0].reason;
}

TEST(InstrumentDump, ReadsARowOfEachKind) {
  const auto dump = parse(share_row("INFY") + index_row("NIFTY 50", 256265) +
                          future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25") +
                          option_row("IDEA", "25NOV", "2025-11-25", 8.5, "PE"));
  ASSERT_EQ(dump.problem, "");
  EXPECT_EQ(dump.report.bad_rows, 0U);
  ASSERT_THAT(dump.rows, SizeIs(4));
  const DumpRow& option = dump.rows[0];
  EXPECT_EQ(option.symbol, "IDEA25NOV8.5PE");
  EXPECT_EQ(option.name, "IDEA");
  EXPECT_EQ(option.expiry, "2025-11-25");
  EXPECT_EQ(option.strike, 8.5);
  EXPECT_EQ(option.type, "PE");
  EXPECT_EQ(option.segment, "NFO-OPT");
  EXPECT_EQ(option.line, 5U);
  const DumpRow& future = dump.rows[1];
  EXPECT_EQ(future.lot_size, 75);
  EXPECT_EQ(future.tick_size, 0.1);
  const DumpRow& share = dump.rows[2];
  EXPECT_EQ(share.token, 408065);
  EXPECT_EQ(share.exchange_token, 1594);
  EXPECT_EQ(share.name, "INFY LIMITED");
  EXPECT_EQ(dump.rows[3].symbol, "NIFTY 50");
}

TEST(InstrumentDump, FindsColumnsByNameInAnyOrderAndIgnoresMore) {
  const auto dump = parse_dump(
      "exchange,colour,segment,instrument_type,lot_size,tick_size,strike,expiry,name,tradingsymbol,"
      "instrument_token\r\nNSE,red,NSE,EQ,1,0.05,,,\"A, B & C\",M&M,519937\r\n",
      "dump");
  ASSERT_EQ(dump.problem, "");
  ASSERT_THAT(dump.rows, SizeIs(1));
  EXPECT_EQ(dump.rows[0].symbol, "M&M");
  EXPECT_EQ(dump.rows[0].name, "A, B & C");
  EXPECT_EQ(dump.rows[0].exchange_token, 0);
}

TEST(InstrumentDump, NamesTheColumnThatIsMissingOrThereTwice) {
  EXPECT_EQ(parse_dump("tradingsymbol,exchange\nINFY,NSE\n", "f.csv").problem,
            "'f.csv' has no column instrument_token: it is no instrument dump");
  EXPECT_EQ(parse_dump("expiry,expiry\n", "f.csv").problem, "'f.csv' has the column expiry twice");
}

TEST(InstrumentDump, TakesByteOrderMarkCarriageReturnsBlankLinesAndNoLastLineEnd) {
  std::string text =
      "\xEF\xBB\xBF" + std::string(kDumpHeader) + share_row("BAJAJ-AUTO") + "\n" + share_row("TCS");
  text.pop_back();
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.insert(at, "\r");
  }
  const auto dump = parse_dump(text, "dump");
  ASSERT_EQ(dump.problem, "");
  EXPECT_THAT(dump.rows, SizeIs(2));
  EXPECT_EQ(dump.report.rows, 2U);
}

TEST(InstrumentDump, SaysWhatIsWrongWithARow) {
  EXPECT_EQ(reason("1,2,3\n"), "3 cells instead of 12");
  EXPECT_EQ(reason("x,1,TCS,T,0,,0,0.05,1,EQ,NSE,NSE\n"),
            "the instrument_token is no number above zero");
  EXPECT_EQ(reason("1,1,TCS,T,0,,nan,0.05,1,EQ,NSE,NSE\n"), "the strike is no amount");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,-1,1,EQ,NSE,NSE\n"), "the tick_size is no amount");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0,1,EQ,NSE,NSE\n"), "the tick_size is not above zero");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0.05,1.5,EQ,NSE,NSE\n"), "the lot_size is no whole number");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0.05,0,EQ,NSE,NSE\n"), "the lot_size is not above zero");
  EXPECT_THAT(reason("1,1,,T,0,,0,0.05,1,EQ,NSE,NSE\n"), HasSubstr("tradingsymbol is empty"));
  EXPECT_THAT(reason("1,1,T\x01S,T,0,,0,0.05,1,EQ,NSE,NSE\n"), HasSubstr("not printable"));
  EXPECT_THAT(reason("1,1," + std::string(65, 'A') + ",T,0,,0,0.05,1,EQ,NSE,NSE\n"),
              HasSubstr("longer than 64 bytes"));
  EXPECT_EQ(reason("1,1," + std::string(64, 'A') + ",T,0,,0,0.05,1,EQ,NSE,NSE\n"), "");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0.05,1,EQ,NSE,nse\n"), "the exchange is no word of capitals");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0.05,1,EQ,,NSE\n"), "the segment is no word of capitals");
  EXPECT_EQ(reason("1,1,TCS,T,0,2025-02-30,0,0.05,1,EQ,NSE,NSE\n"), "the expiry is no date");
  EXPECT_EQ(reason("1,1,TCS,T,0,,0,0.05,1,BOND,NSE,NSE\n"),
            "the instrument_type is not EQ, FUT, CE, PE");
  EXPECT_EQ(reason("1,1,TCS,\"T,0,,0,0.05,1,EQ,NSE,NSE\n"), "3 cells instead of 12");
}

TEST(InstrumentDump, SaysWhatIsWrongWithADerivative) {
  EXPECT_EQ(reason(future_row("NIFTY25NOV", "NIFTY", "2025-11-25")),
            "'NIFTY25NOV' is no name of a FUT");
  EXPECT_EQ(reason(future_row("NIFTY25NOVFUT", "NIFTY", "")), "the FUT has no expiry");
  EXPECT_EQ(reason(future_row("NIFTY25NOVFUT", "NIFTY", "2025-11-25", 0)),
            "the lot_size is not above zero");
  EXPECT_EQ(reason("1,1,NIFTY24DEC24500FUT,NIFTY,0,2024-12-26,24500,0.05,25,FUT,NFO-FUT,NFO\n"),
            "a future has no strike")
      << "the impossible symbol of an old order log";
  EXPECT_EQ(reason("1,1,NIFTY24DEC0CE,NIFTY,0,2024-12-26,0,0.05,25,CE,NFO-OPT,NFO\n"),
            "the option has no strike");
}

TEST(InstrumentDump, TakesTheUnderlyingFromTheSymbolWhereTheNameIsEmpty) {
  const auto dump = parse(option_row("", "M&M17DEC", "2017-12-28", 1400, "CE") +
                          option_row("", "3MINDIA17D28", "2017-12-28", 9000, "PE") +
                          option_row("", "ODD", "2017-12-28", 1, "PE"));
  ASSERT_THAT(dump.rows, SizeIs(2));
  EXPECT_EQ(dump.rows[0].name, "3MINDIA");
  EXPECT_EQ(dump.rows[1].name, "M&M");
  ASSERT_THAT(dump.report.first_bad_rows, SizeIs(1));
  EXPECT_EQ(dump.report.first_bad_rows[0].reason, "the name is empty: no underlying");
}

TEST(InstrumentDump, KeepsTheFirstOfARepeatedSymbolAndTellsTheOthers) {
  const auto dump = parse(share_row("INFY", 408065) + share_row("INFY", 128053508, "BSE") +
                          share_row("INFY", 1) + share_row("INFY", 2, "BSE"));
  ASSERT_EQ(dump.problem, "");
  ASSERT_THAT(dump.rows, SizeIs(2)) << "one on each exchange: the token map of the old engine lost "
                                       "NSE's to BSE's";
  EXPECT_EQ(dump.rows[0].token, 128053508);
  EXPECT_EQ(dump.rows[1].token, 408065);
  EXPECT_EQ(dump.report.repeated_rows, 2U);
  ASSERT_THAT(dump.report.first_bad_rows, SizeIs(2));
  EXPECT_EQ(dump.report.first_bad_rows[0].line, 4U);
  EXPECT_EQ(dump.report.first_bad_rows[0].reason, "NSE:INFY again, first on line 2");
  EXPECT_EQ(dump.report.first_bad_rows[1].reason, "BSE:INFY again, first on line 3");
}

TEST(InstrumentDump, RefusesMoreBadRowsThanTheShareAllows) {
  DumpLimits limits;
  limits.max_bad_share = 0.25;
  const std::string good = share_row("A") + share_row("B") + share_row("C");
  EXPECT_EQ(parse(good + "bad\n", limits).problem, "") << "a quarter is allowed";
  const auto refused = parse(good + "bad\nworse\n", limits);
  EXPECT_EQ(
      refused.problem,
      "'dump': 2 of 5 rows are bad or repeated, more than 25% (line 5: 1 cells instead of 12)");
  EXPECT_THAT(refused.rows, IsEmpty());
  EXPECT_EQ(refused.report.bad_rows, 2U);
  EXPECT_THAT(parse(good + good, limits).problem, HasSubstr("3 of 6 rows"));
}

TEST(InstrumentDump, KeepsOnlySoManyBadRowsButCountsAll) {
  DumpLimits limits = tolerant();
  limits.kept_bad_rows = 2;
  const auto dump = parse("x\n" + share_row("A") + "y\n" + share_row("A") + "z\n", limits);
  EXPECT_EQ(dump.report.bad_rows, 3U);
  EXPECT_EQ(dump.report.repeated_rows, 1U);
  ASSERT_THAT(dump.report.first_bad_rows, SizeIs(2));
  EXPECT_EQ(dump.report.first_bad_rows[0].line, 2U);
  EXPECT_EQ(dump.report.first_bad_rows[1].line, 4U);
}

TEST(InstrumentDump, RefusesWhatHasNoInstruments) {
  EXPECT_EQ(parse_dump("", "f").problem, "'f' is empty");
  EXPECT_EQ(parse("").problem, "'dump' has a header but no instruments");
  EXPECT_THAT(parse("nonsense\n").problem, HasSubstr("1 of 1 rows are bad"));
}

TEST(InstrumentDump, RefusesAFileThatEndsWithinARow) {
  const std::string whole =
      std::string(kDumpHeader) + share_row("A") + option_row("A", "25NOV", "2025-11-25", 5, "CE");
  const std::size_t second = whole.rfind("10000005");
  for (std::size_t length = second + 1; length + 1 < whole.size(); ++length) {
    const auto dump = parse_dump(whole.substr(0, length), "f", tolerant());
    EXPECT_EQ(dump.problem, "'f' ends within line 3: it is cut off")
        << whole.substr(second, length);
  }
  EXPECT_EQ(parse_dump(whole.substr(0, whole.size() - 1), "f").problem, "");
}

TEST(InstrumentDump, HoldsToItsLimitsAtTheirEdge) {
  const std::string rows = share_row("A") + share_row("B");
  DumpLimits limits;
  limits.max_rows = 2;
  EXPECT_EQ(parse(rows, limits).problem, "");
  limits.max_rows = 1;
  EXPECT_EQ(parse(rows, limits).problem, "'dump' has more than 1 rows");

  limits = {};
  limits.max_text_bytes = kDumpHeader.size() + rows.size();
  EXPECT_EQ(parse(rows, limits).problem, "");
  --limits.max_text_bytes;
  EXPECT_THAT(parse(rows, limits).problem, HasSubstr("is larger than"));

  limits = tolerant();
  limits.max_cell_bytes = 9;
  EXPECT_EQ(parse(rows, limits).report.bad_rows, 0U) << "A LIMITED has 9 bytes";
  limits.max_cell_bytes = 8;
  EXPECT_EQ(parse(rows, limits).report.bad_rows, 2U);
}

TEST(InstrumentDump, TakesAHundredThousandRows) {
  const auto dump = parse_dump(large_dump(100'000), "large");
  ASSERT_EQ(dump.problem, "");
  EXPECT_THAT(dump.rows, SizeIs(100'000));
  EXPECT_EQ(dump.report.bad_rows + dump.report.repeated_rows, 0U);
}

TEST(InstrumentDump, ReadsTheDumpsOfTheVendor) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  const auto all = read_dump(*data / "kite_rest" / "instruments_all.csv");
  ASSERT_EQ(all.problem, "");
  EXPECT_EQ(all.report.rows, 99U);
  EXPECT_THAT(all.report.first_bad_rows, IsEmpty());
  std::map<std::string_view, int> by_exchange;
  for (const DumpRow& row : all.rows) {
    ++by_exchange[row.exchange];
    if (row.is_derivative()) {
      // Their names are empty: the symbol is name, year, month or day, strike, type.
      EXPECT_TRUE(row.symbol.starts_with(row.name));
      EXPECT_EQ(row.symbol.substr(row.name.size(), 2), row.expiry.substr(2, 2)) << row.symbol;
    }
  }
  EXPECT_THAT(by_exchange, ElementsAre(testing::Pair("BSE", 19), testing::Pair("NFO", 25),
                                       testing::Pair("NSE", 55)));
  const auto nse = read_dump(*data / "kite_rest" / "instruments_nse.csv");
  EXPECT_EQ(nse.problem, "");
  EXPECT_THAT(nse.rows, SizeIs(99));
}

TEST(InstrumentDump, RefusesRealFilesThatAreNoDump) {
  TAPEDECK_NEEDS_SHARED_DATA(data);
  for (const char* file :
       {"instruments/instrument_tokens.json.gz", "instruments/scanner_universe_2025-11-17.json",
        "malformed/live_quotes_empty_object.json", "malformed/quotes_zeros.csv",
        "malformed/quotes_toobig.csv.gz", "kite_rest/ltp.json"}) {
    EXPECT_THAT(read_dump(*data / file).problem, HasSubstr("it is no instrument dump")) << file;
  }
}

}  // namespace
}  // namespace tapedeck::universe
