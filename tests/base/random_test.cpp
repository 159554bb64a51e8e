#include "base/random.hpp"

#include <gtest/gtest.h>

#include <set>

namespace tapedeck {
namespace {

TEST(Random, HexHasTheDigitsAskedForAndDoesNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = random_hex(16);
    ASSERT_EQ(text.size(), 16U);
    ASSERT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
    ASSERT_TRUE(seen.insert(text).second);
  }
  EXPECT_EQ(random_hex(0), "");
}

}  // namespace
}  // namespace tapedeck
