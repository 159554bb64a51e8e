// The simulator's world for one session date: which instruments there are and how their prices
// move. A pure function of (seed, date): a day looks the same whether it is played live or as
// history.
//
// Prices follow a Brownian path pulled towards the day's close, with a common market factor, drift
// regimes of 20 to 50 minutes, and volatility and volume high at the open and the close (the U of a
// trading day). All figures are invented; tick sizes, lot sizes and sessions are those of the NSE.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "market/random_source.hpp"
#include "tapedeck/market/instrument.hpp"
#include "tapedeck/market/tick.hpp"

namespace tapedeck::market {

/// The instruments listed on a date.
std::vector<InstrumentInfo> sim_instruments(const TradingCalendar& calendar, IstDate date);

class SimDay {
 public:
  SimDay(const TradingCalendar& calendar, std::uint64_t seed, IstDate date);

  /// Appends the ticks of the next second with any, in order of time.
  /// @return false when the day is over
  bool next_second(std::vector<Tick>& ticks);
  IstDate date() const noexcept { return date_; }
  const std::vector<InstrumentInfo>& instruments() const noexcept { return instruments_; }

 private:
  struct Walk {
    std::size_t instrument = 0;
    std::ptrdiff_t follows = -1;  // a future follows its index: place in walks_
    double log_price = 0;
    double log_close = 0;
    double open_price = 0;
    double ticks_per_second = 1;
    double daily_volatility = 0.01;
    double market_beta = 1;
    double mean_quantity = 0;
    double regime_drift = 0;
    std::int64_t regime_left = 0;
    double basis = 0;
    double price = 0;
    DayPlan plan;
    RandomSource random{0};
  };

  void add_walk(std::size_t instrument, double years_to_expiry);
  void step(Walk& walk, Timestamp second, const PhaseSpan& session, double market_shock);
  void trade(Walk& walk, Timestamp second, double intensity, std::vector<Tick>& ticks);
  void quote(Walk& walk, Timestamp second, double price, std::vector<Tick>& ticks);

  const TradingCalendar& calendar_;
  std::uint64_t seed_;
  IstDate date_;
  std::vector<InstrumentInfo> instruments_;
  std::vector<Walk> walks_;
  RandomSource market_;
  Timestamp second_{};
  Timestamp end_{};
};

}  // namespace tapedeck::market
