// How the engines of a run are made, wired and warmed up, at its begin or in the middle of it.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "desk/engine_set.hpp"
#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::desk {
namespace {

std::vector<market::Timeframe> parse_timeframes(const std::vector<std::string>& names) {
  std::vector<market::Timeframe> timeframes;
  for (const std::string& name : names) {
    const auto timeframe = market::Timeframe::parse(name);
    if (!timeframe) {
      throw std::invalid_argument(
          fmt::format("'{}' is no timeframe; use some of {}", name, market::Timeframe::kSupported));
    }
    timeframes.push_back(*timeframe);
  }
  if (timeframes.empty()) {
    throw std::invalid_argument("no timeframe is given; use --timeframes 1m,5m");
  }
  std::sort(timeframes.begin(), timeframes.end());
  timeframes.erase(std::unique(timeframes.begin(), timeframes.end()), timeframes.end());
  return timeframes;
}

std::string_view suffix_of(Part part) noexcept {
  switch (part) {
    case Part::market_data:
      return "mde";
    case Part::strategy:
      return "strategy";
    case Part::execution:
      return "execution";
    case Part::universe:
      break;
  }
  return "universe";
}

}  // namespace

std::string engine_id_of(std::string_view prefix, std::string_view mode, Part part) {
  return fmt::format("{}-{}", prefix.empty() ? mode : prefix, suffix_of(part));
}

EngineSet::EngineSet(TelemetryBus& bus, const market::TradingCalendar& calendar,
                     const market::Feed& feed, const EngineRunOptions& options,
                     const std::string& run_id)
    : options_(options),
      bus_(bus),
      calendar_(calendar),
      feed_(feed),
      run_id_(run_id),
      timeframes_(parse_timeframes(options.timeframes)),
      state_(options.state_file.empty() ? nullptr
                                        : std::make_unique<market::StateStore>(options.state_file)),
      answers_(publisher_of("engines")) {
  for (const Part part : options_.parts) make(part);
}

// --- making ---

std::string EngineSet::engine_id(Part part) const {
  return engine_id_of(options_.engine_id_prefix, feed_.mode(), part);
}

market::EnginePublisher EngineSet::publisher_of(std::string_view suffix) const {
  if (!options_.telemetry) return market::EnginePublisher::silent();
  const std::string mode(feed_.mode());
  Source source;
  source.host = options_.host;
  source.engine_id = fmt::format(
      "{}-{}", options_.engine_id_prefix.empty() ? mode : options_.engine_id_prefix, suffix);
  source.run_id = run_id_;
  source.account = options_.account;
  source.mode = mode;
  return {bus_, source, options_.speed == 0};
}

void EngineSet::make(Part part, const Change& change) {
  if (is_up(part)) throw std::logic_error(fmt::format("{} is running already", engine_id(part)));
  if (part == Part::execution) check_no_position_is_forgotten();
  EngineRunOptions changed = options_;
  if (change) change(changed);
  std::swap(options_, changed);
  try {
    make(part);
  } catch (...) {
    std::swap(options_, changed);
    throw;
  }
}

void EngineSet::make(Part part) {
  const auto which = static_cast<std::size_t>(part);
  market::Engine* made = nullptr;
  switch (part) {
    case Part::market_data:
      made = make_market_data();
      break;
    case Part::strategy:
      made = make_strategy();
      break;
    case Part::execution:
      made = make_execution();
      break;
    case Part::universe:
      made = make_universe();
      break;
  }
  engines_[which] = made;
  ended_[which] = broken_[which] = muted_[which] = false;
}

market::Engine* EngineSet::make_market_data() {
  if (market_data_) past_ = market_data_->history(timeframes_, Timestamp::max());
  engines_[kMarketData] = nullptr;
  market_data_.reset();  // two engines cannot share a cache file
  market::MarketDataOptions options = options_.market_data;
  options.timeframes = timeframes_;
  market_data_ = std::make_unique<market::MarketDataEngine>(
      publisher_of(suffix_of(Part::market_data)), calendar_, feed_.instruments(),
      std::move(options), [this](const market::Candle& candle) {
        guarded(kStrategy, [&] { strategy_->on_candle(candle); });
      });
  return market_data_.get();
}

market::Engine* EngineSet::make_strategy() {
  strategy::StrategyOptions options = options_.strategy;
  options.symbols.insert(options_.symbols.begin(), options_.symbols.end());
  options.run = run_id_ + options_.account + options_.engine_id_prefix;
  options.state_store = state_.get();
  strategy_ = std::make_unique<strategy::StrategyEngineV2>(
      publisher_of(suffix_of(Part::strategy)), calendar_, feed_.instruments(), std::move(options),
      [this](const strategy::OrderIntent& intent) { submit(intent); });
  strategy_is_warm_ = false;
  wire();
  return strategy_.get();
}

market::Engine* EngineSet::make_execution() {
  std::unique_ptr<execution::Broker> broker;
  if (options_.make_broker) {
    broker = options_.make_broker(calendar_);
  } else {
    broker = std::make_unique<execution::PaperBroker>(calendar_, options_.paper);
  }
  execution::ExecutionOptions options = options_.execution;
  options.account = options_.account;
  options.mode = feed_.mode();
  options.state_store = state_.get();
  execution_ = std::make_unique<execution::ExecutionEngine>(
      publisher_of(suffix_of(Part::execution)), calendar_, feed_.instruments(), std::move(broker),
      options, [this](const strategy::OrderNews& news) { tell_strategy(news); });
  ended_[kExecution] = false;
  wire();
  return execution_.get();
}

market::Engine* EngineSet::make_universe() {
  market::EnginePublisher publisher = publisher_of(suffix_of(Part::universe));
  if (options_.universe) {
    universe_ = std::make_unique<universe::UniverseBuilder>(std::move(publisher), calendar_,
                                                            *options_.universe);
  } else {
    universe_ = std::make_unique<universe::UniverseBuilder>(std::move(publisher), calendar_,
                                                            feed_.instruments());
  }
  return universe_.get();
}

/// The strategies ask the execution engine for margins and profit while there is one at work.
void EngineSet::wire() {
  if (!strategy_) return;
  execution::ExecutionEngine* at_work = ended_[kExecution] ? nullptr : execution_.get();
  strategy_->set_pnl_source(at_work);
  strategy_->set_risk_gate(at_work);
}

/// Who stops an execution engine and starts another must not lose sight of what is held.
void EngineSet::check_no_position_is_forgotten() const {
  if (!execution_ || state_) return;
  for (const execution::PositionView& position : execution_->positions()) {
    if (position.size == 0) continue;
    throw std::runtime_error(fmt::format(
        "{} holds {} of {} and its books were kept nowhere: flatten before stopping it, or give "
        "the run a state_file",
        engine_id(Part::execution), position.size, position.symbol));
  }
}

// --- joining a run that is on ---

void EngineSet::warm_up(std::vector<market::Candle> history, Timestamp now) {
  past_ = std::move(history);
  if (!market_data_) return;  // the past waits for it
  warm_up_market_data();
  warm_up_strategy(now);
}

void EngineSet::warm_up_market_data() {
  guarded(kMarketData, [&] {
    for (const market::Candle& candle : std::exchange(past_, {})) market_data_->update(candle);
  });
}

void EngineSet::warm_up_strategy(Timestamp now) {
  guarded(kMarketData, [&] {
    strategy_is_warm_ = strategy_ != nullptr;
    for (const market::Candle& candle : market_data_->history(timeframes_, now)) {
      guarded(kStrategy, [&] { strategy_->warm_up(candle); });
    }
  });
}

void EngineSet::join(Part part, const Change& change, Timestamp now) {
  now_ = now;
  make(part, change);
  if (part == Part::market_data) warm_up_market_data();
  if (!strategy_is_warm_) warm_up_strategy(now);
  start_engine(static_cast<Which>(part));
  if (!options_.health) stop_telemetry(part);
  if (part == Part::market_data) watch_symbols();
  if (part == Part::strategy && !state_) adopt_positions(now);
}

/// A strategy engine that joins is told what its strategies hold, or it would enter again.
void EngineSet::adopt_positions(Timestamp now) {
  if (!execution_ || ended_[kExecution]) return;
  for (const execution::PositionView& held : execution_->positions()) {
    if (held.size == 0) continue;
    strategy::OrderNews news;
    news.strategy = held.strategy;
    news.order_exchange = news.signal_exchange = held.exchange;
    news.order_symbol = news.signal_symbol = held.symbol;
    news.at = now;
    news.finished = true;
    news.position_size = held.size;
    for (const auto& [key, info] : feed_.instruments().all()) {
      if (info.order_symbol != held.symbol || !is_wanted(info.exchange, info.symbol)) continue;
      news.signal_exchange = info.exchange;
      news.signal_symbol = info.symbol;
    }
    tell_strategy(news);
  }
}

}  // namespace tapedeck::desk
