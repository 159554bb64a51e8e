// What the kernel says about the clock, in the units and with the gaps it is published with.
#include "app/clock_sync.hpp"

#include <gtest/gtest.h>

namespace tapedeck::app {
namespace {

TEST(ClockSync, MicrosecondsAndNanosecondsBecomeMilliseconds) {
  timex answer{};
  answer.status = STA_PLL;
  answer.offset = -2500;
  answer.maxerror = 1250;
  ClockSync sync = clock_sync_of(TIME_OK, answer);
  EXPECT_EQ(sync.synchronized, true);
  EXPECT_EQ(sync.offset_ms, -2.5);
  EXPECT_EQ(sync.max_error_ms, 1.25);
  answer.status |= STA_NANO;
  sync = clock_sync_of(TIME_INS, answer);
  EXPECT_EQ(sync.offset_ms, -0.0025);
  EXPECT_EQ(sync.max_error_ms, 1.25) << "microseconds in either case";
}

TEST(ClockSync, OfAClockThatNobodyDisciplinesNoOffsetIsKnown) {
  timex answer{};
  answer.offset = 7;
  const ClockSync error = clock_sync_of(TIME_ERROR, answer);
  EXPECT_EQ(error.synchronized, false);
  EXPECT_FALSE(error.offset_ms);
  answer.status = STA_UNSYNC;
  const ClockSync unsynchronized = clock_sync_of(TIME_OK, answer);
  EXPECT_EQ(unsynchronized.synchronized, false);
  EXPECT_FALSE(unsynchronized.max_error_ms);
}

TEST(ClockSync, WhereTheKernelMayNotBeAskedNothingIsKnown) {
  const ClockSync sync = clock_sync_of(-1, {});
  EXPECT_FALSE(sync.synchronized);
  EXPECT_FALSE(sync.offset_ms);
  EXPECT_FALSE(sync.max_error_ms);
}

TEST(ClockSync, TheKernelOfThisMachineAnswersInItself) {
  const ClockSync sync = read_clock_sync();
  if (!sync.synchronized) GTEST_SKIP() << "it may not be asked here";
  EXPECT_EQ(sync.offset_ms.has_value(), *sync.synchronized);
  EXPECT_GE(sync.max_error_ms.value_or(0), 0);
}

}  // namespace
}  // namespace tapedeck::app
