#include "query/query_string.hpp"

#include <gtest/gtest.h>

namespace tapedeck {
namespace {

TEST(QueryString, SplitsAndDecodesPathAndParameters) {
  const auto target = parse_target("/api/a%20b?symbol=M%26M&name=a+b&empty=&flag&&time=1%2B2");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/api/a b");
  ASSERT_EQ(target->parameters.size(), 5U);
  EXPECT_EQ(target->parameters[0].value, "M&M");
  EXPECT_EQ(target->parameters[1].value, "a b");
  EXPECT_EQ(target->parameters[2].name, "empty");
  EXPECT_EQ(target->parameters[2].value, "");
  EXPECT_EQ(target->parameters[3].name, "flag");
  EXPECT_EQ(target->parameters[4].value, "1+2");
}

TEST(QueryString, AnEncodedSlashIsPartOfASegment) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(parse_target("/trades/a%2Fb?x=/")->segments, (Segments{"trades", "a/b"}));
  EXPECT_EQ(parse_target("/a//%2e%2E/")->segments, (Segments{"a", "", "..", ""}));
  EXPECT_EQ(parse_target("/")->segments, Segments{""});
}

TEST(QueryString, AnEmptyQueryIsNoParameter) {
  EXPECT_TRUE(parse_target("/?")->parameters.empty());
  EXPECT_TRUE(parse_target("/")->parameters.empty());
}

TEST(QueryString, WhatIsNoOriginFormIsAnError) {
  for (const char* bad : {"", "nopath", "http://localhost/", "/%zz", "/a b", "/a?b=%1", "*"}) {
    EXPECT_FALSE(parse_target(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tapedeck
