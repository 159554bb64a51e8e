#include "query/export_csv.hpp"

#include <gmock/gmock.h>

#include "support/encode.hpp"

namespace tapedeck::testing {
namespace {

/// The row of one event, without its line end.
template <typename E>
std::string row(std::string_view columns, const E& event, const EncodedSource& source = {}) {
  const EncodedEvent encoded = encode(event, from_ns(1'763'452'541'123'456'000), source);
  const auto csv = ExportCsv::with_columns(columns);
  EXPECT_TRUE(csv.ok());
  std::string out;
  csv->append_row(out, {kTestSeq, &encoded.index, encoded.frame.data()});
  EXPECT_TRUE(out.ends_with("\r\n"));
  return out.substr(0, out.size() - 2);
}

std::string cell(std::string_view text) {
  std::string out;
  append_csv_text(out, text);
  return out;
}

TEST(ExportCsv, ACellIsQuotedWhenItHasTo) {
  EXPECT_EQ(cell("NIFTY"), "NIFTY");
  EXPECT_EQ(cell(""), "");
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(cell(" spaced "), "\" spaced \"");
}

TEST(ExportCsv, WhatASpreadsheetWouldRunIsMadeText) {
  EXPECT_EQ(cell("=1+1"), "'=1+1");
  EXPECT_EQ(cell("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(cell("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0");
  EXPECT_EQ(cell("+abc,def"), "\"'+abc,def\"");
  EXPECT_EQ(cell("-5.25"), "-5.25");
  EXPECT_EQ(cell("+5"), "+5");
  EXPECT_EQ(cell("-1e-3"), "-1e-3");
  EXPECT_EQ(cell("-"), "'-");
}

TEST(ExportCsv, ColumnsAreTheEventsOwnPartsAndPathsIntoThePayload) {
  const SignalEvent event{
      .symbol = "NIFTY", .strategy_name = "m", .signal = "BUY", .confidence = 0.5};
  EXPECT_EQ(row("id,type,timestamp,symbol,confidence", event),
            "9f3c21-184467,signal_event,2025-11-18T07:55:41.123456Z,NIFTY,0.5");
  EXPECT_EQ(row("symbol,no_such_thing,payload.signal", event), "NIFTY,,BUY");
}

TEST(ExportCsv, StrategyStandsForStrategyNameToo) {
  EXPECT_EQ(row("strategy", SignalEvent{.symbol = "A", .strategy_name = "m", .signal = "BUY"}),
            "m");
  EXPECT_EQ(row("strategy", GenericEvent{"t", {{"strategy", "a"}, {"strategy_name", "b"}}}), "a");
  EXPECT_EQ(row("strategy", GenericEvent{"t", {{"strategy_name", "b"}, {"strategy", "a"}}}), "a");
}

TEST(ExportCsv, NestedFieldsAreReachedByDots) {
  const GenericEvent event{"t", {{"charges", Map{{"stt", 1.5}, {"gst", Map{{"c", 2}}}}}, {"n", 1}}};
  EXPECT_EQ(row("charges.stt,charges.gst.c,charges.nothing,n.x", event), "1.5,2,,");
  EXPECT_EQ(row("charges.gst", event), "\"{\"\"c\"\":2}\"");
}

TEST(ExportCsv, TextIsUnescapedAndNullIsEmpty) {
  const GenericEvent event{
      "t", {{"text", "a\"b\\c\nd"}, {"nothing", nullptr}, {"yes", true}, {"euro", "10 €"}}};
  EXPECT_EQ(row("text,nothing,yes,euro", event), "\"a\"\"b\\c\nd\",,true,10 €");
}

TEST(ExportCsv, SourceAndTheWholePayloadAreColumnsToo) {
  const GenericEvent event{"t", {{"n", 1}}};
  const EncodedSource source = encode_source({.host = "a1", .mode = "paper"});
  EXPECT_EQ(row("n,source.mode,source.host,source.account,payload", event, source),
            "1,paper,a1,,\"{\"\"n\"\":1}\"");
  EXPECT_EQ(row("source,n", event, source),
            "\"{\"\"host\"\":\"\"a1\"\",\"\"mode\"\":\"\"paper\"\"}\",1");
  EXPECT_EQ(row("source.mode,source,n", event), ",,1");
}

TEST(ExportCsv, TheDefaultColumnsEndWithThePayload) {
  const auto csv = ExportCsv::with_columns(ExportCsv::kDefaultColumns);
  ASSERT_TRUE(csv.ok());
  std::string header;
  csv->append_header(header);
  EXPECT_TRUE(header.starts_with("id,type,timestamp,symbol,"));
  EXPECT_TRUE(header.ends_with(",payload\r\n"));
}

TEST(ExportCsv, ColumnsThatCannotBeAreRefused) {
  const auto refuses = [](std::string_view columns) {
    const auto csv = ExportCsv::with_columns(columns);
    return !csv.ok() && csv.error().field == "columns" && csv.error().code == "invalid_parameter";
  };
  for (const char* bad : {"", "a,", ",a", "a..b", ".a", "a.", "a,a"}) EXPECT_TRUE(refuses(bad));
  EXPECT_FALSE(refuses("a.b.c.d.e.f.g.h"));
  EXPECT_TRUE(refuses("a.b.c.d.e.f.g.h.i"));
  EXPECT_FALSE(refuses(std::string(ExportCsv::kMaxColumnBytes, 'x')));
  EXPECT_TRUE(refuses(std::string(ExportCsv::kMaxColumnBytes + 1, 'x')));
  std::string many = "c0";
  for (std::size_t i = 1; i < ExportCsv::kMaxColumns; ++i) many += ",c" + std::to_string(i);
  EXPECT_FALSE(refuses(many));
  EXPECT_TRUE(refuses(many + ",one_more"));
}

}  // namespace
}  // namespace tapedeck::testing
