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
  realized_pnl_ += pnl;
  if (pnl > 0) {
    ++wins_;
    ++win_streak_;
    loss_streak_ = 0;
  } else {
    ++losses_;
    ++loss_streak_;
    win_streak_ = 0;
  }
}

std::optional<double> TradeStats::win_rate() const noexcept {
  if (trades() == 0) return std::nullopt;
  return static_cast<double>(wins_) / static_cast<double>(trades());
}

void ProfitCurve::add(market::IstDate date, double net_pnl) noexcept {
  if (date_ && *date_ != date) finish_day();
  date_ = date;
  last_ = net_pnl;
  peak_ = std::max(peak_, net_pnl);
  max_drawdown_ = std::max(max_drawdown_, peak_ - net_pnl);
}

void ProfitCurve::finish_day() noexcept {
  const double made = last_ - day_start_;
  day_start_ = last_;
  ++days_;
  const double off = made - mean_;
  mean_ += off / static_cast<double>(days_);
  squares_ += off * (made - mean_);
}

std::optional<double> ProfitCurve::sharpe_ratio() const noexcept {
  if (days_ < 2 || squares_ <= 0) return std::nullopt;
  const double deviation = std::sqrt(squares_ / static_cast<double>(days_ - 1));
  return mean_ / deviation * std::sqrt(kSessionsPerYear);
}

IdSource::IdSource(std::string_view run) {
  std::uint64_t hash = market::mix(market::hash_text(run.data(), run.size()));
  for (int i = 0; i < 4; ++i, hash /= 36) {
    tag_ += "0123456789abcdefghijklmnopqrstuvwxyz"[hash % 36];
  }
}

std::string IdSource::next_decision(Timestamp at) {
  return make(at, 'D', ++decisions_);
}

std::string IdSource::next_round_trip(Timestamp at) {
  return make(at, 'R', ++round_trips_);
}

std::string IdSource::make(Timestamp at, char kind, std::uint64_t number) const {
  return fmt::format("{}{}{}{:06}", market::format_compact_date(market::ist_date(at)).substr(2),
                     tag_, kind, number);
}

}  // namespace tapedeck::strategy
