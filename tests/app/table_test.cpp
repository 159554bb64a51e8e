#include "app/table.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "app/terminal_text.hpp"

namespace tapedeck::app {
namespace {

Table example() {
  Table table({{"symbol"}, {"qty", Align::right}, {"why"}});
  table.add_row({"NIFTY", "75", "cooldown"});
  table.add_row({"M&M", "1,200", ""});
  return table;
}

TEST(Table, ColumnsAreAsWideAsWhatIsInThem) {
  EXPECT_EQ(example().text(0, false),
            "symbol    qty  why\n"
            "NIFTY      75  cooldown\n"
            "M&M     1,200\n");
}

TEST(Table, LinesAreCutToTheTerminalAndNeverEndInSpaces) {
  const Table table = example();
  for (std::size_t width = 1; width < 40; ++width) {
    std::istringstream lines(table.text(width, false));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(shown_width(line), width);
      EXPECT_FALSE(line.ends_with(' ')) << '"' << line << "\" at " << width;
    }
  }
  EXPECT_NE(table.text(20, false).find("NIFTY      75  co...\n"), std::string::npos)
      << table.text(20, false);
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({{"name"}, {"n", Align::right}});
  table.add_row({"₹₹₹₹₹₹", "1"});
  table.add_row({"abcdef", "2"});
  EXPECT_EQ(table.text(0, false), "name    n\n₹₹₹₹₹₹  1\nabcdef  2\n");
}

TEST(Table, ColoursWordsOnlyWhenAsked) {
  Table table({{"side"}, {"n"}});
  table.add_row({"BUY", "1"});
  EXPECT_EQ(table.text(0, false).find('\x1b'), std::string::npos);
  EXPECT_NE(table.text(0, true).find("\x1b[32mBUY\x1b[0m   1"), std::string::npos)
      << table.text(0, true);
}

TEST(Table, DoesNotLetACellControlTheTerminal) {
  Table table({{"a\x1b[2J"}, {"b"}});
  table.add_row({"x\ny\x7f",
                 "\xC2\x9B"
                 "2Jz",
                 "beyond the columns"});
  EXPECT_EQ(table.text(0, false), "a [2J  b\nx y     2Jz\n");
}

TEST(TerminalText, ShortensBetweenCharacters) {
  EXPECT_EQ(shortened("abcdef", 6), "abcdef");
  EXPECT_EQ(shortened("abcdefg", 6), "abc...");
  EXPECT_EQ(shortened("₹₹₹₹₹", 4), "₹...");
  EXPECT_EQ(shortened("abcdef", 2), "..");
  EXPECT_EQ(shortened("abcdef", 0), "");
}

TEST(TerminalText, KeepsLettersOfEveryScript) {
  EXPECT_EQ(printable("é \xC2\xA0 ₹ निफ्टी"), "é \xC2\xA0 ₹ निफ्टी");
  EXPECT_EQ(printable("\xC2"), "\xC2") << "half a character at the end";
}

TEST(TerminalText, GroupsDigits) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(TerminalText, SizesChangeTheirUnitWhereTheNumberWouldHaveFourDigits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(999'949), "999.9 kB");
  EXPECT_EQ(bytes_text(999'950), "1.0 MB");
  EXPECT_EQ(bytes_text(3.5e15), "3500.0 TB");
}

TEST(TerminalText, DecimalsHaveTwoToFourDigits) {
  EXPECT_EQ(decimal(19755), "19755.00");
  EXPECT_EQ(decimal(0.05), "0.05");
  EXPECT_EQ(decimal(-1.2345), "-1.2345");
  EXPECT_EQ(decimal(1.23456), "1.2346");
  EXPECT_EQ(decimal(0.1230), "0.123");
  EXPECT_EQ(decimal(0), "0.00");
  EXPECT_EQ(decimal(0.00001), "1e-05") << "not as if it were nothing";
  EXPECT_EQ(decimal(1e300), "1e+300");
}

TEST(TerminalText, DurationsHaveTheUnitThatFits) {
  EXPECT_EQ(duration_text(0), "0 us");
  EXPECT_EQ(duration_text(999), "999 us");
  EXPECT_EQ(duration_text(1000), "1.0 ms");
  EXPECT_EQ(duration_text(999'949), "999.9 ms");
  EXPECT_EQ(duration_text(999'950), "1.00 s");
  EXPECT_EQ(duration_text(59'994'999), "59.99 s");
  EXPECT_EQ(duration_text(59'995'000), "1 m 00 s");
  EXPECT_EQ(duration_text(185'000'000), "3 m 05 s");
  EXPECT_EQ(duration_text(7'380'000'000), "2 h 03 m");
  EXPECT_EQ(duration_text(-1500), "-1.5 ms");
  EXPECT_TRUE(duration_text(std::numeric_limits<std::int64_t>::min()).starts_with("-"));
}

}  // namespace
}  // namespace tapedeck::app
