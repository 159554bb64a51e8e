// When an exchange does what: phases of a day by exchange, segment and group of instruments,
// holidays and special sessions, as dated tables. A replay of 2022 gets the rules of 2022. What is
// built in ends with 2026; rows of a file add to it without a rebuild.
//
// Add rows first, then share: the const functions may be called from any thread. day() costs a few
// table look-ups and no allocation; callers on the tick path keep the window they are in.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::market {

enum class Phase { closed, pre_open, continuous, closing_auction, post_close };
std::string_view to_string(Phase phase) noexcept;

/// Instruments that share one timetable.
enum class SessionGroup {
  equity,       ///< cash shares without derivatives
  equity_fno,   ///< cash shares that have derivatives (closing auction since August 2026)
  index,        ///< index values, computed while the cash market trades
  derivatives,  ///< futures and options on shares and indices
};
inline constexpr std::array kSessionGroups{SessionGroup::equity, SessionGroup::equity_fno,
                                           SessionGroup::index, SessionGroup::derivatives};
/// How session_event names a group: exchange, segment, group.
struct GroupNames {
  std::string_view exchange;
  std::string_view segment;
  std::string_view group;
};
/// @param exchange empty: the group's home, NSE or (derivatives) NFO
GroupNames names_of(SessionGroup group, std::string_view exchange = {}) noexcept;

/// A stretch of one phase: [start, end).
struct PhaseSpan {
  Phase phase = Phase::closed;
  Timestamp start{};
  Timestamp end{};
  bool contains(Timestamp t) const noexcept { return start <= t && t < end; }
};

/// The phases of one date in order; empty when there is no session.
class DayPlan {
 public:
  std::span<const PhaseSpan> spans() const noexcept { return {spans_.data(), count_}; }
  void add(PhaseSpan span) { spans_.at(count_++) = span; }

 private:
  std::array<PhaseSpan, 6> spans_{};
  std::size_t count_ = 0;
};

/// A date without a session.
struct Holiday {
  IstDate date{};
  std::string exchange;  ///< empty: every exchange
};

/// A session on a date that would have none, or another than usual. Several of one date make a day
/// of several parts; a date that has any has nothing else.
struct SpecialSession {
  IstDate date{};
  bool full_day = true;  ///< the ordinary phases of that date; else `phase` from start to end
  Phase phase = Phase::continuous;
  std::chrono::nanoseconds start{};  ///< since midnight in India
  std::chrono::nanoseconds end{};
  std::string exchange;               ///< empty: every exchange
  std::optional<SessionGroup> group;  ///< nothing: every group
};

/// Where a phase lies in an ordinary day.
struct PhaseTimes {
  Phase phase = Phase::continuous;
  std::chrono::nanoseconds start{};  ///< since midnight in India
  std::chrono::nanoseconds end{};
};

/// In all of the following an empty `exchange` means the group's home (names_of). An exchange
/// without rows of its own has the timetable that all have in common.
class TradingCalendar {
 public:
  TradingCalendar();

  /// Whether the exchange holds any session on that date (special ones included).
  bool is_session_date(IstDate date) const;
  DayPlan day(SessionGroup group, IstDate date, std::string_view exchange = {}) const;
  Phase phase_at(SessionGroup group, Timestamp t, std::string_view exchange = {}) const;
  /// The continuous session `t` lies in.
  std::optional<PhaseSpan> continuous_at(SessionGroup group, Timestamp t,
                                         std::string_view exchange = {}) const;
  /// From the start of the first to the end of the last continuous part of a date: what a daily
  /// candle covers.
  std::optional<PhaseSpan> trading_day(SessionGroup group, IstDate date,
                                       std::string_view exchange = {}) const;
  /// The first moment after `t` at which the group's phase changes (within three weeks, else
  /// Timestamp::max()).
  Timestamp next_change(SessionGroup group, Timestamp t, std::string_view exchange = {}) const;
  /// Whether `t` lies between the first and the last phase of a session date, over all groups.
  bool is_open(Timestamp t) const;
  /// Whether is_open(t), and up to when (exclusive) that answer holds; for callers on a hot path.
  struct OpenState {
    bool open = false;
    Timestamp until{};
  };
  OpenState open_state(Timestamp t) const;
  /// The first moment after `t` at which a session date's first phase begins (as next_change).
  Timestamp next_open(Timestamp t) const;
  /// Time of continuous trading between two moments; stops counting at a hundred hours.
  std::chrono::nanoseconds trading_time(SessionGroup group, Timestamp from, Timestamp to,
                                        std::string_view exchange = {}) const;

  IstDate session_on_or_before(IstDate date) const;
  IstDate session_after(IstDate date) const;
  IstDate session_before(IstDate date) const;

  /// Each of these adds to the tables or changes nothing.
  /// @throws std::invalid_argument with a sentence: a date outside 1990 to 2200, an end before its
  ///   start, phases that overlap, more than six in a day.
  void add_holiday(const Holiday& holiday);
  /// The first one for a date replaces what is built in for that date.
  void add_session(const SpecialSession& session);
  /// From `from` on an ordinary day of the group has these phases, in order of time.
  void add_timetable(SessionGroup group, IstDate from, std::span<const PhaseTimes> phases,
                     std::string_view exchange = {});
  /// Rows of a file, all or (when one is wrong) none; `#` begins a comment:
  ///   holiday,2027-01-26[,exchange]
  ///   session,2027-02-07,full[,exchange[,group]]
  ///   session,2027-10-29,18:00,19:00[,exchange[,group]]
  ///   phase,2027-04-01,cash,continuous,09:15,15:30[,exchange]   (all phases of that day together)
  /// Groups: cash, cash_fno, index, derivatives. Times are IST.
  /// @throws std::invalid_argument naming the line
  void add_rows(std::string_view text);
  /// @throws std::invalid_argument naming the file, also when it cannot be read
  void add_file(const std::filesystem::path& path);

 private:
  struct Tables;
  Tables& own_tables();

  std::shared_ptr<const Tables> tables_;  // built in, or a copy with rows added
};

}  // namespace tapedeck::market
