// The feed that needs no exchange: a seeded simulator of a few NSE symbols, session after session.
// Nights, weekends and holidays are left out. The same seed and start give the same ticks.
// See sim_market.hpp for the prices.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "market/sim_market.hpp"
#include "tapedeck/market/feed.hpp"

namespace tapedeck::market {

struct SimOptions {
  std::uint64_t seed = 1;
  IstDate first_date{};        ///< the first session; a day without one: the next that has
  std::uint64_t sessions = 0;  ///< how many; 0: no end
};

class SimFeed final : public Feed {
 public:
  SimFeed(const SimOptions& options, const TradingCalendar& calendar);

  FeedState next(FeedRecord& record) override;
  std::string error() const override { return {}; }
  const InstrumentTable& instruments() const override { return instruments_; }
  bool knows_all_instruments() const override { return true; }
  std::vector<Candle> history(std::span<const Timeframe> timeframes) override;
  const FeedStats& stats() const override { return stats_; }
  std::string_view mode() const override { return "paper"; }

 private:
  void begin_day(IstDate date);
  void add_history(IstDate date, std::span<const Timeframe> timeframes,
                   std::vector<Candle>& closed) const;
  std::string_view keep(std::string_view name) {
    const auto at = names_.find(name);
    return at != names_.end() ? *at : *names_.emplace(name).first;
  }

  SimOptions options_;
  const TradingCalendar& calendar_;
  InstrumentTable instruments_;
  std::set<std::string, std::less<>> names_;  // ticks refer to these
  std::unique_ptr<SimDay> day_;
  std::uint64_t days_begun_ = 0;
  std::vector<Tick> ticks_;
  std::size_t at_ = 0;
  FeedStats stats_;
};

}  // namespace tapedeck::market
