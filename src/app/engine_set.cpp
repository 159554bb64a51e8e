#include "app/engine_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "tapedeck/execution/paper_broker.hpp"

namespace tapedeck::app {
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

}  // namespace

EngineSet::EngineSet(TelemetryBus& bus, const market::TradingCalendar& calendar,
                     const market::Feed& feed, const EngineRunOptions& options,
                     const std::string& run_id)
    : options_(options),
      calendar_(calendar),
      feed_(feed),
      run_id_(run_id),
      timeframes_(parse_timeframes(options.timeframes)),
      state_(options.state_file.empty() ? nullptr
                                        : std::make_unique<market::StateStore>(options.state_file)),
      answers_(publisher_of(bus, "engines")) {
  make_market_data(bus);
  make_strategy(bus);
  make_execution(bus);
  if (options_.universe) {
    universe_ = std::make_unique<universe::UniverseBuilder>(publisher_of(bus, "universe"),
                                                            calendar_, *options_.universe);
  } else {
    universe_ = std::make_unique<universe::UniverseBuilder>(publisher_of(bus, "universe"),
                                                            calendar_, feed_.instruments());
  }
  engine_ids_[kUniverse] = publisher_of(bus, "universe").engine_id();
  engines_ = {market_data_.get(), strategy_.get(), execution_.get(), universe_.get()};
}

market::EnginePublisher EngineSet::publisher_of(TelemetryBus& bus, const char* engine) const {
  if (!options_.telemetry) return market::EnginePublisher::silent();
  const std::string mode(feed_.mode());
  Source source;
  source.host = options_.host;
  source.engine_id =
      (options_.engine_id_prefix.empty() ? mode : options_.engine_id_prefix) + "-" + engine;
  source.run_id = run_id_;
  source.account = options_.account;
  source.mode = mode;
  return {bus, source, options_.speed == 0};
}

void EngineSet::make_market_data(TelemetryBus& bus) {
  market::EnginePublisher publisher = publisher_of(bus, "mde");
  engine_ids_[kMarketData] = publisher.engine_id();
  market::MarketDataOptions options = options_.market_data;
  options.timeframes = timeframes_;
  market_data_ = std::make_unique<market::MarketDataEngine>(
      std::move(publisher), calendar_, feed_.instruments(), std::move(options),
      [this](const market::Candle& candle) {
        guarded(kStrategy, [&] { strategy_->on_candle(candle); });
      });
}

void EngineSet::make_strategy(TelemetryBus& bus) {
  market::EnginePublisher publisher = publisher_of(bus, "strategy");
  engine_ids_[kStrategy] = publisher.engine_id();
  strategy::StrategyOptions options = options_.strategy;
  options.symbols.insert(options_.symbols.begin(), options_.symbols.end());
  options.run = run_id_ + options_.account + options_.engine_id_prefix;
  options.state_store = state_.get();
  strategy_ = std::make_unique<strategy::StrategyEngineV2>(
      std::move(publisher), calendar_, feed_.instruments(), std::move(options),
      [this](const strategy::OrderIntent& intent) { submit(intent); });
}

void EngineSet::make_execution(TelemetryBus& bus) {
  market::EnginePublisher publisher = publisher_of(bus, "execution");
  engine_ids_[kExecution] = publisher.engine_id();
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
      std::move(publisher), calendar_, feed_.instruments(), std::move(broker), options,
      [this](const strategy::OrderNews& news) {
        guarded(kStrategy, [&] { strategy_->on_order_news(news); });
      });
  strategy_->set_pnl_source(execution_.get());
  strategy_->set_risk_gate(execution_.get());
}

// --- one engine's fall is not the others' ---

template <typename Fn>
void EngineSet::guarded(Which which, Fn&& fn) {
  if (broken_[which]) return;
  try {
    fn();
  } catch (const std::exception& error) {
    break_down(which, error.what());
  }
}

void EngineSet::break_down(Which which, const char* reason) {
  broken_[which] = true;
  if (problem_.empty()) problem_ = fmt::format("{}: {}", engine_ids_[which], reason);
  if (options_.log) options_.log(fmt::format("{} has failed: {}", engine_ids_[which], reason));
  try {
    engines_[which]->fail(now_, reason);
  } catch (const std::exception& error) {
    if (options_.log) options_.log(fmt::format("and cannot tell so: {}", error.what()));
  }
}

void EngineSet::submit(const strategy::OrderIntent& intent) {
  guarded(kExecution, [&] { execution_->submit(intent, intent.decided_at); });
  if (!broken_[kExecution]) return;
  // Nobody else will tell the strategy that this order goes nowhere.
  strategy::OrderNews news;
  news.strategy = intent.strategy;
  news.signal_exchange = intent.signal_exchange;
  news.signal_symbol = intent.signal_symbol;
  news.order_exchange = intent.order_exchange;
  news.order_symbol = intent.order_symbol;
  news.correlation_id = intent.correlation_id;
  news.at = intent.decided_at;
  news.finished = true;
  if (intent.is_exit) {
    news.position_size = intent.side == strategy::Side::sell ? intent.qty : -intent.qty;
  }
  guarded(kStrategy, [&] { strategy_->on_order_news(news); });
}

// --- data ---

void EngineSet::warm_up(std::span<const market::Candle> history, Timestamp now) {
  guarded(kMarketData, [&] {
    for (const market::Candle& candle : history) market_data_->update(candle);
    for (const market::Candle& candle : market_data_->history(timeframes_, now)) {
      guarded(kStrategy, [&] { strategy_->warm_up(candle); });
    }
  });
}

void EngineSet::handle(const market::FeedRecord& record, Timestamp clock) {
  now_ = clock;
  execution::PriceUpdate price;
  bool usable = false;
  if (record.kind == market::RecordKind::candle) {
    const market::Candle& candle = record.candle;
    if (!is_wanted(candle.exchange, candle.symbol)) return;
    price = {candle.end, candle.symbol, candle.close};
    price.exchange = candle.exchange;
    guarded(kMarketData, [&] {
      market_data_->set_feed_stats(feed_.stats());
      usable = market_data_->is_current(candle);
    });
    // The close is the last price before anything that is decided on this candle.
    if (usable) use_price(price);
    guarded(kMarketData, [&] { market_data_->on_candle(candle); });
    return;
  }
  const market::Tick& tick = record.tick;
  if (!is_wanted(tick.exchange, tick.symbol)) return;
  price = {tick.at, tick.symbol, tick.price, tick.quantity, tick.exchange};
  if (tick.has_quote()) price.bid = tick.bid, price.ask = tick.ask;
  guarded(kMarketData, [&] {
    market_data_->set_feed_stats(feed_.stats());
    if (record.kind == market::RecordKind::mark) {
      usable = market_data_->in_session(tick.exchange, tick.symbol, tick.at) && tick.at >= clock;
    } else {
      usable = market_data_->on_tick(tick);
      price.quantity = market_data_->last_quantity();
    }
  });
  if (usable) use_price(price);
}

void EngineSet::use_price(const execution::PriceUpdate& price) {
  guarded(kExecution, [&] { execution_->on_price(price); });
  if (!options_.universe || options_.universe->strikes.empty()) return;
  guarded(kUniverse,
          [&] { universe_->on_price(price.exchange, price.symbol, price.price, price.at); });
}

/// Whether one of the symbols asked for, `INFY` or `NSE:INFY`, means this instrument.
bool EngineSet::is_asked_for(std::string_view exchange, std::string_view symbol) const {
  return std::any_of(options_.symbols.begin(), options_.symbols.end(), [&](std::string_view name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return name == symbol;
    return name.substr(colon + 1) == symbol && (exchange.empty() || name.starts_with(exchange));
  });
}

bool EngineSet::is_wanted(std::string_view exchange, std::string_view symbol) {
  if (options_.symbols.empty()) return true;
  const market::InstrumentKeyView key{symbol, exchange};
  const auto at = wanted_.find(key);
  if (at != wanted_.end()) return at->second;
  bool yes = is_asked_for(exchange, symbol);
  for (const auto& [other, info] : feed_.instruments().all()) {
    if (info.order_symbol == symbol && is_asked_for(info.exchange, info.symbol)) yes = true;
  }
  wanted_.emplace(market::InstrumentKey{std::string(symbol), std::string(exchange)}, yes);
  return yes;
}

// --- the clock ---

void EngineSet::start(Timestamp now) {
  now_ = now;
  for (std::size_t i = 0; i < kEngines; ++i) {
    guarded(static_cast<Which>(i), [&] { engines_[i]->start(now); });
  }
  guarded(kMarketData, [&] {
    if (feed_.knows_all_instruments()) {
      for (const std::string_view name : options_.symbols) {
        const std::size_t colon = name.find(':');
        if (colon == std::string_view::npos) {
          market_data_->watch({}, name);
        } else {
          market_data_->watch(name.substr(0, colon), name.substr(colon + 1));
        }
      }
    }
    for (const auto& [key, info] : feed_.instruments().all()) {
      if (is_wanted(info.exchange, info.symbol)) market_data_->watch(info.exchange, info.symbol);
    }
  });
}

Timestamp EngineSet::next_due() const {
  Timestamp due = Timestamp::max();
  for (std::size_t i = 0; i < kEngines; ++i) {
    if (!broken_[i]) due = std::min(due, engines_[i]->next_due());
  }
  return due;
}

void EngineSet::advance_to(Timestamp now) {
  now_ = now;
  for (std::size_t i = 0; i < kEngines; ++i) {
    guarded(static_cast<Which>(i), [&] { engines_[i]->advance_to(now); });
  }
}

void EngineSet::skip_to(Timestamp now) {
  now_ = now;
  for (std::size_t i = 0; i < kEngines; ++i) {
    guarded(static_cast<Which>(i), [&] { engines_[i]->skip_to(now); });
  }
}

bool EngineSet::is_target(const market::Command& command, Which which) const {
  static constexpr std::array<std::string_view, kEngines> kNames{
      market::MarketDataEngine::kName, strategy::StrategyEngineV2::kName,
      execution::ExecutionEngine::kName, universe::UniverseBuilder::kName};
  return command.target == "*" || command.target == engine_ids_[which] ||
         command.target == kNames[which];
}

void EngineSet::obey(const market::Command& command, Timestamp now) {
  now_ = now;
  bool asked = false, known = false;
  // Orders first: they are what a kill is about.
  for (const Which which : {kExecution, kStrategy, kMarketData, kUniverse}) {
    if (!is_target(command, which)) continue;
    asked = true;
    guarded(which, [&] { known |= engines_[which]->obey(command, now); });
  }
  if (!asked) return;  // another process's engine is meant
  if (!known) {
    answers_.answer(command, "refused", "no engine that is asked knows this command", now);
  }
}

void EngineSet::fail(Timestamp now, std::string_view reason) {
  now_ = now;
  for (std::size_t i = 0; i < kEngines; ++i) {
    guarded(static_cast<Which>(i), [&] { engines_[i]->fail(now, reason); });
  }
}

void EngineSet::stop(Timestamp now) {
  now_ = now;
  for (const Which which : {kStrategy, kExecution, kMarketData, kUniverse}) {
    guarded(which, [&] { engines_[which]->stop(now); });
  }
}

void EngineSet::stop_telemetry() {
  for (market::Engine* engine : engines_) engine->stop_telemetry();
}

void EngineSet::add_to(RunSummary& summary) const {
  const market::MarketDataCounts data = market_data_->counts();
  const execution::ExecutionCounts orders = execution_->counts();
  const strategy::Pnl pnl = execution_->pnl({});
  summary.ticks = data.ticks;
  summary.late_ticks = data.late_ticks;
  summary.out_of_session_ticks = data.out_of_session_ticks;
  summary.gaps = data.gaps;
  summary.candles = data.candles;
  summary.signals = strategy_->signals();
  summary.orders = orders.orders;
  summary.fills = orders.fills;
  summary.rejects = orders.rejects;
  summary.expired = orders.expired;
  summary.realized_pnl = pnl.realized;
  summary.charges = pnl.charges;
  summary.killed = killed();
}

}  // namespace tapedeck::app
