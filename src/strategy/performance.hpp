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
  /// What is kept across restarts.
  struct Counts {
    std::int64_t wins = 0;
    std::int64_t losses = 0;
    std::int64_t win_streak = 0;
    std::int64_t loss_streak = 0;
    double realized_pnl = 0;  ///< after charges
    bool operator==(const Counts&) const = default;
  };
  TradeStats() = default;
  explicit TradeStats(const Counts& counts) noexcept : counts_(counts) {}

  void add(double pnl) noexcept;
  const Counts& counts() const noexcept { return counts_; }
  std::int64_t trades() const noexcept { return counts_.wins + counts_.losses; }
  /// Nothing as long as there is no trade.
  std::optional<double> win_rate() const noexcept;

 private:
  Counts counts_;
};

/// Net profit over time.
class ProfitCurve {
 public:
  /// What is kept across restarts.
  struct Memory {
    std::optional<market::IstDate> date;
    double day_start = 0;
    double last = 0;
    double peak = 0;
    double max_drawdown = 0;
    bool moved = false;
    // Welford 1962 over finished sessions.
    std::int64_t sessions = 0;
    double mean = 0;
    double squares = 0;
    bool operator==(const Memory&) const = default;
  };
  ProfitCurve() = default;
  explicit ProfitCurve(const Memory& memory) noexcept : memory_(memory) {}

  /// @param date of the session
  void add(market::IstDate date, double net_pnl) noexcept;
  const Memory& memory() const noexcept { return memory_; }
  /// The deepest fall from a peak so far, in rupees, not negative; nothing until profit has moved.
  std::optional<double> max_drawdown() const noexcept;
  /// How far profit is below its peak now, in rupees, not negative; nothing until it has moved.
  std::optional<double> current_drawdown() const noexcept;
  /// Mean over deviation (n - 1) of the finished sessions' net profits, times the root of 252;
  /// nothing before `sessions` (at least two) are finished or while they are all the same.
  std::optional<double> sharpe_ratio(std::int64_t sessions) const noexcept;

 private:
  void finish_session() noexcept;

  Memory memory_;
};

/// Makes the ids of decisions (`251118k3f9D000017`) and round trips (`…R000004`): date, a tag of
/// the run, a letter and a number of that date; alphanumeric, at most 20 characters, the same in
/// every run of the same input.
class IdSource {
 public:
  /// How many ids of each kind the date has had.
  struct Counters {
    std::uint64_t decisions = 0;
    std::uint64_t round_trips = 0;
    bool operator==(const Counters&) const = default;
  };

  /// @param run names the run and engine; its hash becomes the tag
  explicit IdSource(std::string_view run);
  std::string next_decision(Timestamp at);
  std::string next_round_trip(Timestamp at);
  /// Goes on after these: those of before a restart, or none when a new date begins.
  void restart(const Counters& counters) noexcept { counters_ = counters; }
  const Counters& counters() const noexcept { return counters_; }

 private:
  std::string make(Timestamp at, char kind, std::uint64_t number) const;

  std::string tag_;
  Counters counters_;
};

}  // namespace tapedeck::strategy
