// UniverseBuilder: says what can be watched and traded. It reads an instrument dump (or looks at an
// instrument table), keeps the last good universe, and publishes at the start, at each session
// date, when the dump file is replaced, when contracts expire, and when it is told to: a
// universe_scan per exchange (`equity` for NSE and BSE, `fno` for the others) and a
// universe_summary. A dump that cannot be trusted is refused; the old universe stays and health is
// `degraded`.
//
// One engine thread. With `background` a dump is read on a thread of the builder's own and swapped
// in at the next step, so that the engine thread never waits for it; without it (replays) a step
// that has to read takes as long as that takes: about 0.2 s for 100 000 rows. on_price() costs a
// look-up and two comparisons.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/market/engine.hpp"
#include "tapedeck/market/engine_publisher.hpp"
#include "tapedeck/universe/universe.hpp"

namespace tapedeck::universe {

struct UniverseOptions {
  std::filesystem::path dump;  ///< Kite's instrument dump, plain or gzip
  /// Where the last good universe is kept, so that the difference survives a restart and a bad dump
  /// at the start does no harm; empty: nowhere.
  std::filesystem::path state_file;
  UniverseFilter filter;
  std::vector<SymbolListFile> lists;  ///< what filter.lists names; read at each refresh
  std::filesystem::path freeze_file;  ///< see FreezeTable::load; empty: what is published
  std::vector<IndexName> index_names = default_index_names();
  DumpLimits limits;
  /// Refused: a dump in which an exchange has lost more than this share of the contracts that were
  /// listed and have not expired. 1 allows everything.
  double max_shrink_share = 0.2;
  std::size_t shrink_slack = 20;     ///< losing so many is never refused
  std::vector<StrikeQuery> strikes;  ///< windows around the money to keep up to date
  std::chrono::nanoseconds check_every =
      std::chrono::minutes{1};  ///< looks whether the dump changed
  std::chrono::nanoseconds health_every = std::chrono::minutes{1};
  /// Degraded when the dump is older than this many session dates. Its date is when it was read, or
  /// the earliest expiry it lists if that is over: dumps do not list expired contracts.
  int stale_after_sessions = 1;
  bool use_file_date = false;       ///< the file's modification date counts too; live runs want it
  std::size_t listed_changes = 50;  ///< names in added, removed and changed of an event
  bool background = false;
  /// Called on the engine thread with each new universe, after its events, and with what in it is
  /// new or not as it was (at first: everything): what a table that follows it has to take over.
  std::function<void(const Universe&, std::span<const market::InstrumentInfo* const>)> on_change;
};

class UniverseBuilder final : public market::Engine {
 public:
  static constexpr std::string_view kName = "UniverseBuilder";
  static constexpr std::string_view kRefreshCommand = "refresh_universe";

  /// Watches a table that somebody else keeps.
  /// @param instruments read at each refresh; must outlive the builder
  UniverseBuilder(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                  const market::InstrumentTable& instruments,
                  std::chrono::nanoseconds health_every = std::chrono::seconds{60});
  /// Reads a dump.
  /// @throws std::invalid_argument when an option makes no sense
  UniverseBuilder(market::EnginePublisher publisher, const market::TradingCalendar& calendar,
                  UniverseOptions options);
  ~UniverseBuilder() override;

  /// Reads or looks again now and publishes what it finds; in the background at a later step.
  void refresh(Timestamp now);
  /// Refreshes that were accepted.
  std::uint64_t refreshes() const noexcept;
  /// Refreshes that were refused.
  std::uint64_t failures() const noexcept;
  /// Why the last refresh was refused, a sentence; empty when it was not.
  const std::string& last_error() const noexcept;

  /// The last good one; null before the first. Engine thread; what it points to may be read by any.
  std::shared_ptr<const Universe> universe() const noexcept;

  /// A price of an index or a share: when it is the spot of a strike window and has moved by more
  /// than a strike since the window was chosen, the window is chosen anew.
  /// @param exchange empty: not known, the symbol decides
  void on_price(std::string_view exchange, std::string_view symbol, double price, Timestamp now);
  /// The windows of UniverseOptions::strikes, in that order. Valid until the next call of a method
  /// that is not const.
  std::span<const StrikeWindow> strikes() const noexcept;

  void start(Timestamp now) override;
  Timestamp next_due() const override;
  void advance_to(Timestamp now) override;
  void skip_to(Timestamp now) override;
  void fail(Timestamp now, std::string_view reason) override;
  void stop(Timestamp now) override;
  void stop_telemetry() override;
  /// Knows `refresh_universe`; answered when the refresh is done.
  bool obey(const market::Command& command, Timestamp now) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tapedeck::universe
