#include "execution/square_off.hpp"

#include <gtest/gtest.h>

namespace tapedeck::execution {
namespace {

using market::make_date;
using market::SessionGroup;
using std::chrono::hours;
using std::chrono::minutes;

class SquareOffTest : public testing::Test {
 protected:
  Timestamp clock(market::IstDate date, int hour, int minute) {
    return market::ist_moment(date, hours{hour} + minutes{minute});
  }
  market::TradingCalendar calendar_;
  SquareOffTimes times_{calendar_, default_square_off_rules()};
};

TEST_F(SquareOffTest, FollowsTheTableOfTheDateAndTheGroup) {
  const auto before = make_date(2026, 7, 31), after = make_date(2026, 8, 3);
  EXPECT_EQ(times_.on(SessionGroup::equity_fno, before), clock(before, 15, 20));
  EXPECT_EQ(times_.on(SessionGroup::derivatives, before), clock(before, 15, 25));
  EXPECT_EQ(times_.on(SessionGroup::equity_fno, after), clock(after, 15, 10));
  EXPECT_EQ(times_.on(SessionGroup::equity, after), clock(after, 15, 20));
  EXPECT_EQ(times_.on(SessionGroup::derivatives, after), clock(after, 15, 35));
}

TEST_F(SquareOffTest, ComesBeforeTheEndOfShortSessionsAndNotOnHolidays) {
  const auto muhurat = make_date(2025, 10, 21), drill = make_date(2024, 3, 2);
  EXPECT_EQ(times_.on(SessionGroup::equity, muhurat), clock(muhurat, 14, 35));
  EXPECT_EQ(times_.on(SessionGroup::equity, drill), clock(drill, 12, 20)) << "the last part";
  EXPECT_EQ(times_.on(SessionGroup::equity, make_date(2025, 10, 22)), Timestamp::max());
}

TEST_F(SquareOffTest, NextIsTheFirstOfAllGroupsAndSkipsDaysWithoutASession) {
  const auto friday = make_date(2025, 11, 14), monday = make_date(2025, 11, 17);
  EXPECT_EQ(times_.next(clock(friday, 15, 0)), clock(friday, 15, 20));
  EXPECT_EQ(times_.next(clock(friday, 15, 20)), clock(friday, 15, 25));
  EXPECT_EQ(times_.next(clock(friday, 15, 25)), clock(monday, 15, 20));
}

TEST_F(SquareOffTest, TakesTheNewestFeeThatHasBegun) {
  const std::vector<DatedFee> fees{{make_date(2020, 1, 1), 20}, {make_date(2022, 1, 1), 50}};
  EXPECT_EQ(fee_on(fees, make_date(2019, 12, 31)), 0);
  EXPECT_EQ(fee_on(fees, make_date(2021, 12, 31)), 20);
  EXPECT_EQ(fee_on(fees, make_date(2022, 1, 1)), 50);
}

}  // namespace
}  // namespace tapedeck::execution
