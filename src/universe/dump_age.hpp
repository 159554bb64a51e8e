// How old an instrument dump is, in session dates, and until when a contract lives. Pure functions
// of the engine's clock and the dump.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <ratio>

#include "tapedeck/market/calendar.hpp"
#include "tapedeck/universe/instrument_dump.hpp"
#include "universe/dump_file.hpp"

namespace tapedeck::universe {

/// When the continuous trading of derivatives ends on a date; nothing when there is no session.
inline std::optional<Timestamp> end_of_derivatives(const market::TradingCalendar& calendar,
                                                   market::IstDate date) {
  std::optional<Timestamp> end;
  const market::DayPlan plan = calendar.day(market::SessionGroup::derivatives, date);
  for (const market::PhaseSpan& span : plan.spans()) {
    if (span.phase == market::Phase::continuous) end = span.end;
  }
  return end;
}

/// The earliest expiry that is not over: today until the session of the derivatives has ended.
inline market::IstDate first_live_expiry(const market::TradingCalendar& calendar, Timestamp now) {
  const auto today = market::ist_date(now);
  const auto end = end_of_derivatives(calendar, today);
  return end && now >= *end ? today + std::chrono::days{1} : today;
}

class DumpAge {
 public:
  DumpAge() = default;
  /// @param dump null: there is none, and it does not age
  /// @param file when its modification date counts
  DumpAge(const InstrumentDump* dump, Timestamp read_at, const std::optional<FileVersion>& file) {
    if (dump == nullptr) return;
    known_at_ = file ? std::min(read_at, file->modified) : read_at;
    date_ = market::ist_date(known_at_);
    // A dump does not list what has expired: what it lists was not over on its day.
    std::string_view earliest;
    for (const DumpRow& row : dump->rows) {
      if (row.expiry.empty()) continue;
      if (earliest.empty() || row.expiry < earliest) earliest = row.expiry;
    }
    const auto expiry = market::parse_date(earliest);
    if (!expiry || *expiry >= *date_) return;
    date_ = *expiry;
    known_at_ = market::ist_moment(*expiry, std::chrono::hours{24});
  }

  /// Hours since the dump is known to have been there: since it was read, written, or since the end
  /// of the earliest expiry it lists. Nothing when there is none.
  std::optional<double> hours(Timestamp now) const noexcept {
    if (!date_) return std::nullopt;
    return std::chrono::duration<double, std::ratio<3600>>(std::max(now, known_at_) - known_at_)
        .count();
  }

  /// Session dates after the dump's own, up to today.
  int sessions(const market::TradingCalendar& calendar, Timestamp now) const {
    int count = 0;
    if (!date_) return count;
    const auto today = market::ist_date(now);
    const auto oldest = today - kCounted;
    for (auto date = std::max(*date_, oldest); date < today; ++count) {
      date = calendar.session_after(date);
      if (date > today) break;
    }
    return count;
  }

 private:
  /// Older is as bad; it bounds the walk.
  static constexpr std::chrono::days kCounted{60};

  std::optional<market::IstDate> date_;
  Timestamp known_at_{};  // of date_
};

}  // namespace tapedeck::universe
