// When the exchange does what: phases of a day by group of instruments, holidays and special
// sessions, as dated tables. A replay of 2022 gets the rules of 2022.
//
// Immutable after construction: any thread may read. day() costs a few table look-ups (no
// allocation); callers on the tick path keep the window they are in.
#pragma once

#include <array>
#include <optional>
#include <span>
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
GroupNames names_of(SessionGroup group) noexcept;

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

class TradingCalendar {
 public:
  /// Whether the exchange holds any session on that date (special ones included).
  bool is_session_date(IstDate date) const;
  DayPlan day(SessionGroup group, IstDate date) const;
  Phase phase_at(SessionGroup group, Timestamp t) const;
  /// The continuous session `t` lies in.
  std::optional<PhaseSpan> continuous_at(SessionGroup group, Timestamp t) const;
  /// The first moment after `t` at which the group's phase changes (within three weeks, else
  /// Timestamp::max()).
  Timestamp next_change(SessionGroup group, Timestamp t) const;
  /// Whether `t` lies between the first and the last phase of a session date, over all groups.
  bool is_open(Timestamp t) const;
  /// The first moment after `t` at which a session date's first phase begins (as next_change).
  Timestamp next_open(Timestamp t) const;
  /// Time of continuous trading between two moments; stops counting at a hundred hours.
  std::chrono::nanoseconds trading_time(SessionGroup group, Timestamp from, Timestamp to) const;

  IstDate session_on_or_before(IstDate date) const;
  IstDate session_after(IstDate date) const;
  IstDate session_before(IstDate date) const;
};

}  // namespace tapedeck::market
