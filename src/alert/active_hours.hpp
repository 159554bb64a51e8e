// ActiveHours: when a rule holds at all: in its exchange's continuous session, at its time of day,
// or always; and a clock that runs only then, by which absence is measured.
// Not thread-safe. A look costs a comparison, at the edges of sessions some microseconds.
#pragma once

#include <cstdint>
#include <memory>

#include "alert/rule.hpp"
#include "tapedeck/market/calendar.hpp"

namespace tapedeck::alert {

/// A moment on the evaluator's own clock, which neither goes back nor leaps, and what other clocks
/// show then; ns.
struct Moment {
  std::int64_t at = 0;
  std::int64_t wall = 0;    ///< UTC
  std::int64_t market = 0;  ///< UTC too, but of a simulation its own

  /// The moment at which this clock showed `earlier`.
  Moment back_to(std::int64_t earlier) const noexcept {
    return {earlier, wall - (at - earlier), market - (at - earlier)};
  }
};

class ActiveHours {
 public:
  /// @param calendar must outlive it
  ActiveHours(const Rule& rule, const market::TradingCalendar& calendar, Moment now);

  bool is_to_look(Moment now) const noexcept {
    return !always_ && (now.market < since_ || now.market >= until_);
  }
  /// @return whether active() is another than before
  bool move_to(Moment now);
  bool active() const noexcept { return active_; }
  bool is_always() const noexcept { return always_; }
  /// When to look again, by the market's clock.
  std::int64_t until_market() const noexcept { return until_; }
  /// How long it has been active at `at`, counted from some moment. Not for moments long gone.
  std::int64_t active_time(std::int64_t at) const noexcept {
    return active_ ? total_ + (at - counted_to_) : total_;
  }

 private:
  void look(std::int64_t market);

  const market::TradingCalendar& calendar_;
  const bool always_;
  const bool market_hours_;
  const std::string exchange_;
  const std::optional<TimeOfDay> hours_;
  bool active_ = true;
  std::int64_t since_ = INT64_MIN;  // what is known holds from here
  std::int64_t until_ = INT64_MAX;  // to here
  std::int64_t total_ = 0;
  std::int64_t counted_to_ = 0;
};

}  // namespace tapedeck::alert
