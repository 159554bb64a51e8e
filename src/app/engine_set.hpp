// The four engines of a run, made and wired: candles to the strategies, intents to the execution,
// its news back. What one of them throws ends that engine alone: it tells `error` with the reason,
// the others go on.
//
// One engine thread.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/engine_run_options.hpp"
#include "tapedeck/execution/execution_engine.hpp"
#include "tapedeck/market/market_data_engine.hpp"
#include "tapedeck/market/state_store.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"
#include "tapedeck/universe/universe_builder.hpp"

namespace tapedeck::app {

class EngineSet {
 public:
  /// @param run_id names the run in every event
  /// @param feed must outlive the set
  /// @throws std::invalid_argument with a sentence that says what to do.
  EngineSet(TelemetryBus& bus, const market::TradingCalendar& calendar, const market::Feed& feed,
            const EngineRunOptions& options, const std::string& run_id);
  EngineSet(const EngineSet&) = delete;
  EngineSet& operator=(const EngineSet&) = delete;

  /// The past: what the feed knows of it and what the candle cache has kept.
  void warm_up(std::span<const market::Candle> history, Timestamp now);
  void start(Timestamp now);
  /// What the feed brought; `clock` is engine time.
  void handle(const market::FeedRecord& record, Timestamp clock);
  Timestamp next_due() const;
  void advance_to(Timestamp now);
  void skip_to(Timestamp now);
  /// Lets every engine that knows the command obey it; when none does, says so.
  void obey(const market::Command& command, Timestamp now);
  /// All engines tell `error`; for what breaks the run itself.
  void fail(Timestamp now, std::string_view reason);
  void stop(Timestamp now);
  void stop_telemetry();

  bool killed() const noexcept { return execution_->is_killed(); }
  const std::vector<market::Timeframe>& timeframes() const noexcept { return timeframes_; }
  /// What the first engine to break said; empty when none did.
  const std::string& problem() const noexcept { return problem_; }
  void add_to(RunSummary& summary) const;

 private:
  enum Which : std::size_t { kMarketData, kStrategy, kExecution, kUniverse, kEngines };

  market::EnginePublisher publisher_of(TelemetryBus& bus, const char* engine) const;
  void make_market_data(TelemetryBus& bus);
  void make_strategy(TelemetryBus& bus);
  void make_execution(TelemetryBus& bus);
  template <typename Fn>
  void guarded(Which which, Fn&& fn);
  void break_down(Which which, const char* reason);
  void submit(const strategy::OrderIntent& intent);
  void use_price(const execution::PriceUpdate& price);
  bool is_asked_for(std::string_view exchange, std::string_view symbol) const;
  bool is_wanted(std::string_view exchange, std::string_view symbol);
  bool is_target(const market::Command& command, Which which) const;

  const EngineRunOptions options_;
  const market::TradingCalendar& calendar_;
  const market::Feed& feed_;
  const std::string run_id_;
  const std::vector<market::Timeframe> timeframes_;
  const std::unique_ptr<market::StateStore> state_;  // null: nothing survives a restart
  market::EnginePublisher answers_;
  std::unique_ptr<market::MarketDataEngine> market_data_;
  std::unique_ptr<strategy::StrategyEngineV2> strategy_;
  std::unique_ptr<execution::ExecutionEngine> execution_;
  std::unique_ptr<universe::UniverseBuilder> universe_;
  std::array<market::Engine*, kEngines> engines_{};
  std::array<std::string, kEngines> engine_ids_;
  std::array<bool, kEngines> broken_{};
  std::map<market::InstrumentKey, bool, market::InstrumentKeyLess> wanted_;
  Timestamp now_{};
  std::string problem_;
};

}  // namespace tapedeck::app
