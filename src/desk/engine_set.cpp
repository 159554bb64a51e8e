// The engines of a run at work: data, the clock, commands, and one engine's fall.
#include "desk/engine_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace tapedeck::desk {

// --- one engine's fall is not the others' ---

void EngineSet::break_down(Which which, const char* reason) {
  end(which);
  broken_[which] = true;
  const std::string engine = engine_id(static_cast<Part>(which));
  if (problem_.empty()) problem_ = fmt::format("{}: {}", engine, reason);
  if (options_.log) options_.log(fmt::format("{} has failed: {}", engine, reason));
  try {
    engines_[which]->fail(now_, reason);
  } catch (const std::exception& error) {
    if (options_.log) options_.log(fmt::format("and cannot tell so: {}", error.what()));
  }
}

void EngineSet::end(Which which) {
  ended_[which] = true;
  up_[which].store(false);
}

void EngineSet::submit(const strategy::OrderIntent& intent) {
  guarded(kExecution, [&] { execution_->submit(intent, intent.decided_at); });
  if (engines_[kExecution] != nullptr && !ended_[kExecution]) return;
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
  tell_strategy(news);
}

/// One that has stopped is told too: it keeps what it holds for the next.
void EngineSet::tell_strategy(const strategy::OrderNews& news) {
  if (!strategy_ || broken_[kStrategy]) return;
  try {
    strategy_->on_order_news(news);
  } catch (const std::exception& error) {
    break_down(kStrategy, error.what());
  }
}

// --- data ---

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
  for (std::size_t i = 0; i < kEngines; ++i) start_engine(static_cast<Which>(i));
  watch_symbols();
}

void EngineSet::start_engine(Which which) {
  guarded(which, [&] {
    engines_[which]->start(now_);
    if (muted_[which]) engines_[which]->stop_telemetry();
    up_[which].store(true);
  });
}

void EngineSet::leave(Part part, Timestamp now) {
  now_ = now;
  const auto which = static_cast<Which>(part);
  guarded(which, [&] {
    engines_[which]->stop(now);
    end(which);
  });
  if (part == Part::execution) wire();
}

bool EngineSet::any_up() const noexcept {
  return std::any_of(up_.begin(), up_.end(), [](const auto& up) { return up.load(); });
}

void EngineSet::watch_symbols() {
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
    if (engines_[i] != nullptr && !ended_[i]) due = std::min(due, engines_[i]->next_due());
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
  if (engines_[which] == nullptr) return false;
  return command.target == "*" || command.target == engine_id(static_cast<Part>(which)) ||
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
  for (const Part part : {Part::strategy, Part::execution, Part::market_data, Part::universe}) {
    leave(part, now);
  }
}

void EngineSet::stop_telemetry() {
  for (market::Engine* engine : engines_) {
    if (engine != nullptr) engine->stop_telemetry();
  }
}

void EngineSet::stop_telemetry(Part part) {
  const auto which = static_cast<std::size_t>(part);
  muted_[which] = true;
  if (engines_[which] != nullptr) engines_[which]->stop_telemetry();
}

void EngineSet::add_to(RunSummary& summary) const {
  if (market_data_) {
    const market::MarketDataCounts data = market_data_->counts();
    summary.ticks = data.ticks;
    summary.late_ticks = data.late_ticks;
    summary.out_of_session_ticks = data.out_of_session_ticks;
    summary.gaps = data.gaps;
    summary.candles = data.candles;
  }
  if (strategy_) summary.signals = strategy_->signals();
  if (execution_) {
    const execution::ExecutionCounts orders = execution_->counts();
    const strategy::Pnl pnl = execution_->pnl({});
    summary.orders = orders.orders;
    summary.fills = orders.fills;
    summary.rejects = orders.rejects;
    summary.expired = orders.expired;
    summary.realized_pnl = pnl.realized;
    summary.charges = pnl.charges;
  }
  summary.killed = killed();
}

}  // namespace tapedeck::desk
