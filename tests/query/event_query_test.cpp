#include "query/event_query.hpp"

#include <gtest/gtest.h>

namespace tapedeck {
namespace {

TEST(EventQuery, IdsAreReadBackAsTheyWereWritten) {
  const auto id = parse_event_id("9f3c21-184467");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->epoch, "9f3c21");
  EXPECT_EQ(id->seq, 184467U);
  EXPECT_EQ(format_event_id(id->epoch, id->seq), "9f3c21-184467");
  EXPECT_EQ(parse_event_id("a-18446744073709551615")->seq, 18446744073709551615U);
}

TEST(EventQuery, WhatIsNoIdIsRefused) {
  for (const char* bad : {"", "-", "a-", "-1", "a", "a-1x", "a--1", "A-1", "a b-1", "a-+1",
                          "a-18446744073709551616", "123456789012345678901234567890123-1"}) {
    EXPECT_FALSE(parse_event_id(bad).has_value()) << bad;
  }
}

TEST(EventQuery, ListsAreCommaSeparatedAndRepeatsAddToThem) {
  EventQuery query;
  ASSERT_TRUE(read_filter_parameter({"symbol", "A,B"}, query).ok());
  ASSERT_TRUE(read_filter_parameter({"symbol", "C"}, query).ok());
  EXPECT_EQ(query.filter.symbol, (std::vector<std::string>{"A", "B", "C"}));
}

TEST(EventQuery, EmptyValuesAreErrorsBecauseTheyWouldMatchNothing) {
  EventQuery query;
  for (const char* bad : {"", ",", "A,", ",A", "A,,B"}) {
    EXPECT_FALSE(read_filter_parameter({"symbol", bad}, query).ok()) << bad;
  }
}

TEST(EventQuery, BoundsAreTimesOrIdsAndGivenOnce) {
  EventQuery query;
  ASSERT_TRUE(read_filter_parameter({"since", "2025-11-18T09:15:00+05:30"}, query).ok());
  EXPECT_EQ(format_rfc3339(*query.filter.since), "2025-11-18T03:45:00.000000Z");
  ASSERT_TRUE(read_filter_parameter({"until", "abc-5"}, query).ok());
  EXPECT_EQ(query.until_id->seq, 5U);
  EXPECT_EQ(read_filter_parameter({"since", "abc-1"}, query).error().field, "since");
}

TEST(EventQuery, OtherNamesAreLeftToTheEndpoint) {
  EventQuery query;
  const auto taken = read_filter_parameter({"limit", "5"}, query);
  ASSERT_TRUE(taken.ok());
  EXPECT_FALSE(*taken);
  EXPECT_FALSE(reject_unknown({"_", "1"}).has_value());
  EXPECT_EQ(reject_unknown({"limt", "5"})->code, "unknown_parameter");
}

TEST(EventQuery, IntegersAreCheckedAtTheirEdges) {
  EXPECT_EQ(*read_integer({"n", "1"}, 1, 60), 1);
  EXPECT_EQ(*read_integer({"n", "60"}, 1, 60), 60);
  for (const char* bad : {"0", "61", "", "x", "1.5", " 1", "1 ", "+1", "0x1"}) {
    EXPECT_FALSE(read_integer({"n", bad}, 1, 60).ok()) << bad;
  }
}

}  // namespace
}  // namespace tapedeck
