#include "auth/lru_map.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tapedeck::auth {
namespace {

TEST(LruMap, WhatWasUsedLongestAgoMakesRoom) {
  LruMap<std::string, int> map(2);
  map.put("a", 1);
  map.put("b", 2);
  ASSERT_NE(map.find("a"), nullptr);
  map.put("c", 3);
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.find("b"), nullptr);
  ASSERT_NE(map.find("a"), nullptr);
  EXPECT_EQ(*map.find("a"), 1);
}

TEST(LruMap, ASecondPutTakesThePlaceOfTheFirst) {
  LruMap<std::string, int> map(2);
  map.put("a", 1);
  map.put("a", 2);
  EXPECT_EQ(map.size(), 1U);
  EXPECT_EQ(*map.find("a"), 2);
  map.erase("a");
  map.erase("a");
  EXPECT_EQ(map.find("a"), nullptr);
}

TEST(LruMap, WithoutRoomNothingIsKept) {
  LruMap<std::string, int> map(0);
  map.put("a", 1);
  EXPECT_EQ(map.find("a"), nullptr);
}

}  // namespace
}  // namespace tapedeck::auth
