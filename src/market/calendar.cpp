#include "tapedeck/market/calendar.hpp"

#include <algorithm>

#include "market/calendar_tables.hpp"

namespace tapedeck::market {
namespace {

using std::chrono::days;
constexpr int kSearchDays = 21;
constexpr std::chrono::nanoseconds kTradingTimeCap = std::chrono::hours{100};

int date_number(IstDate date) {
  const std::chrono::year_month_day ymd{date};
  return static_cast<int>(ymd.year()) * 10000 +
         static_cast<int>(static_cast<unsigned>(ymd.month()) * 100 +
                          static_cast<unsigned>(ymd.day()));
}

bool is_weekend(IstDate date) {
  const std::chrono::weekday weekday{date};
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

bool is_holiday(int number) {
  return std::binary_search(tables::kHolidays.begin(), tables::kHolidays.end(), number);
}

DayPlan ordinary_day(SessionGroup group, IstDate date, int number) {
  int in_force = 0;
  for (const auto& row : tables::kPhases) {
    if (row.group == group && row.from <= number) in_force = std::max(in_force, row.from);
  }
  DayPlan plan;
  for (const auto& row : tables::kPhases) {
    if (row.group != group || row.from != in_force) continue;
    plan.add({row.phase, ist_moment(date, row.start.since_midnight()),
              ist_moment(date, row.end.since_midnight())});
  }
  return plan;
}

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::pre_open:
      return "pre_open";
    case Phase::continuous:
      return "continuous";
    case Phase::closing_auction:
      return "closing_auction";
    case Phase::post_close:
      return "post_close";
    case Phase::closed:
      break;
  }
  return "closed";
}

GroupNames names_of(SessionGroup group) noexcept {
  switch (group) {
    case SessionGroup::equity:
      return {"NSE", "equity", "cash"};
    case SessionGroup::equity_fno:
      return {"NSE", "equity", "cash_fno"};
    case SessionGroup::index:
      return {"NSE", "index", "index"};
    case SessionGroup::derivatives:
      break;
  }
  return {"NFO", "derivatives", "derivatives"};
}

DayPlan TradingCalendar::day(SessionGroup group, IstDate date) const {
  const int number = date_number(date);
  DayPlan plan;
  bool special = false;
  for (const auto& session : tables::kSpecialSessions) {
    if (session.date != number) continue;
    if (session.start.hour == 0) return ordinary_day(group, date, number);
    special = true;
    plan.add({Phase::continuous, ist_moment(date, session.start.since_midnight()),
              ist_moment(date, session.end.since_midnight())});
  }
  if (special || is_weekend(date) || is_holiday(number)) return plan;
  return ordinary_day(group, date, number);
}

bool TradingCalendar::is_session_date(IstDate date) const {
  return !day(SessionGroup::equity, date).spans().empty();
}

Phase TradingCalendar::phase_at(SessionGroup group, Timestamp t) const {
  const DayPlan plan = day(group, ist_date(t));
  for (const PhaseSpan& span : plan.spans()) {
    if (span.contains(t)) return span.phase;
  }
  return Phase::closed;
}

std::optional<PhaseSpan> TradingCalendar::continuous_at(SessionGroup group, Timestamp t) const {
  const DayPlan plan = day(group, ist_date(t));
  for (const PhaseSpan& span : plan.spans()) {
    if (span.phase == Phase::continuous && span.contains(t)) return span;
  }
  return std::nullopt;
}

Timestamp TradingCalendar::next_change(SessionGroup group, Timestamp t) const {
  const IstDate today = ist_date(t);
  for (int ahead = 0; ahead <= kSearchDays; ++ahead) {
    const DayPlan plan = day(group, today + days{ahead});
    for (const PhaseSpan& span : plan.spans()) {
      if (span.start > t) return span.start;
      if (span.end > t) return span.end;
    }
  }
  return Timestamp::max();
}

bool TradingCalendar::is_open(Timestamp t) const {
  const IstDate today = ist_date(t);
  for (const SessionGroup group : kSessionGroups) {
    const DayPlan plan = day(group, today);
    if (!plan.spans().empty() && plan.spans().front().start <= t && t <= plan.spans().back().end) {
      return true;
    }
  }
  return false;
}

Timestamp TradingCalendar::next_open(Timestamp t) const {
  const IstDate today = ist_date(t);
  for (int ahead = 0; ahead <= kSearchDays; ++ahead) {
    Timestamp first = Timestamp::max();
    for (const SessionGroup group : kSessionGroups) {
      const DayPlan plan = day(group, today + days{ahead});
      if (!plan.spans().empty()) first = std::min(first, plan.spans().front().start);
    }
    if (first != Timestamp::max() && first > t) return first;
  }
  return Timestamp::max();
}

std::chrono::nanoseconds TradingCalendar::trading_time(SessionGroup group, Timestamp from,
                                                       Timestamp to) const {
  std::chrono::nanoseconds total{0};
  for (IstDate date = ist_date(from); date <= ist_date(to) && total < kTradingTimeCap;
       date += days{1}) {
    const DayPlan plan = day(group, date);
    for (const PhaseSpan& span : plan.spans()) {
      if (span.phase != Phase::continuous) continue;
      const auto overlap = std::min(span.end, to) - std::max(span.start, from);
      if (overlap.count() > 0) total += overlap;
    }
  }
  return total;
}

IstDate TradingCalendar::session_on_or_before(IstDate date) const {
  while (!is_session_date(date)) date -= days{1};
  return date;
}

IstDate TradingCalendar::session_after(IstDate date) const {
  do date += days{1};
  while (!is_session_date(date));
  return date;
}

IstDate TradingCalendar::session_before(IstDate date) const {
  return session_on_or_before(date - days{1});
}

}  // namespace tapedeck::market
