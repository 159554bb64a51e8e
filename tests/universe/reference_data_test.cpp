#include "tapedeck/universe/reference_data.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "market/engine_support.hpp"

namespace tapedeck::universe {
namespace {

using market::make_date;
using test::TemporaryFile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

template <typename Load>
std::string refusal(const Load& load) {
  try {
    load();
  } catch (const std::runtime_error& refused) {
    return refused.what();
  }
  return "accepted";
}

SymbolList load(const TemporaryFile& file) {
  return load_symbol_list({"NIFTY 50", file.path(), {}});
}

TEST(SymbolList, ReadsOneSymbolALine) {
  const TemporaryFile file("list.txt", "# of 2025-09-30\r\nINFY\r\nM&M\r\n\r\nBAJAJ-AUTO\nINFY");
  const SymbolList list = load(file);
  EXPECT_EQ(list.name, "NIFTY 50");
  EXPECT_THAT(list.symbols, ElementsAre("BAJAJ-AUTO", "INFY", "M&M"));
}

TEST(SymbolList, ReadsTheFileOfTheExchange) {
  const TemporaryFile file("ind_nifty50list.csv",
                           "Company Name,Industry,Symbol,Series,ISIN Code\n"
                           "\"Infosys, Ltd.\",IT,INFY,EQ,INE009A01021\n"
                           "Tata Consultancy Services Ltd.,IT,TCS,EQ,INE467B01029\n");
  EXPECT_THAT(load(file).symbols, ElementsAre("INFY", "TCS"));
}

TEST(SymbolList, SaysWhatIsWrong) {
  EXPECT_THAT(refusal([] { load(TemporaryFile("a", "# nothing\n")); }), HasSubstr("no symbols"));
  EXPECT_THAT(refusal([] { load(TemporaryFile("a", "Symbol\n")); }), HasSubstr("no symbols"));
  EXPECT_THAT(refusal([] { load(TemporaryFile("a", "Name,Series\nInfosys,EQ\n")); }),
              HasSubstr("no column Symbol"));
  EXPECT_THAT(refusal([] { load(TemporaryFile("a", "Symbol,Series\n,EQ\n")); }),
              HasSubstr("line 2: no symbol"));
  EXPECT_THAT(refusal([] {
                load_symbol_list({"x", "/nonexistent/list", {}});
              }),
              HasSubstr("cannot open '/nonexistent/list'"));
}

TEST(SymbolList, TheNewestValidFileOfANameCounts) {
  const TemporaryFile file("old", "OLD\n");
  file.write("new", "NEW\n");
  file.write("other", "OTHER\n");
  const std::vector<SymbolListFile> files{
      {"NIFTY 50", file.folder() / "new", make_date(2025, 9, 30)},
      {"NIFTY 50", file.folder() / "old", make_date(2025, 3, 28)},
      {"OTHER", file.folder() / "other", {}}};
  const auto later = load_symbol_lists(files, make_date(2025, 9, 30));
  ASSERT_THAT(later, SizeIs(2));
  EXPECT_THAT(later[0].symbols, ElementsAre("NEW"));
  EXPECT_THAT(load_symbol_lists(files, make_date(2025, 9, 29))[0].symbols, ElementsAre("OLD"));
  EXPECT_THAT(refusal([&] { load_symbol_lists(files, make_date(2025, 1, 1)); }),
              HasSubstr("no file of the list 'NIFTY 50' is valid on 2025-01-01"));
}

TEST(FreezeTable, KnowsTheIndexValuesByDate) {
  const FreezeTable table = FreezeTable::published();
  EXPECT_EQ(table.at("BANKNIFTY", make_date(2025, 8, 31)), 600);
  EXPECT_EQ(table.at("BANKNIFTY", make_date(2025, 9, 1)), 900);
  EXPECT_EQ(table.at("BANKNIFTY", make_date(2025, 11, 3)), 600);
  EXPECT_EQ(table.at("NIFTY", make_date(2023, 4, 2)), 0) << "before the first";
  EXPECT_EQ(table.at("INFY", make_date(2025, 11, 3)), 0);
  EXPECT_EQ(table.at("", make_date(2025, 11, 3)), 0);
}

TEST(FreezeTable, IsCompletedByAFile) {
  const TemporaryFile file("freeze.csv",
                           "effective_from,underlying,freeze_qty\n2026-02-02,NIFTY,2400\n"
                           "2025-11-03,BANKNIFTY,900\n2025-01-01,INFY,60000\n");
  FreezeTable table = FreezeTable::published();
  table.add(FreezeTable::load(file.path()));
  EXPECT_EQ(table.at("NIFTY", make_date(2026, 2, 1)), 1800);
  EXPECT_EQ(table.at("NIFTY", make_date(2026, 2, 2)), 2400);
  EXPECT_EQ(table.at("BANKNIFTY", make_date(2025, 11, 3)), 900) << "the file wins";
  EXPECT_EQ(table.at("INFY", make_date(2026, 2, 2)), 60000);
}

TEST(FreezeTable, NamesTheFirstBadLine) {
  const auto wrong = [](std::string_view text) {
    const TemporaryFile file("freeze.csv", text);
    return refusal([&] { FreezeTable::load(file.path()); });
  };
  const std::string header = "underlying,freeze_qty,effective_from\n";
  EXPECT_THAT(wrong("underlying,freeze_qty\nNIFTY,1800\n"), HasSubstr("no column effective_from"));
  EXPECT_THAT(wrong(header + "NIFTY,1800,2025-01-01\nNIFTY,lots,2025-01-01\n"),
              HasSubstr("line 3: freeze_qty is no whole number"));
  EXPECT_THAT(wrong(header + "NIFTY,0,2025-01-01\n"), HasSubstr("line 2: freeze_qty"));
  EXPECT_THAT(wrong(header + "NIFTY,1,1 May\n"), HasSubstr("line 2: effective_from is no date"));
  EXPECT_THAT(wrong(header + ",1,2025-01-01\n"), HasSubstr("line 2: no underlying"));
  EXPECT_THAT(wrong(header + "NIFTY,1\n"), HasSubstr("line 2: the number of cells"));
}

}  // namespace
}  // namespace tapedeck::universe
