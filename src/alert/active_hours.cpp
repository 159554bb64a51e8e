#include "alert/active_hours.hpp"

#include <algorithm>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::alert {
namespace {

using market::SessionGroup;

SessionGroup group_of(std::string_view exchange) noexcept {
  if (exchange == "NSE" || exchange == "BSE") return SessionGroup::equity;
  if (exchange == "INDICES") return SessionGroup::index;
  return SessionGroup::derivatives;
}

/// Whether something holds at a moment, and until when that answer does.
struct Answer {
  bool holds;
  std::int64_t until;
};

Answer in_session(const market::TradingCalendar& calendar, const std::string& exchange,
                  std::int64_t at) {
  const Timestamp now = from_ns(at);
  const SessionGroup group = group_of(exchange);
  return {calendar.continuous_at(group, now, exchange).has_value(),
          to_ns(calendar.next_change(group, now, exchange))};
}

Answer in_hours(const market::TradingCalendar& calendar, const TimeOfDay& hours, std::int64_t now) {
  const market::IstDate date = market::ist_date(from_ns(now));
  const auto moment = [&](Duration time) { return to_ns(market::ist_moment(date, time)); };
  const std::int64_t midnight = moment(std::chrono::hours(24));
  if (!calendar.is_session_date(date)) return {false, midnight};
  if (now < moment(hours.from)) return {false, moment(hours.from)};
  if (now < moment(hours.to)) return {true, moment(hours.to)};
  return {false, midnight};
}

}  // namespace

ActiveHours::ActiveHours(const Rule& rule, const market::TradingCalendar& calendar, Moment now)
    : calendar_(calendar),
      always_(!rule.market_hours && !rule.hours),
      market_hours_(rule.market_hours),
      exchange_(rule.exchange),
      hours_(rule.hours),
      counted_to_(now.at) {
  if (!always_) look(now.market);
}

void ActiveHours::look(std::int64_t market) {
  Answer both{true, INT64_MAX};
  const auto join = [&](Answer answer) {
    both.holds = both.holds && answer.holds;
    both.until = std::min(both.until, answer.until);
  };
  if (market_hours_) join(in_session(calendar_, exchange_, market));
  if (hours_) join(in_hours(calendar_, *hours_, market));
  active_ = both.holds;
  since_ = market;
  until_ = both.until;
}

bool ActiveHours::move_to(Moment now) {
  if (!is_to_look(now)) return false;
  total_ = active_time(now.at);
  counted_to_ = now.at;
  const bool before = active_;
  look(now.market);
  return active_ != before;
}

}  // namespace tapedeck::alert
