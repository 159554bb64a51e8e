#include "tapedeck/market/calendar.hpp"

#include <gtest/gtest.h>

#include "market/engine_support.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;

TEST(TradingCalendar, KnowsThePhasesOfAnOrdinaryDay) {
  const TradingCalendar calendar;
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(8, 59, 59)), Phase::closed);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(9, 0)), Phase::pre_open);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(9, 8)), Phase::closed);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(9, 15)), Phase::continuous);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(15, 29, 59)), Phase::continuous);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(15, 30)), Phase::closed);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity, at_ist(15, 40)), Phase::post_close);
}

TEST(TradingCalendar, UsesTheRulesOfTheDate) {
  const TradingCalendar calendar;
  const IstDate after_change = make_date(2026, 8, 3);
  const auto noon_to = [&](SessionGroup group, IstDate date) {
    return ist_time_of_day(calendar.continuous_at(group, ist_moment(date, 12h))->end);
  };
  EXPECT_EQ(noon_to(SessionGroup::equity_fno, make_date(2026, 7, 31)), 15h + 30min);
  EXPECT_EQ(noon_to(SessionGroup::equity_fno, after_change), 15h + 15min);
  EXPECT_EQ(noon_to(SessionGroup::equity, after_change), 15h + 30min);
  EXPECT_EQ(noon_to(SessionGroup::derivatives, after_change), 15h + 40min);
  EXPECT_EQ(calendar.phase_at(SessionGroup::equity_fno, ist_moment(after_change, 15h + 20min)),
            Phase::closing_auction);
}

TEST(TradingCalendar, HasNoSessionOnWeekendsAndHolidays) {
  const TradingCalendar calendar;
  EXPECT_FALSE(calendar.is_session_date(make_date(2022, 11, 5)));
  EXPECT_FALSE(calendar.is_session_date(make_date(2022, 11, 8)));
  EXPECT_TRUE(calendar.is_session_date(make_date(2022, 11, 9)));
}

TEST(TradingCalendar, KnowsSpecialSessions) {
  const TradingCalendar calendar;
  EXPECT_TRUE(calendar.is_session_date(make_date(2026, 2, 1))) << "a Sunday with the budget";
  const IstDate muhurat = make_date(2025, 10, 21);
  const auto session = calendar.continuous_at(SessionGroup::equity, ist_moment(muhurat, 14h));
  ASSERT_TRUE(session);
  EXPECT_EQ(ist_time_of_day(session->start), 13h + 45min);
  EXPECT_EQ(ist_time_of_day(session->end), 14h + 45min);
  EXPECT_FALSE(calendar.continuous_at(SessionGroup::equity, ist_moment(muhurat, 10h)));
  const IstDate drill = make_date(2024, 3, 2);
  EXPECT_TRUE(calendar.continuous_at(SessionGroup::equity, ist_moment(drill, 9h + 30min)));
  EXPECT_FALSE(calendar.continuous_at(SessionGroup::equity, ist_moment(drill, 11h)));
  EXPECT_TRUE(calendar.continuous_at(SessionGroup::equity, ist_moment(drill, 12h)));
}

TEST(TradingCalendar, CountsTradingTimeAcrossNightsAndWeekends) {
  const TradingCalendar calendar;
  const Timestamp friday = ist_moment(make_date(2025, 11, 14), 15h);
  const Timestamp monday = ist_moment(make_date(2025, 11, 17), 9h + 45min);
  EXPECT_EQ(calendar.trading_time(SessionGroup::equity, friday, monday), 60min);
}

TEST(TradingCalendar, FindsTheNextChangeOverAWeekend) {
  const TradingCalendar calendar;
  const Timestamp friday_evening = ist_moment(make_date(2025, 11, 14), 20h);
  EXPECT_EQ(calendar.next_change(SessionGroup::equity, friday_evening),
            ist_moment(make_date(2025, 11, 17), 9h));
  EXPECT_EQ(calendar.next_open(friday_evening), ist_moment(make_date(2025, 11, 17), 9h));
}

TEST(IstTime, ReadsAndWritesDates) {
  EXPECT_EQ(format_date(make_date(2025, 11, 18)), "2025-11-18");
  EXPECT_EQ(format_compact_date(make_date(2025, 11, 18)), "20251118");
  EXPECT_EQ(parse_date("2025-11-18"), make_date(2025, 11, 18));
  for (const char* wrong : {"", "2025-11-31", "2025-1-1", "18.11.2025", "2025-11-18x"}) {
    EXPECT_FALSE(parse_date(wrong)) << wrong;
  }
}

TEST(IstTime, TheDateChangesAtMidnightInIndia) {
  const IstDate date = make_date(2025, 11, 18);
  EXPECT_EQ(ist_date(ist_moment(date, 0ns)), date);
  EXPECT_EQ(ist_date(ist_moment(date, 0ns) - 1ns), make_date(2025, 11, 17));
}

}  // namespace
}  // namespace tapedeck::market
