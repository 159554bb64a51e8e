#include "market/csv_row.hpp"

#include <gtest/gtest.h>

#include "market/engine_support.hpp"
#include "market/time_text.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;

CsvLayout ticks() {
  return {{Column::timestamp, Column::symbol, Column::price, Column::volume}, kIstOffset, 0};
}

CsvLayout candles() {
  return {
      {Column::timestamp, Column::open, Column::high, Column::low, Column::close, Column::volume},
      kIstOffset,
      0};
}

std::string problem_of(std::string_view line, const CsvLayout& layout) {
  CsvRow row;
  return std::string(parse_csv_row(line, layout, row));
}

TEST(CsvRow, ReadsATick) {
  CsvRow row;
  ASSERT_EQ(parse_csv_row("2025-11-18 09:15:00.250,INFY,1506.05,300\r", ticks(), row), "");
  EXPECT_EQ(row.at, at_ist(9, 15, 0, 250));
  EXPECT_EQ(row.symbol, "INFY");
  EXPECT_EQ(row.price, 1506.05);
  EXPECT_EQ(row.volume, 300);
}

TEST(CsvRow, ReadsQuotedCellsWithCommasInside) {
  CsvLayout layout = ticks();
  layout.columns.push_back(Column::skip);
  CsvRow row;
  ASSERT_EQ(
      parse_csv_row("\"2025-11-18 09:15\",\"M&M\",\"750.5\",\"1\",\"a, \"\"b\"\"\"", layout, row),
      "");
  EXPECT_EQ(row.symbol, "M&M");
  EXPECT_EQ(row.price, 750.5);
}

TEST(CsvRow, ReadsACandle) {
  CsvRow row;
  ASSERT_EQ(parse_csv_row("2025-11-18T09:15:00+05:30,10,12,9.5,11,19010.0", candles(), row), "");
  EXPECT_EQ(row.at, at_ist(9, 15));
  EXPECT_EQ(row.high, 12);
  EXPECT_EQ(row.volume, 19010);
}

TEST(CsvRow, SaysWhatIsWrong) {
  EXPECT_EQ(problem_of("", ticks()), "too few cells");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,1506", ticks()), "too few cells");
  EXPECT_EQ(problem_of("yesterday,INFY,1506,1", ticks()), "the timestamp is not one");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,abc,1", ticks()), "the price is not a number");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,nan,1", ticks()), "the price is not finite");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,0,1", ticks()), "the price is not above zero");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,4e13,1", ticks()),
            "the price is absurd (above 1e9)");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,1506,-1", ticks()), "the volume is not one");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,,1506,1", ticks()),
            "the symbol is empty or longer than 64 bytes");
  EXPECT_EQ(problem_of("\"2025-11-18 09:15:00,INFY,1506,1", ticks()), "a quote is not closed");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,10,9,8,10,1", candles()),
            "open or close lies outside low to high");
}

TEST(CsvRow, HoldsRowsToTheWidthOfTheFile) {
  CsvLayout layout = ticks();
  layout.width = 5;
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,1506,1", layout), "too few cells");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,1506,1,x", layout), "");
  EXPECT_EQ(problem_of("2025-11-18 09:15:00,INFY,1506,1,x,y", layout), "too many cells");
}

TEST(CsvRow, TellsAHeaderFromData) {
  EXPECT_TRUE(is_header("exchange_timestamp,Symbol,last_price,volume", ticks()));
  EXPECT_FALSE(is_header("2025-11-18 09:15:00,INFY,1506,1", ticks()));
  EXPECT_FALSE(is_header("broken,INFY,1506,1", ticks())) << "a bad row, not a header";
}

TEST(CsvRow, KnowsTheNamesBrokersGiveColumns) {
  EXPECT_EQ(column_named("Symbol"), Column::symbol);
  EXPECT_EQ(column_named("last_price"), Column::price);
  EXPECT_EQ(column_named("volume_traded"), Column::cumulative_volume);
  EXPECT_EQ(column_named("-"), Column::skip);
  EXPECT_EQ(column_named("Best_Bid"), Column::bid);
  EXPECT_EQ(column_named("ask"), Column::ask);
  EXPECT_EQ(column_named("exchange"), Column::exchange);
  EXPECT_FALSE(column_named("bid_price_2")) << "of some brokers it is the ask";
  EXPECT_FALSE(column_named("open_interest"));
}

TEST(TimeText, ReadsTheFormsMarketDataHas) {
  const Timestamp t = at_ist(9, 15);
  EXPECT_EQ(parse_time("2025-11-18 09:15", kIstOffset), t);
  EXPECT_EQ(parse_time("20251118 09:15:00", kIstOffset), t);
  EXPECT_EQ(parse_time("2025-11-18T03:45:00Z", kIstOffset), t);
  EXPECT_EQ(parse_time("2025-11-18T09:15:00+0530", 0ns), t);
  EXPECT_EQ(parse_time("2025-11-18 09:15:00.123456789", kIstOffset), t + 123456789ns);
  EXPECT_EQ(parse_date_and_time("20251118", "09:15", kIstOffset), t);
}

TEST(TimeText, CanIgnoreAnOffsetThatIsWrong) {
  EXPECT_EQ(parse_time("2025-11-18T09:15:00+00:00", kIstOffset, OffsetRule::ignore), at_ist(9, 15));
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* wrong :
       {"", "2025-11-18", "2025-02-30 09:15", "2025-11-18 24:00", "2025-11-18 09:60", "01/03/17",
        "2025-11-18 09:15:00x", "9999-01-01 00:00", "2025-11-18 09:15:00+5"}) {
    EXPECT_FALSE(parse_time(wrong, 0ns)) << wrong;
  }
}

TEST(TimeText, KnowsZones) {
  EXPECT_EQ(parse_zone("Asia/Kolkata"), kIstOffset);
  EXPECT_EQ(parse_zone("UTC"), 0ns);
  EXPECT_EQ(parse_zone("-04:00"), -std::chrono::hours{4});
  EXPECT_FALSE(parse_zone("America/New_York"));
}

}  // namespace
}  // namespace tapedeck::market
