#include "tapedeck/market/calendar.hpp"

#include <algorithm>

#include "market/calendar_data.hpp"
#include "market/calendar_tables.hpp"

namespace tapedeck::market {
namespace {

using std::chrono::days;
constexpr int kSearchDays = 21;
constexpr std::chrono::nanoseconds kTradingTimeCap = std::chrono::hours{100};

bool is_weekend(IstDate date) {
  const std::chrono::weekday weekday{date};
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday;
}

bool is_or_covers(std::string_view rows_exchange, std::string_view exchange) {
  return rows_exchange.empty() || rows_exchange == exchange;
}

/// YYYYMMDD
IstDate date_of(int number) {
  return make_date(number / 10000, static_cast<unsigned>(number / 100 % 100),
                   static_cast<unsigned>(number % 100));
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

GroupNames names_of(SessionGroup group, std::string_view exchange) noexcept {
  for (const tables::GroupRow& row : tables::kGroups) {
    if (row.group == group) {
      return {exchange.empty() ? row.exchange : exchange, row.segment, row.name};
    }
  }
  return {exchange, {}, {}};
}

// --- tables ---

TradingCalendar::Tables TradingCalendar::Tables::built_in() {
  Tables all;
  std::vector<PhaseTimes> phases;
  for (std::size_t i = 0; i < tables::kPhases.size(); ++i) {
    const tables::PhaseRow& row = tables::kPhases[i];
    phases.push_back({row.phase, row.start.since_midnight(), row.end.since_midnight()});
    const bool last = i + 1 == tables::kPhases.size() || tables::kPhases[i + 1].from != row.from ||
                      tables::kPhases[i + 1].group != row.group ||
                      tables::kPhases[i + 1].exchange != row.exchange;
    if (!last) continue;
    all.add(row.group, date_of(row.from), phases, row.exchange);
    phases.clear();
  }
  for (const int number : tables::kHolidays) all.add(Holiday{date_of(number), {}});
  for (const tables::SpecialRow& row : tables::kSpecialSessions) {
    SpecialSession session;
    session.date = date_of(row.date);
    session.full_day = row.start.hour == 0;
    session.start = row.start.since_midnight();
    session.end = row.end.since_midnight();
    all.add(session, true);
  }
  return all;
}

const TradingCalendar::Tables::Timetable* TradingCalendar::Tables::timetable(
    SessionGroup group, std::string_view exchange) const {
  const Timetable* common = nullptr;
  for (const Timetable& each : timetables) {
    if (each.group != group) continue;
    if (each.exchange == exchange) return &each;
    if (each.exchange.empty()) common = &each;
  }
  return common;
}

bool TradingCalendar::Tables::is_holiday(IstDate date, std::string_view exchange) const {
  auto at = std::lower_bound(holidays.begin(), holidays.end(), date,
                             [](const Holiday& a, IstDate b) { return a.date < b; });
  for (; at != holidays.end() && at->date == date; ++at) {
    if (is_or_covers(at->exchange, exchange)) return true;
  }
  return false;
}

DayPlan TradingCalendar::Tables::day(SessionGroup group, IstDate date,
                                     std::string_view exchange) const {
  DayPlan plan;
  const auto add_ordinary = [&] {
    const Timetable* table = timetable(group, exchange);
    if (table == nullptr) return;
    const auto after = std::find_if(table->regimes.rbegin(), table->regimes.rend(),
                                    [&](const Regime& regime) { return regime.from <= date; });
    if (after == table->regimes.rend()) return;
    for (const PhaseTimes& times : after->phases) {
      plan.add({times.phase, ist_moment(date, times.start), ist_moment(date, times.end)});
    }
  };
  bool special = false;
  auto at = std::lower_bound(specials.begin(), specials.end(), date,
                             [](const Special& a, IstDate b) { return a.session.date < b; });
  for (; at != specials.end() && at->session.date == date; ++at) {
    const SpecialSession& session = at->session;
    if (!is_or_covers(session.exchange, exchange) || session.group.value_or(group) != group) {
      continue;
    }
    special = true;
    if (session.full_day) {
      add_ordinary();
      break;
    }
    plan.add({session.phase, ist_moment(date, session.start), ist_moment(date, session.end)});
  }
  if (!special && !is_weekend(date) && !is_holiday(date, exchange)) add_ordinary();
  return plan;
}

// --- the calendar ---

TradingCalendar::TradingCalendar() {
  static const auto built_in = std::make_shared<const Tables>(Tables::built_in());
  tables_ = built_in;
}

DayPlan TradingCalendar::day(SessionGroup group, IstDate date, std::string_view exchange) const {
  return tables_->day(group, date, names_of(group, exchange).exchange);
}

bool TradingCalendar::is_session_date(IstDate date) const {
  return !day(SessionGroup::equity, date).spans().empty();
}

Phase TradingCalendar::phase_at(SessionGroup group, Timestamp t, std::string_view exchange) const {
  const DayPlan plan = day(group, ist_date(t), exchange);
  for (const PhaseSpan& span : plan.spans()) {
    if (span.contains(t)) return span.phase;
  }
  return Phase::closed;
}

std::optional<PhaseSpan> TradingCalendar::continuous_at(SessionGroup group, Timestamp t,
                                                        std::string_view exchange) const {
  const DayPlan plan = day(group, ist_date(t), exchange);
  for (const PhaseSpan& span : plan.spans()) {
    if (span.phase == Phase::continuous && span.contains(t)) return span;
  }
  return std::nullopt;
}

std::optional<PhaseSpan> TradingCalendar::trading_day(SessionGroup group, IstDate date,
                                                      std::string_view exchange) const {
  std::optional<PhaseSpan> whole;
  const DayPlan plan = day(group, date, exchange);
  for (const PhaseSpan& span : plan.spans()) {
    if (span.phase != Phase::continuous) continue;
    if (!whole) whole = span;
    whole->end = span.end;
  }
  return whole;
}

Timestamp TradingCalendar::next_change(SessionGroup group, Timestamp t,
                                       std::string_view exchange) const {
  const IstDate today = ist_date(t);
  for (int ahead = 0; ahead <= kSearchDays; ++ahead) {
    const DayPlan plan = day(group, today + days{ahead}, exchange);
    for (const PhaseSpan& span : plan.spans()) {
      if (span.start > t) return span.start;
      if (span.end > t) return span.end;
    }
  }
  return Timestamp::max();
}

bool TradingCalendar::is_open(Timestamp t) const {
  return open_state(t).open;
}

TradingCalendar::OpenState TradingCalendar::open_state(Timestamp t) const {
  const IstDate today = ist_date(t);
  OpenState state{false, ist_moment(today + days{1}, std::chrono::nanoseconds{0})};
  for (const Tables::Timetable& table : tables_->timetables) {
    const DayPlan plan = day(table.group, today, table.exchange);
    if (plan.spans().empty()) continue;
    const Timestamp first = plan.spans().front().start;
    const Timestamp after = plan.spans().back().end + std::chrono::nanoseconds{1};
    if (first <= t && t < after) state.open = true;
    for (const Timestamp change : {first, after}) {
      if (change > t) state.until = std::min(state.until, change);
    }
  }
  return state;
}

Timestamp TradingCalendar::next_open(Timestamp t) const {
  const IstDate today = ist_date(t);
  for (int ahead = 0; ahead <= kSearchDays; ++ahead) {
    Timestamp first = Timestamp::max();
    for (const Tables::Timetable& table : tables_->timetables) {
      const DayPlan plan = day(table.group, today + days{ahead}, table.exchange);
      if (!plan.spans().empty()) first = std::min(first, plan.spans().front().start);
    }
    if (first != Timestamp::max() && first > t) return first;
  }
  return Timestamp::max();
}

std::chrono::nanoseconds TradingCalendar::trading_time(SessionGroup group, Timestamp from,
                                                       Timestamp to,
                                                       std::string_view exchange) const {
  std::chrono::nanoseconds total{0};
  for (IstDate date = ist_date(from); date <= ist_date(to) && total < kTradingTimeCap;
       date += days{1}) {
    const DayPlan plan = day(group, date, exchange);
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
