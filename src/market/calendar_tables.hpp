// The exchanges' timetable as data. Times are IST. An empty exchange stands for every exchange that
// has no rows of its own (NSE, NFO, and BSE and BFO, which keep the same hours; that BSE holds the
// closing auction of August 2026 at the same times is not confirmed). Holidays and special sessions
// are known for 2022 to 2026 (NSE circulars); other years have weekends only. The muhurat session
// of 2026 is not here: its times were not confirmed (TradingCalendar::add_session).
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "tapedeck/market/calendar.hpp"

namespace tapedeck::market::tables {

struct Clock {
  int hour;
  int minute;
  constexpr std::chrono::nanoseconds since_midnight() const {
    return std::chrono::hours{hour} + std::chrono::minutes{minute};
  }
};

/// How events name a group, and its exchange where none is given.
struct GroupRow {
  SessionGroup group;
  std::string_view exchange;
  std::string_view segment;
  std::string_view name;
};
inline constexpr std::array kGroups{
    GroupRow{SessionGroup::equity, "NSE", "equity", "cash"},
    GroupRow{SessionGroup::equity_fno, "NSE", "equity", "cash_fno"},
    GroupRow{SessionGroup::index, "NSE", "index", "index"},
    GroupRow{SessionGroup::derivatives, "NFO", "derivatives", "derivatives"},
};

/// From `from` on (YYYYMMDD) the phase of the group runs at these times; a later row for the same
/// exchange and group replaces all earlier rows of both.
struct PhaseRow {
  std::string_view exchange;
  SessionGroup group;
  int from;
  Phase phase;
  Clock start;
  Clock end;
};

inline constexpr std::array kPhases{
    PhaseRow{"", SessionGroup::equity, 20100101, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::equity, 20100101, Phase::continuous, {9, 15}, {15, 30}},
    PhaseRow{"", SessionGroup::equity, 20100101, Phase::post_close, {15, 40}, {16, 0}},
    PhaseRow{"", SessionGroup::equity_fno, 20100101, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::equity_fno, 20100101, Phase::continuous, {9, 15}, {15, 30}},
    PhaseRow{"", SessionGroup::equity_fno, 20100101, Phase::post_close, {15, 40}, {16, 0}},
    PhaseRow{"", SessionGroup::equity_fno, 20260803, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::equity_fno, 20260803, Phase::continuous, {9, 15}, {15, 15}},
    // No entry to 15:20, limit and market to 15:25, limit to a random close from 15:28 to 15:30,
    // matching to 15:35: one phase, in which nobody can rely on a fill.
    PhaseRow{"", SessionGroup::equity_fno, 20260803, Phase::closing_auction, {15, 15}, {15, 35}},
    PhaseRow{"", SessionGroup::equity_fno, 20260803, Phase::post_close, {15, 50}, {16, 0}},
    PhaseRow{"", SessionGroup::index, 20100101, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::index, 20100101, Phase::continuous, {9, 15}, {15, 30}},
    PhaseRow{"", SessionGroup::derivatives, 20100101, Phase::continuous, {9, 15}, {15, 30}},
    PhaseRow{"", SessionGroup::derivatives, 20251208, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::derivatives, 20251208, Phase::continuous, {9, 15}, {15, 30}},
    PhaseRow{"", SessionGroup::derivatives, 20260803, Phase::pre_open, {9, 0}, {9, 8}},
    PhaseRow{"", SessionGroup::derivatives, 20260803, Phase::continuous, {9, 15}, {15, 40}},
};

/// Weekdays without a session (YYYYMMDD, sorted), on every exchange. A muhurat day is here and in
/// kSpecialSessions.
inline constexpr std::array kHolidays{
    20220126, 20220301, 20220318, 20220414, 20220415, 20220503, 20220809, 20220815, 20220831,
    20221005, 20221024, 20221026, 20221108,  //
    20230126, 20230307, 20230330, 20230404, 20230407, 20230414, 20230501, 20230629, 20230815,
    20230919, 20231002, 20231024, 20231114, 20231127, 20231225,  //
    20240122, 20240126, 20240308, 20240325, 20240329, 20240411, 20240417, 20240501, 20240520,
    20240617, 20240717, 20240815, 20241002, 20241101, 20241115, 20241120, 20241225,  //
    20250226, 20250314, 20250331, 20250410, 20250414, 20250418, 20250501, 20250815, 20250827,
    20251002, 20251021, 20251022, 20251105, 20251225,  //
    20260115, 20260126, 20260303, 20260326, 20260331, 20260403, 20260414, 20260501, 20260528,
    20260626, 20260914, 20261002, 20261020, 20261110, 20261124, 20261225,
};

/// Sessions on days that would have none, or short ones, on every exchange. {0,0}-{0,0}: a full
/// ordinary day.
struct SpecialRow {
  int date;
  Clock start;
  Clock end;
};

inline constexpr std::array kSpecialSessions{
    SpecialRow{20221024, {18, 15}, {19, 15}},  // muhurat
    SpecialRow{20231112, {18, 15}, {19, 15}},  // muhurat
    SpecialRow{20240120, {0, 0}, {0, 0}},      // Saturday, full session
    SpecialRow{20240302, {9, 15}, {10, 0}},    // Saturday drill, two parts
    SpecialRow{20240302, {11, 30}, {12, 30}},
    SpecialRow{20240518, {9, 15}, {10, 0}},  // Saturday drill, two parts
    SpecialRow{20240518, {11, 30}, {12, 30}},
    SpecialRow{20241101, {18, 0}, {19, 0}},    // muhurat
    SpecialRow{20250201, {0, 0}, {0, 0}},      // Saturday, budget
    SpecialRow{20251021, {13, 45}, {14, 45}},  // muhurat
    SpecialRow{20260201, {0, 0}, {0, 0}},      // Sunday, budget
};

}  // namespace tapedeck::market::tables
