// The engines of a run, made and wired: candles to the strategies, intents to the execution, its
// news back. What one of them throws ends that engine alone: it tells `error` with the reason, the
// others go on. An engine that is not there, has stopped or has failed gets nothing and publishes
// nothing.
//
// One engine thread; is_up() from any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "desk/engine_run_options.hpp"
#include "tapedeck/execution/execution_engine.hpp"
#include "tapedeck/market/market_data_engine.hpp"
#include "tapedeck/market/state_store.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"
#include "tapedeck/universe/universe_builder.hpp"

namespace tapedeck::desk {

/// `<prefix>-strategy`; without a prefix the mode (paper, replay) is it.
std::string engine_id_of(std::string_view prefix, std::string_view mode, Part part);

class EngineSet {
 public:
  /// Makes the engines that options.parts names.
  /// @param run_id names the run in every event
  /// @param bus,feed must outlive the set
  /// @throws std::invalid_argument with a sentence that says what to do.
  EngineSet(TelemetryBus& bus, const market::TradingCalendar& calendar, const market::Feed& feed,
            const EngineRunOptions& options, const std::string& run_id);
  EngineSet(const EngineSet&) = delete;
  EngineSet& operator=(const EngineSet&) = delete;

  using Change = std::function<void(EngineRunOptions&)>;

  /// The past: what the feed knows of it and what the candle cache has kept.
  void warm_up(std::vector<market::Candle> history, Timestamp now);
  /// Starts the engines there are.
  void start(Timestamp now);
  /// Makes an engine that is not up, to start with the others in start().
  /// @param change what it is told, in the options
  /// @throws std::invalid_argument for options that cannot be, std::logic_error when it is up,
  ///   std::runtime_error for an execution engine whose former one has left positions that nobody
  ///   has kept (no state_file)
  void make(Part part, const Change& change);
  /// The same, warmed up and started in the middle of the run.
  void join(Part part, const Change& change, Timestamp now);
  /// Stops one engine; the others go on.
  void leave(Part part, Timestamp now);
  /// Whether it was started, has not stopped and has not failed.
  bool is_up(Part part) const noexcept { return up_[static_cast<std::size_t>(part)].load(); }
  bool any_up() const noexcept;

  // The engines themselves, for reads and requests on the engine thread; null: never made. One that
  // has stopped can still be read.
  market::MarketDataEngine* market_data() noexcept { return market_data_.get(); }
  execution::ExecutionEngine* execution() noexcept { return execution_.get(); }
  universe::UniverseBuilder* universe() noexcept { return universe_.get(); }
  const market::InstrumentTable& instruments() const { return feed_.instruments(); }
  std::string engine_id(Part part) const;

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
  void stop_telemetry(Part part);

  bool killed() const noexcept { return execution_ != nullptr && execution_->is_killed(); }
  const std::vector<market::Timeframe>& timeframes() const noexcept { return timeframes_; }
  /// What the first engine to break said; empty when none did.
  const std::string& problem() const noexcept { return problem_; }
  void add_to(RunSummary& summary) const;

 private:
  enum Which : std::size_t { kMarketData, kStrategy, kExecution, kUniverse, kEngines };
  static_assert(kEngines == kParts);

  market::EnginePublisher publisher_of(std::string_view suffix) const;
  void make(Part part);
  market::Engine* make_market_data();
  market::Engine* make_strategy();
  market::Engine* make_execution();
  market::Engine* make_universe();
  void wire();
  void end(Which which);
  void start_engine(Which which);
  void warm_up_market_data();
  void warm_up_strategy(Timestamp now);
  void watch_symbols();
  void adopt_positions(Timestamp now);
  void check_no_position_is_forgotten() const;
  template <typename Fn>
  void guarded(Which which, Fn&& fn) {
    if (engines_[which] == nullptr || ended_[which]) return;
    try {
      fn();
    } catch (const std::exception& error) {
      break_down(which, error.what());
    }
  }
  void break_down(Which which, const char* reason);
  void submit(const strategy::OrderIntent& intent);
  void tell_strategy(const strategy::OrderNews& news);
  void use_price(const execution::PriceUpdate& price);
  bool is_asked_for(std::string_view exchange, std::string_view symbol) const;
  bool is_wanted(std::string_view exchange, std::string_view symbol);
  bool is_target(const market::Command& command, Which which) const;

  EngineRunOptions options_;
  TelemetryBus& bus_;
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
  std::array<bool, kEngines> ended_{};  // stopped or failed
  std::array<bool, kEngines> broken_{};
  std::array<bool, kEngines> muted_{};  // before it was started
  std::array<std::atomic<bool>, kEngines> up_{};
  bool strategy_is_warm_ = false;
  std::vector<market::Candle> past_;  // for a market data engine that comes later
  std::map<market::InstrumentKey, bool, market::InstrumentKeyLess> wanted_;
  Timestamp now_{};
  std::string problem_;
};

}  // namespace tapedeck::desk
