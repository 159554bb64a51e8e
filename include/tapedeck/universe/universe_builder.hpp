// UniverseBuilder: says what can be watched and traded. At the start and at each session date it
// compares the instrument list with the one before and publishes a universe_scan per exchange
// (`equity` for NSE, `fno` for NFO) and a universe_summary.
//
// One engine thread. A refresh walks the list once.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "market/heartbeat.hpp"
#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/market/instrument.hpp"

namespace tapedeck::universe {

class UniverseBuilder final : public market::Engine {
 public:
  static constexpr std::string_view kName = "UniverseBuilder";

  /// @param instruments read at each refresh; must outlive the builder
  UniverseBuilder(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                  const market::InstrumentTable& instruments,
                  std::chrono::nanoseconds health_every = std::chrono::seconds{60});

  /// Scans now.
  void refresh(Timestamp now);
  std::uint64_t refreshes() const noexcept { return refreshes_; }

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override { heartbeat_.mute(); }

 private:
  struct Scan {
    std::map<std::string, std::int64_t> counts;  // by instrument type
    std::set<std::string> symbols;
  };

  void publish_scan(const std::string& exchange, const Scan& scan, Timestamp at);
  void publish_summary(Timestamp at);
  void publish_health(Timestamp at, std::string_view error = {});

  market::EnginePublisher publisher_;
  const market::TradingCalendar& calendar_;
  const market::InstrumentTable& instruments_;
  market::Heartbeat heartbeat_;
  Timestamp now_{};
  Timestamp next_refresh_ = Timestamp::max();
  std::map<std::string, Scan> last_;  // by exchange
  std::uint64_t refreshes_ = 0;
};

}  // namespace tapedeck::universe
