#include "app/aggregate_table.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tapedeck::app {
namespace {

std::string table(const std::string& answer) {
  const auto text = aggregate_table(answer, 0, false);
  return text ? *text : text.error().code;
}

std::string answer(std::string_view metric, std::string_view field, std::string_view group_by,
                   std::string_view buckets) {
  return fmt::format(
      R"({{"ok":true,"metric":"{}","field":{},"group_by":[{}],"interval":"1m","buckets":[{}]}})",
      metric, field, group_by, buckets);
}

TEST(AggregateTable, AFewGroupsOfOneKeyStandBesideEachOther) {
  EXPECT_EQ(
      table(answer("avg", "\"price\"", "\"symbol\"",
                   R"({"start":"2025-11-18T03:45:00.000000Z","groups":[)"
                   R"({"key":{"symbol":"INFY"},"value":1500.5,"count":3},)"
                   R"({"key":{"symbol":null},"value":2.0,"count":1}]},)"
                   R"({"start":"2025-11-18T03:46:00.000000Z","partial":true,"groups":[)"
                   R"({"key":{"symbol":"ACC"},"value":null,"count":1},)"
                   R"({"key":{"symbol":"INFY"},"inexact":true,"value":1501.25,"count":3}]})")),
      "from (IST)             ACC      INFY  (none)\n"
      "2025-11-18 09:15:00          1500.50    2.00\n"
      "2025-11-18 09:16:00 *    -  ~1501.25\n"
      "* not over yet\n");
}

TEST(AggregateTable, WithoutGroupsThereIsALineABucket) {
  EXPECT_EQ(table(answer("count", "null", "",
                         R"({"start":"2025-11-18T03:45:00.000000Z","groups":[)"
                         R"({"key":{},"value":1234567,"count":1234567}]})")),
            "from (IST)               count\n"
            "2025-11-18 09:15:00  1,234,567\n");
}

TEST(AggregateTable, SeveralKeysHaveALineEachAndTheCountBesideTheValue) {
  EXPECT_EQ(
      table(answer("p99", "\"qty\"", R"("symbol","type")",
                   R"({"start":"2025-11-18T03:45:00.000000Z","groups":[)"
                   R"({"key":{"symbol":"A","type":"t"},"value":7.5,"count":2},)"
                   R"({"key":{"symbol":null,"type":"u"},"other":true,"value":1,"count":9}]})")),
      "from (IST)           symbol   type  p99 qty  count\n"
      "2025-11-18 09:15:00  A        t        7.50      2\n"
      "2025-11-18 09:15:00  (other)  u        1.00      9\n");
}

TEST(AggregateTable, ManyGroupsHaveALineEach) {
  const auto groups = [](std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      out += fmt::format(R"({}{{"key":{{"type":"t{}"}},"value":1,"count":1}})", i ? "," : "", i);
    }
    return answer("count", "null", "\"type\"",
                  R"({"start":"2025-11-18T03:45:00Z","groups":[)" + out + "]}");
  };
  EXPECT_TRUE(table(groups(kMaxGroupColumns)).starts_with("from (IST)           t0  t1"));
  EXPECT_TRUE(
      table(groups(kMaxGroupColumns + 1)).starts_with("from (IST)           type  count\n"));
}

TEST(AggregateTable, NoBucketsAreNoTable) {
  EXPECT_EQ(table(answer("count", "null", "", "")), "");
}

TEST(AggregateTable, WhatIsNoSuchAnswerIsAnError) {
  EXPECT_EQ(table("<html>"), "no_answer");
  EXPECT_EQ(table(R"({"ok":true})"), "no_answer");
  EXPECT_EQ(table("[]"), "no_answer");
  // Members of other types count as missing.
  EXPECT_EQ(table(R"({"buckets":[1,{"groups":7},{"groups":[{}]}]})").find("from (IST)"), 0U);
}

}  // namespace
}  // namespace tapedeck::app
