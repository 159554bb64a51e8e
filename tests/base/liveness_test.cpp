#include "base/liveness.hpp"

#include <gtest/gtest.h>

namespace tapedeck {
namespace {

struct TwoParts {
  std::uint64_t first = 7, second = 0;
  LivenessCheck check{{{"first", [this] { return first; }}, {"second", [this] { return second; }}}};
};

TEST(LivenessCheck, NothingHasBeatenSinceTheCheckWasMade) {
  TwoParts parts;
  EXPECT_EQ(parts.check.silent_parts(), "first, second");
  EXPECT_FALSE(parts.check.all_beat());
}

TEST(LivenessCheck, OnePartThatHangsIsEnoughAndIsNamed) {
  TwoParts parts;
  ++parts.first;
  EXPECT_FALSE(parts.check.all_beat());
  EXPECT_EQ(parts.check.silent_parts(), "second");
}

TEST(LivenessCheck, PartsMayBeatAtDifferentTimes) {
  TwoParts parts;
  ++parts.first;
  EXPECT_FALSE(parts.check.all_beat());
  ++parts.second;
  EXPECT_TRUE(parts.check.all_beat());
}

TEST(LivenessCheck, EachPartMustBeatAgainAfterEachSuccess) {
  TwoParts parts;
  ++parts.first;
  ++parts.second;
  EXPECT_TRUE(parts.check.all_beat());
  ++parts.second;
  EXPECT_FALSE(parts.check.all_beat());
  EXPECT_EQ(parts.check.silent_parts(), "first");
}

}  // namespace
}  // namespace tapedeck
