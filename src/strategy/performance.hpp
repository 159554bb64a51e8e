// How well a strategy does: wins, losses and streaks, and what the curve of its profit says.
// One thread, a few words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tapedeck/market/ist_time.hpp"

namespace tapedeck::strategy {

/// Closed trades. A trade that made nothing counts as a loss.
class TradeStats {
 public:
  void add(double pnl) noexcept;
  std::int64_t wins() const noexcept { return wins_; }
  std::int64_t losses() const noexcept { return losses_; }
  std::int64_t trades() const noexcept { return wins_ + losses_; }
  /// Nothing as long as there is no trade.
  std::optional<double> win_rate() const noexcept;
  std::int64_t win_streak() const noexcept { return win_streak_; }
  std::int64_t loss_streak() const noexcept { return loss_streak_; }
  double realized_pnl() const noexcept { return realized_pnl_; }  ///< after charges

 private:
  std::int64_t wins_ = 0;
  std::int64_t losses_ = 0;
  std::int64_t win_streak_ = 0;
  std::int64_t loss_streak_ = 0;
  double realized_pnl_ = 0;
};

/// Net profit over time.
class ProfitCurve {
 public:
  void add(market::IstDate date, double net_pnl) noexcept;
  /// The deepest fall from a peak so far, in rupees, not negative.
  double max_drawdown() const noexcept { return max_drawdown_; }
  /// Mean over deviation (n - 1) of the finished sessions' net profits, times the root of 252;
  /// nothing before two sessions are finished or while they are all the same.
  std::optional<double> sharpe_ratio() const noexcept;

 private:
  void finish_day() noexcept;

  std::optional<market::IstDate> date_;
  double day_start_ = 0;
  double last_ = 0;
  double peak_ = 0;
  double max_drawdown_ = 0;
  // Welford 1962 over finished days.
  std::int64_t days_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// Makes the ids of decisions (`251118k3f9D000017`) and round trips (`…R000004`): date, a tag of
/// the run, a letter and a number; alphanumeric, at most 20 characters, the same in every run of
/// the same input.
class IdSource {
 public:
  /// @param run names the run and engine; its hash becomes the tag
  explicit IdSource(std::string_view run);
  std::string next_decision(Timestamp at);
  std::string next_round_trip(Timestamp at);

 private:
  std::string make(Timestamp at, char kind, std::uint64_t number) const;

  std::string tag_;
  std::uint64_t decisions_ = 0;
  std::uint64_t round_trips_ = 0;
};

}  // namespace tapedeck::strategy
