#include "tapedeck/market/calendar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "market/engine_support.hpp"
#include "tapedeck/market/timeframe.hpp"

namespace tapedeck::market {
namespace {

using namespace std::chrono_literals;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// `continuous 09:15-15:30`, one for each span.
std::vector<std::string> plan_of(const TradingCalendar& calendar, SessionGroup group, IstDate date,
                                 std::string_view exchange = {}) {
  std::vector<std::string> all;
  const auto clock = [](Timestamp t) {
    const auto minutes = ist_time_of_day(t) / 1min;
    const auto two = [](std::int64_t n) {
      return std::string(n < 10 ? "0" : "") + std::to_string(n);
    };
    return two(minutes / 60) + ":" + two(minutes % 60);
  };
  const DayPlan plan = calendar.day(group, date, exchange);
  for (const PhaseSpan& span : plan.spans()) {
    all.push_back(std::string(to_string(span.phase)) + " " + clock(span.start) + "-" +
                  clock(span.end));
  }
  return all;
}

std::string refusal(const std::function<void(TradingCalendar&)>& change) {
  TradingCalendar calendar;
  try {
    change(calendar);
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
  return "accepted";
}

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

TEST(TradingCalendar, HasTheSessionsOfAugust2026) {
  const TradingCalendar calendar;
  const IstDate before = make_date(2026, 7, 31);  // a Friday
  const IstDate after = make_date(2026, 8, 3);    // the Monday
  EXPECT_THAT(
      plan_of(calendar, SessionGroup::equity_fno, before),
      ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30", "post_close 15:40-16:00"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::equity_fno, after),
              ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:15",
                          "closing_auction 15:15-15:35", "post_close 15:50-16:00"));
  EXPECT_THAT(
      plan_of(calendar, SessionGroup::equity, after),
      ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30", "post_close 15:40-16:00"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, before),
              ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, after),
              ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:40"));
}

TEST(TradingCalendar, FuturesHaveAPreOpenSinceDecember2025) {
  const TradingCalendar calendar;
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, make_date(2025, 12, 5)),
              ElementsAre("continuous 09:15-15:30"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, make_date(2025, 12, 8)),
              ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30"));
}

TEST(TradingCalendar, TheSundayOfTheBudgetIsAnOrdinaryDay) {
  const TradingCalendar calendar;
  EXPECT_THAT(
      plan_of(calendar, SessionGroup::equity, make_date(2026, 2, 1)),
      ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30", "post_close 15:40-16:00"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::equity, make_date(2026, 2, 8)), IsEmpty());
}

TEST(TradingCalendar, ADayOfTwoPartsIsOneTradingDay) {
  const TradingCalendar calendar;
  const auto day = calendar.trading_day(SessionGroup::equity, make_date(2024, 5, 18));
  ASSERT_TRUE(day);
  EXPECT_EQ(ist_time_of_day(day->start), 9h + 15min);
  EXPECT_EQ(ist_time_of_day(day->end), 12h + 30min);
  EXPECT_FALSE(calendar.trading_day(SessionGroup::equity, make_date(2024, 5, 19)));
}

TEST(TradingCalendar, BseKeepsTheHoursOfNseUnderItsOwnName) {
  const TradingCalendar calendar;
  const IstDate date = make_date(2025, 11, 18);
  EXPECT_EQ(plan_of(calendar, SessionGroup::equity, date, "BSE"),
            plan_of(calendar, SessionGroup::equity, date));
  EXPECT_EQ(plan_of(calendar, SessionGroup::derivatives, date, "BFO"),
            plan_of(calendar, SessionGroup::derivatives, date, "NFO"));
  EXPECT_EQ(names_of(SessionGroup::equity).exchange, "NSE");
  EXPECT_EQ(names_of(SessionGroup::derivatives).exchange, "NFO");
  EXPECT_EQ(names_of(SessionGroup::equity_fno, "BSE").exchange, "BSE");
  EXPECT_EQ(names_of(SessionGroup::equity_fno, "BSE").segment, "equity");
  EXPECT_EQ(names_of(SessionGroup::equity_fno, "BSE").group, "cash_fno");
}

TEST(TradingCalendar, SaysHowLongItIsOpenOrClosed) {
  const TradingCalendar calendar;
  const auto night = calendar.open_state(at_ist(8, 0));
  EXPECT_FALSE(night.open);
  EXPECT_EQ(night.until, at_ist(9, 0));
  const auto day = calendar.open_state(at_ist(9, 10));
  EXPECT_TRUE(day.open) << "between two phases";
  EXPECT_TRUE(calendar.open_state(day.until - 1ns).open);
  for (Timestamp t = at_ist(0, 0); t < at_ist(23, 59); t += 7min) {
    const auto state = calendar.open_state(t);
    ASSERT_GT(state.until, t);
    ASSERT_EQ(calendar.is_open(t), state.open);
    ASSERT_EQ(calendar.open_state(state.until - 1ns).open, state.open) << format_rfc3339(t);
  }
}

TEST(TradingCalendar, TakesHolidaysAndSessionsWithoutARebuild) {
  TradingCalendar calendar;
  const TradingCalendar before = calendar;
  const IstDate republic_day = make_date(2027, 1, 26);
  calendar.add_holiday({republic_day, {}});
  EXPECT_FALSE(calendar.is_session_date(republic_day));
  EXPECT_TRUE(before.is_session_date(republic_day)) << "a copy keeps its own";
  SpecialSession muhurat;
  muhurat.date = make_date(2026, 11, 8);  // a Sunday
  muhurat.full_day = false;
  muhurat.start = 18h;
  muhurat.end = 19h;
  calendar.add_session(muhurat);
  EXPECT_THAT(plan_of(calendar, SessionGroup::equity, muhurat.date),
              ElementsAre("continuous 18:00-19:00"));
}

TEST(TradingCalendar, AnAddedSessionReplacesTheBuiltInOnesOfItsDate) {
  TradingCalendar calendar;
  calendar.add_rows("session,2025-10-21,18:00,19:00\n");
  EXPECT_THAT(plan_of(calendar, SessionGroup::equity, make_date(2025, 10, 21)),
              ElementsAre("continuous 18:00-19:00"));
}

TEST(TradingCalendar, AnotherExchangeIsRowsOnly) {
  TradingCalendar calendar;
  calendar.add_rows(
      "# commodities\n"
      "phase,2020-01-01,derivatives,continuous,09:00,23:30,MCX\r\n"
      "\n"
      "holiday,2025-11-19,MCX\n"
      "session,2025-11-23,10:00,11:00,MCX,derivatives  # a Sunday\n");
  const auto mcx = [&](IstDate date) {
    return plan_of(calendar, SessionGroup::derivatives, date, "MCX");
  };
  EXPECT_THAT(mcx(make_date(2025, 11, 18)), ElementsAre("continuous 09:00-23:30"));
  EXPECT_THAT(mcx(make_date(2025, 11, 19)), IsEmpty());
  EXPECT_THAT(mcx(make_date(2025, 11, 23)), ElementsAre("continuous 10:00-11:00"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, make_date(2025, 11, 19)),
              ElementsAre("continuous 09:15-15:30"))
      << "its holiday is not that of NFO";
  EXPECT_THAT(plan_of(calendar, SessionGroup::derivatives, make_date(2025, 11, 23)), IsEmpty());
  EXPECT_TRUE(calendar.is_open(at_ist(23, 0)));
}

TEST(TradingCalendar, ALaterTimetableIsDated) {
  TradingCalendar calendar;
  calendar.add_rows(
      "phase,2027-04-01,cash,pre_open,09:00,09:08\n"
      "phase,2027-04-01,cash,continuous,09:15,17:00\n");
  EXPECT_THAT(
      plan_of(calendar, SessionGroup::equity, make_date(2027, 3, 31)),
      ElementsAre("pre_open 09:00-09:08", "continuous 09:15-15:30", "post_close 15:40-16:00"));
  EXPECT_THAT(plan_of(calendar, SessionGroup::equity, make_date(2027, 4, 1)),
              ElementsAre("pre_open 09:00-09:08", "continuous 09:15-17:00"));
}

TEST(TradingCalendar, RefusesWrongRowsByLineAndTakesNoneOfThem) {
  const auto why = [](std::string_view text) {
    return refusal([&](TradingCalendar& calendar) { calendar.add_rows(text); });
  };
  EXPECT_EQ(why("holiday,2027-01-26\nholyday,2027-01-27\n"),
            "calendar line 2: 'holyday' is no kind of row; use holiday, session or phase");
  EXPECT_THAT(why("holiday,2027-02-30"), HasSubstr("line 1: '2027-02-30' is no date"));
  EXPECT_THAT(why("holiday,1980-01-01"), HasSubstr("1990 to 2200"));
  EXPECT_THAT(why("holiday,2027-01-26,nse"), HasSubstr("'nse' is no exchange"));
  EXPECT_THAT(why("holiday"), HasSubstr("not of the form holiday,DATE"));
  EXPECT_THAT(why("session,2027-01-26,18:00"), HasSubstr("'' is no time of day"));
  EXPECT_THAT(why("session,2027-01-26,19:00,18:00"), HasSubstr("start before it ends"));
  EXPECT_THAT(why("session,2027-01-26,18:00,24:30"), HasSubstr("within one day"));
  EXPECT_THAT(why("session,2027-01-26,18:61,19:00"), HasSubstr("'18:61' is no time of day"));
  EXPECT_THAT(why("session,2027-01-26,full,NSE,shares"), HasSubstr("'shares' is no group"));
  EXPECT_THAT(why("session,2027-01-26,09:00,10:00\nsession,2027-01-26,09:59,11:00"),
              HasSubstr("line 2: two sessions of 2027-01-26 overlap"));
  EXPECT_THAT(why("phase,2027-04-01,cash,lunch,12:00,13:00"), HasSubstr("'lunch' is no phase"));
  EXPECT_THAT(why("phase,2027-04-01,cash,continuous,09:15,15:30\n"
                  "phase,2027-04-01,cash,post_close,15:00,16:00\n"),
              HasSubstr("line 1: phases overlap"));
  TradingCalendar calendar;
  EXPECT_THROW(calendar.add_rows("holiday,2027-01-26\nwrong"), std::invalid_argument);
  EXPECT_TRUE(calendar.is_session_date(make_date(2027, 1, 26)));
}

TEST(TradingCalendar, ADayHasSixPartsAtMost) {
  std::string rows;
  for (int hour = 10; hour < 16; ++hour) {
    rows += "session,2027-01-26," + std::to_string(hour) + ":00," + std::to_string(hour) + ":30\n";
  }
  EXPECT_EQ(refusal([&](TradingCalendar& calendar) { calendar.add_rows(rows); }), "accepted");
  rows += "session,2027-01-26,17:00,18:00";
  EXPECT_THAT(refusal([&](TradingCalendar& calendar) { calendar.add_rows(rows); }),
              HasSubstr("more than 6 sessions"));
}

TEST(TradingCalendar, ReadsAFileAndNamesItWhenItCannot) {
  const test::TemporaryFile file("calendar.csv", "holiday,2027-01-26\n");
  TradingCalendar calendar;
  calendar.add_file(file.path());
  EXPECT_FALSE(calendar.is_session_date(make_date(2027, 1, 26)));
  file.write("calendar.csv", "holiday,soon\n");
  EXPECT_THAT(refusal([&](TradingCalendar& c) { c.add_file(file.path()); }),
              HasSubstr("calendar.csv: calendar line 1: 'soon' is no date"));
  EXPECT_THAT(refusal([&](TradingCalendar& c) { c.add_file(file.folder() / "absent"); }),
              HasSubstr("cannot read the calendar file"));
  EXPECT_THAT(refusal([&](TradingCalendar& c) { c.add_file(file.folder()); }),
              HasSubstr("cannot read the calendar file"));
  file.write("calendar.csv", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(refusal([&](TradingCalendar& c) { c.add_file(file.path()); }),
              HasSubstr("larger than 1 MiB"));
}

TEST(Timeframe, KnowsItsNames) {
  for (const char* name : {"1m", "3m", "5m", "10m", "15m", "30m", "60m", "1d"}) {
    const auto timeframe = Timeframe::parse(name);
    ASSERT_TRUE(timeframe) << name;
    EXPECT_EQ(timeframe->name(), name);
    EXPECT_THAT(std::string(Timeframe::kSupported), HasSubstr(name));
  }
  for (const char* name : {"", "2m", "1D", "60", "1440m"}) EXPECT_FALSE(Timeframe::parse(name));
  EXPECT_TRUE(Timeframe::parse("1d")->is_day());
  EXPECT_TRUE(Timeframe::parse("1d")->is_made_of(*Timeframe::parse("60m")));
  EXPECT_FALSE(Timeframe::parse("5m")->is_made_of(*Timeframe::parse("3m")));
  EXPECT_FALSE(Timeframe::parse("5m")->is_made_of(*Timeframe::parse("5m")));
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
