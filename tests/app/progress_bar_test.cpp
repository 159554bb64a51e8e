#include "app/progress_bar.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace tapedeck::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Progress half_way() {
  Progress progress;
  progress.bytes = 3'400'000;
  progress.events = 12'000;
  progress.since = *parse_rfc3339("2025-11-18T03:45:00Z");
  progress.until = *parse_rfc3339("2025-11-18T04:45:00Z");
  progress.reached = *parse_rfc3339("2025-11-18T04:15:00Z");
  return progress;
}

TEST(ProgressBar, TheShareIsTheTimeReachedOfTheRange) {
  EXPECT_DOUBLE_EQ(*share_done(half_way()), 0.5);
}

TEST(ProgressBar, ThereIsNoShareWithoutBothEndsAndAPlaceBetweenThem) {
  for (auto Progress::*missing : {&Progress::since, &Progress::until, &Progress::reached}) {
    Progress progress = half_way();
    progress.*missing = std::nullopt;
    EXPECT_FALSE(share_done(progress));
  }
  Progress empty = half_way();
  empty.until = empty.since;
  EXPECT_FALSE(share_done(empty));
}

TEST(ProgressBar, TheShareStaysBetweenNothingAndAll) {
  Progress progress = half_way();
  progress.reached = *progress.until + seconds(1);
  EXPECT_DOUBLE_EQ(*share_done(progress), 1);
  progress.reached = *progress.since - seconds(1);
  EXPECT_DOUBLE_EQ(*share_done(progress), 0);
  progress.since = from_ns(std::numeric_limits<std::int64_t>::min());
  progress.until = from_ns(std::numeric_limits<std::int64_t>::max());
  progress.reached = from_ns(0);
  EXPECT_NEAR(*share_done(progress), 0.5, 1e-9);
}

TEST(ProgressBar, TellsHowMuchHowFastAndWhere) {
  EXPECT_EQ(progress_line(half_way(), milliseconds(500), 0),
            "[============>           ]  50 %  12,000 events  3.4 MB  24,000 events/s  "
            "2025-11-18 09:45:00 IST");
}

TEST(ProgressBar, WithoutAShareThereIsNoBar) {
  Progress progress = half_way();
  progress.since = std::nullopt;
  EXPECT_EQ(progress_line(progress, seconds(0), 0),
            "12,000 events  3.4 MB  2025-11-18 09:45:00 IST");
}

TEST(ProgressBar, IsFullOnlyAtTheEnd) {
  Progress progress = half_way();
  progress.reached = *progress.until - std::chrono::nanoseconds(1'000'000);
  EXPECT_EQ(progress_line(progress, seconds(1), 0).substr(0, 33),
            "[=======================>]  99 % ");
  progress.reached = progress.until;
  EXPECT_EQ(progress_line(progress, seconds(1), 0).substr(0, 33),
            "[========================] 100 % ");
}

TEST(ProgressBar, FitsTheTerminal) {
  for (std::size_t width = 1; width < 100; ++width) {
    EXPECT_LE(progress_line(half_way(), seconds(1), width).size(), width);
  }
}

}  // namespace
}  // namespace tapedeck::app
