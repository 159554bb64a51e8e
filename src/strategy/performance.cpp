#include "strategy/performance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "market/random_source.hpp"

namespace tapedeck::strategy {
namespace {

constexpr double kSessionsPerYear = 252;

}  // namespace

void TradeStats::add(double pnl) noexcept {
  counts_.realized_pnl += pnl;
  if (pnl > 0) {
    ++counts_.wins;
    ++counts_.win_streak;
    counts_.loss_streak = 0;
  } else {
    ++counts_.losses;
    ++counts_.loss_streak;
    counts_.win_streak = 0;
  }
}

std::optional<double> TradeStats::win_rate() const noexcept {
  if (trades() == 0) return std::nullopt;
  return static_cast<double>(counts_.wins) / static_cast<double>(trades());
}

void ProfitCurve::add(market::IstDate date, double net_pnl) noexcept {
  if (memory_.date && *memory_.date != date) finish_session();
  memory_.date = date;
  if (net_pnl != 0) memory_.moved = true;
  memory_.last = net_pnl;
  memory_.peak = std::max(memory_.peak, net_pnl);
  memory_.max_drawdown = std::max(memory_.max_drawdown, memory_.peak - net_pnl);
}

void ProfitCurve::finish_session() noexcept {
  const double made = memory_.last - memory_.day_start;
  memory_.day_start = memory_.last;
  ++memory_.sessions;
  const double off = made - memory_.mean;
  memory_.mean += off / static_cast<double>(memory_.sessions);
  memory_.squares += off * (made - memory_.mean);
}

std::optional<double> ProfitCurve::max_drawdown() const noexcept {
  if (!memory_.moved) return std::nullopt;
  return memory_.max_drawdown;
}

std::optional<double> ProfitCurve::current_drawdown() const noexcept {
  if (!memory_.moved) return std::nullopt;
  return memory_.peak - memory_.last;
}

std::optional<double> ProfitCurve::sharpe_ratio(std::int64_t sessions) const noexcept {
  if (memory_.sessions < std::max<std::int64_t>(sessions, 2) || memory_.squares <= 0) {
    return std::nullopt;
  }
  const double deviation = std::sqrt(memory_.squares / static_cast<double>(memory_.sessions - 1));
  return memory_.mean / deviation * std::sqrt(kSessionsPerYear);
}

IdSource::IdSource(std::string_view run) {
  std::uint64_t hash = market::mix(market::hash_text(run.data(), run.size()));
  for (int i = 0; i < 4; ++i, hash /= 36) {
    tag_ += "0123456789abcdefghijklmnopqrstuvwxyz"[hash % 36];
  }
}

std::string IdSource::next_decision(Timestamp at) {
  return make(at, 'D', ++counters_.decisions);
}

std::string IdSource::next_round_trip(Timestamp at) {
  return make(at, 'R', ++counters_.round_trips);
}

std::string IdSource::make(Timestamp at, char kind, std::uint64_t number) const {
  return fmt::format("{}{}{}{:06}", market::format_compact_date(market::ist_date(at)).substr(2),
                     tag_, kind, number);
}

}  // namespace tapedeck::strategy
