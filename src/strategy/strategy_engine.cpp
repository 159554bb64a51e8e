// Set-up, commands and the clock of StrategyEngineV2.
#include "tapedeck/strategy/strategy_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "strategy/strategy_engine_impl.hpp"

namespace tapedeck::strategy {

using market::EngineState;

namespace {

void require(bool good, std::string_view sentence) {
  if (!good) throw std::invalid_argument(std::string(sentence));
}

}  // namespace

// --- the shell ---

StrategyEngineV2::StrategyEngineV2(market::EnginePublisher publisher,
                                   const market::TradingCalendar& calendar,
                                   const market::InstrumentTable& instruments,
                                   StrategyOptions options, IntentSink sink)
    : impl_(std::make_unique<Impl>(std::move(publisher), calendar, instruments, std::move(options),
                                   std::move(sink))) {}
StrategyEngineV2::~StrategyEngineV2() = default;

void StrategyEngineV2::set_pnl_source(const PnlSource* source) noexcept {
  impl_->pnl = source;
}
void StrategyEngineV2::set_risk_gate(const RiskGate* gate) noexcept {
  impl_->gate = gate;
}
void StrategyEngineV2::warm_up(const market::Candle& candle) {
  impl_->warm_up(candle);
}
void StrategyEngineV2::on_candle(const market::Candle& candle) {
  impl_->on_candle(candle);
}
void StrategyEngineV2::on_order_news(const OrderNews& news) {
  impl_->on_order_news(news);
}
std::uint64_t StrategyEngineV2::signals() const noexcept {
  return impl_->signals;
}
void StrategyEngineV2::start(Timestamp now) {
  impl_->start(now);
}
Timestamp StrategyEngineV2::next_due() const {
  return impl_->next_due();
}
void StrategyEngineV2::advance_to(Timestamp now) {
  impl_->advance_to(now);
}
void StrategyEngineV2::skip_to(Timestamp now) {
  impl_->skip_to(now);
}
void StrategyEngineV2::fail(Timestamp now, std::string_view reason) {
  impl_->fail(now, reason);
}
void StrategyEngineV2::stop(Timestamp now) {
  impl_->stop(now);
}
void StrategyEngineV2::stop_telemetry() {
  impl_->heartbeat.mute();
}
bool StrategyEngineV2::obey(const market::Command& command, Timestamp now) {
  return impl_->obey(command, now);
}

// --- set-up ---

StrategyEngineV2::Impl::Impl(market::EnginePublisher publisher,
                             const market::TradingCalendar& calendar,
                             const market::InstrumentTable& instruments, StrategyOptions options,
                             IntentSink sink)
    : heartbeat(options.health_every),
      publisher_(std::move(publisher)),
      calendar_(calendar),
      instruments_(instruments),
      options_(std::move(options)),
      sink_(std::move(sink)),
      ids_(options_.run) {
  check_options();
  for (const std::string& name : options_.strategies) add_strategy(name);
  plan_indicators();
}

void StrategyEngineV2::Impl::check_options() const {
  const StrategyOptions& o = options_;
  require(o.hold_every >= 0, "hold_every must not be negative");
  require(o.max_positions >= 0, "max_positions must not be negative");
  require(o.cooldown_candles >= 0, "cooldown_candles must not be negative");
  require(o.min_confidence >= 0 && o.min_confidence <= 1, "min_confidence must lie within 0..1");
  require(o.order_value > 0 && std::isfinite(o.order_value), "order_value must be above 0");
  require(o.max_daily_loss >= 0 && std::isfinite(o.max_daily_loss),
          "max_daily_loss must be 0 (no limit) or above");
  require(o.stale_after_candles >= 1, "stale_after_candles must be at least 1");
  require(o.sharpe_sessions >= 2, "sharpe_sessions must be at least 2");
  require(o.square_off_before_close.count() >= 0, "square_off_before_close must not be negative");
  require(o.entry_cutoff_before_close >= o.square_off_before_close,
          "entry_cutoff_before_close must not be shorter than square_off_before_close: what is "
          "entered in between would be squared off at once");
  require(o.square_off_retry.count() > 0, "square_off_retry must be above 0");
  require(o.health_every.count() > 0, "health_every must be above 0");
  for (const auto& [name, parameters] : o.parameters)
    complete_parameters(entry_of(name), parameters);
}

const StrategyEntry& StrategyEngineV2::Impl::entry_of(std::string_view name) const {
  const StrategyEntry* entry = find_strategy(name);
  std::string known = strategy_names();
  for (const StrategyEntry& extra : options_.extra_strategies) {
    known += fmt::format(", {}", extra.name);
    if (extra.name != name) continue;
    if (entry != nullptr) {
      throw std::invalid_argument(fmt::format("there are two strategies '{}'", name));
    }
    entry = &extra;
  }
  if (entry != nullptr) return *entry;
  throw std::invalid_argument(fmt::format("there is no strategy '{}'; known are: {}", name, known));
}

void StrategyEngineV2::Impl::add_strategy(const std::string& name) {
  for (const StrategyState& other : strategies_) {
    if (other.entry.name == name) {
      throw std::invalid_argument(fmt::format("strategy '{}' is named twice", name));
    }
  }
  StrategyState state;
  state.entry = entry_of(name);
  require(!name.empty() && name.find('/') == name.npos,
          "a strategy's name must not be empty nor have a '/'");
  require(state.entry.make != nullptr, "a strategy needs a make function");
  const auto set = options_.parameters.find(name);
  state.parameters = complete_parameters(
      state.entry, set != options_.parameters.end() ? set->second : ParameterValues{});
  state.config_hash = config_hash_of(state.entry, state.parameters);
  StrategySetup setup(state.parameters, plan_);
  try {
    state.entry.make(setup);  // an example, to learn which indicators it wants
  } catch (const std::exception& problem) {
    throw std::invalid_argument(fmt::format("strategy '{}': {}", name, problem.what()));
  }
  state.needed = setup.needed();
  state.traced = setup.entered();
  state.watches_stop = setup.has_stop();
  strategies_.push_back(std::move(state));
}

void StrategyEngineV2::Impl::plan_indicators() {
  std::vector<ValueId> common;
  for (const std::string& name : options_.indicators) {
    const auto spec = IndicatorSpec::parse(name);
    if (!spec) throw std::invalid_argument(fmt::format("there is no indicator '{}'", name));
    const std::size_t first = plan_.add(*spec).index;
    for (std::size_t i = 0; i < IndicatorPlan::value_count(spec->kind); ++i) {
      common.push_back({first + i});
    }
  }
  plan_.freeze();
  const auto by_index = [](ValueId a, ValueId b) { return a.index < b.index; };
  for (StrategyState& strategy : strategies_) {
    std::vector<ValueId>& all = strategy.published;
    all = strategy.traced;
    all.insert(all.end(), common.begin(), common.end());
    std::sort(all.begin(), all.end(), by_index);
    all.erase(std::unique(all.begin(), all.end()), all.end());
  }
}

// --- the clock ---

void StrategyEngineV2::Impl::start(Timestamp now) {
  restore();
  begin_session(now);
  find_next_square_off();
  heartbeat.start(now_);
  publish_health(now_);
  heartbeat.change(wanted_state());
  publish_health(now_);
}

void StrategyEngineV2::Impl::begin_session(Timestamp now) {
  now_ = std::max(now_, now);
  const market::IstDate today = market::ist_date(now_);
  if (today == today_) return;
  today_ = today;
  const market::IstDate session = calendar_.session_on_or_before(today);
  if (session == session_date_) return;
  session_date_ = session;
  for (StrategyState& strategy : strategies_) {
    strategy.memory.signals_today = 0;
    strategy.changed = true;
  }
  for (auto& [key, state] : symbols_) {
    for (Lane& lane : state.lanes) {
      if (!lane.unconfirmed) continue;  // orders are for the day: that one is gone
      lane.unconfirmed = lane.memory.order_out = false;
      save_lane(state, lane);
    }
  }
  ids_.restart(first_ids_);
  reserved_ids_ = first_ids_;
  save_engine();
  save_strategies();
}

Timestamp StrategyEngineV2::Impl::next_due() const {
  return stopped_ ? Timestamp::max() : std::min(heartbeat.next_due(), next_square_off_);
}

void StrategyEngineV2::Impl::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    begin_session(due);
    if (next_square_off_ <= due) square_off(now_);  // later than due after a skip
    if (heartbeat.next_due() > due) continue;
    heartbeat.change(wanted_state());
    publish_health(due);
    publish_all_performance(due);
    heartbeat.beat();
  }
  begin_session(now);
}

void StrategyEngineV2::Impl::skip_to(Timestamp now) {
  begin_session(now);
  heartbeat.skip_to(now);
}

void StrategyEngineV2::Impl::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat.change(EngineState::error)) publish_health(now_, reason);
}

void StrategyEngineV2::Impl::stop(Timestamp now) {
  now_ = std::max(now_, now);
  if (std::exchange(stopped_, true)) return;
  if (heartbeat.state() != EngineState::error) publish_all_performance(now_);
  if (heartbeat.change(EngineState::stopped)) publish_health(now_);
  save_engine();
  save_strategies();
}

// --- commands ---

bool StrategyEngineV2::Impl::obey(const market::Command& command, Timestamp now) {
  const bool is_meant =
      command.target == "*" || command.target == kName || command.target == publisher_.engine_id();
  if (!is_meant || (command.name != "kill" && command.name != "resume")) return false;
  now_ = std::max(now_, now);
  killed_ = command.name == "kill";
  save_engine();
  publisher_.answer(command, "done", command.reason, now_);
  tell_state_if_changed();
  return true;
}

EngineState StrategyEngineV2::Impl::wanted_state() const {
  const bool any_off = std::any_of(strategies_.begin(), strategies_.end(),
                                   [](const auto& one) { return !one.switched_off.empty(); });
  const bool is_kept = options_.state_store == nullptr || options_.state_store->problem().empty();
  const bool well = !killed_ && !any_off && damage_.empty() && is_kept;
  return well ? EngineState::active : EngineState::degraded;
}

void StrategyEngineV2::Impl::tell_state_if_changed() {
  if (heartbeat.change(wanted_state())) publish_health(now_);
}

}  // namespace tapedeck::strategy
