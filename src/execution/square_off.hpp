// When the broker closes intraday positions: the dated table of the options, turned into moments.
// Immutable after construction; a look-up walks the table once.
#pragma once

#include <vector>

#include "tapedeck/execution/execution_options.hpp"

namespace tapedeck::execution {

class SquareOffTimes {
 public:
  /// @param calendar must outlive this
  SquareOffTimes(const market::TradingCalendar& calendar, std::vector<SquareOffRule> rules)
      : calendar_(calendar), rules_(std::move(rules)) {}

  /// The moment of a date; Timestamp::max() when the group has no session or no rule then.
  Timestamp on(market::SessionGroup group, market::IstDate date) const;
  /// The first moment after `t`, over all groups, within three weeks.
  Timestamp next(Timestamp t) const;
  /// Whether intraday positions of the group are being closed, or have been, on the date of `t`.
  bool has_begun(market::SessionGroup group, Timestamp t) const {
    return t >= on(group, market::ist_date(t));
  }
  /// Whether it has begun and the market is still open.
  bool is_under_way(market::SessionGroup group, Timestamp t) const {
    return has_begun(group, t) && t < end_of(group, market::ist_date(t));
  }

 private:
  /// Of the date's last continuous session; Timestamp::max() without one.
  Timestamp end_of(market::SessionGroup group, market::IstDate date) const;

  const market::TradingCalendar& calendar_;
  std::vector<SquareOffRule> rules_;
};

/// Rupees of the newest row that has begun; 0 without one.
double fee_on(const std::vector<DatedFee>& fees, market::IstDate date) noexcept;

}  // namespace tapedeck::execution
