#include "execution/square_off.hpp"

#include <algorithm>

namespace tapedeck::execution {
namespace {

using market::SessionGroup;
using std::chrono::minutes;
constexpr int kSearchDays = 21;

}  // namespace

std::vector<SquareOffRule> default_square_off_rules() noexcept {
  const market::IstDate always = market::make_date(2010, 1, 1);
  const market::IstDate auctions = market::make_date(2026, 8, 3);
  return {{always, SessionGroup::equity, minutes{10}},
          {always, SessionGroup::equity_fno, minutes{10}},
          {always, SessionGroup::index, minutes{5}},  // an index that stands in for its future
          {always, SessionGroup::derivatives, minutes{5}},
          {auctions, SessionGroup::equity_fno, minutes{5}}};
}

std::vector<DatedFee> default_square_off_fees() noexcept {
  return {{market::make_date(2020, 7, 1), 50}};
}

Timestamp SquareOffTimes::end_of(SessionGroup group, market::IstDate date) const {
  Timestamp end = Timestamp::max();
  const market::DayPlan plan = calendar_.day(group, date);
  for (const market::PhaseSpan& span : plan.spans()) {
    if (span.phase == market::Phase::continuous) end = span.end;
  }
  return end;
}

Timestamp SquareOffTimes::on(SessionGroup group, market::IstDate date) const {
  const SquareOffRule* rule = nullptr;
  for (const SquareOffRule& row : rules_) {
    if (row.group != group || row.effective_from > date) continue;
    if (rule == nullptr || row.effective_from >= rule->effective_from) rule = &row;
  }
  const Timestamp end = end_of(group, date);
  return rule == nullptr || end == Timestamp::max() ? Timestamp::max() : end - rule->before_end;
}

Timestamp SquareOffTimes::next(Timestamp t) const {
  const market::IstDate today = market::ist_date(t);
  for (int ahead = 0; ahead <= kSearchDays; ++ahead) {
    Timestamp first = Timestamp::max();
    for (const SessionGroup group : market::kSessionGroups) {
      const Timestamp at = on(group, today + std::chrono::days{ahead});
      if (at > t) first = std::min(first, at);
    }
    if (first != Timestamp::max()) return first;
  }
  return Timestamp::max();
}

double fee_on(const std::vector<DatedFee>& fees, market::IstDate date) noexcept {
  const DatedFee* found = nullptr;
  for (const DatedFee& fee : fees) {
    if (fee.effective_from > date) continue;
    if (found == nullptr || fee.effective_from >= found->effective_from) found = &fee;
  }
  return found == nullptr ? 0 : found->rupees;
}

}  // namespace tapedeck::execution
