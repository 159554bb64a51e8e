// What a TradingCalendar looks things up in: the built-in tables and the rows added to them,
// sorted. Private to calendar.cpp and calendar_rows.cpp. Immutable once a calendar is shared.
#pragma once

#include <string>
#include <vector>

#include "tapedeck/market/calendar.hpp"

namespace tapedeck::market {

struct TradingCalendar::Tables {
  /// The ordinary day from a date on.
  struct Regime {
    IstDate from{};
    std::vector<PhaseTimes> phases;
  };
  struct Timetable {
    std::string exchange;  // empty: every exchange without one of its own
    SessionGroup group{};
    std::vector<Regime> regimes;  // by date
  };
  struct Special {
    SpecialSession session;
    bool built_in = false;
  };

  std::vector<Timetable> timetables;
  std::vector<Holiday> holidays;  // by date
  std::vector<Special> specials;  // by date, then start

  static Tables built_in();
  const Timetable* timetable(SessionGroup group, std::string_view exchange) const;
  bool is_holiday(IstDate date, std::string_view exchange) const;
  DayPlan day(SessionGroup group, IstDate date, std::string_view exchange) const;

  void add(const Holiday& holiday);
  void add(const SpecialSession& session, bool is_built_in);
  void add(SessionGroup group, IstDate from, std::span<const PhaseTimes> phases,
           std::string_view exchange);
};

}  // namespace tapedeck::market
