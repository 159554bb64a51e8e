#include "tapedeck/market/market_data_engine.hpp"

#include <algorithm>
#include <cmath>

namespace tapedeck::market {
namespace {

using std::chrono::nanoseconds;
constexpr std::size_t kListedStaleSymbols = 10;

double minutes(nanoseconds t) {
  return static_cast<double>(t.count()) / 6e10;
}

}  // namespace

MarketDataEngine::MarketDataEngine(EnginePublisher publisher, const TradingCalendar& calendar,
                                   const InstrumentTable& instruments, MarketDataOptions options,
                                   CandleSink sink)
    : publisher_(publisher),
      calendar_(calendar),
      instruments_(instruments),
      options_(std::move(options)),
      sink_(std::move(sink)),
      heartbeat_(options_.health_every) {}

MarketDataCounts MarketDataEngine::counts() const noexcept {
  MarketDataCounts counts = counts_;
  counts.bad_ticks += bad_rows_;
  return counts;
}

// --- data ---

bool MarketDataEngine::watch(std::string_view symbol) {
  return state_of(symbol) != nullptr;
}

MarketDataEngine::SymbolState* MarketDataEngine::state_of(std::string_view symbol) {
  if (last_used_ != nullptr && last_used_->info.symbol == symbol) return last_used_;
  auto at = symbols_.find(symbol);
  if (at == symbols_.end()) {
    const InstrumentInfo* info = instruments_.find({}, symbol);
    if (info == nullptr) {
      if (not_found_.emplace(symbol).second) {
        ++counts_.lookup_failures;
        publisher_.publish(
            MdeLookupFailure{.symbol = symbol, .exchange_tried = "NSE,NFO", .extra = {}}, now_);
      }
      return nullptr;
    }
    SymbolState state;
    state.info = *info;
    for (const Timeframe timeframe : options_.timeframes) state.builders.emplace_back(timeframe);
    at = symbols_.emplace(std::string(symbol), std::move(state)).first;
    follow_group(info->group);
  }
  return last_used_ = &at->second;
}

bool MarketDataEngine::on_tick(const Tick& tick) {
  now_ = std::max(now_, tick.at);
  ++counts_.ticks;
  last_tick_ = std::max(last_tick_, tick.at);
  if (!std::isfinite(tick.price) || tick.price <= 0 || tick.quantity < 0) {
    ++counts_.bad_ticks;
    return false;
  }
  SymbolState* state = state_of(tick.symbol);
  if (state == nullptr) return false;
  if (!enter_session(*state, tick.at)) {
    ++counts_.out_of_session_ticks;
    return false;
  }
  if (tick.at < state->builders.front().floor()) {
    ++counts_.late_ticks;
    return false;
  }
  note_gap(*state, tick.at, std::nullopt);
  for (CandleBuilder& builder : state->builders) {
    const bool opens = !builder.is_open();
    builder.add(tick.at, tick.price, tick.quantity, *state->session);
    if (opens) next_close_ = std::min(next_close_, builder.end());
  }
  const bool newest = tick.at >= state->last_seen;
  state->last_seen = std::max(state->last_seen, tick.at);
  state->heard = std::max(state->heard, tick.at);
  return newest;
}

bool MarketDataEngine::in_session(std::string_view symbol, Timestamp at) {
  SymbolState* state = state_of(symbol);
  return state != nullptr && enter_session(*state, at);
}

bool MarketDataEngine::is_current(const Candle& candle) {
  SymbolState* state = state_of(candle.symbol);
  return state != nullptr && enter_session(*state, candle.start) &&
         candle.start >= state->last_seen;
}

bool MarketDataEngine::on_candle(const Candle& candle) {
  now_ = std::max(now_, candle.end);
  ++counts_.ticks;
  last_tick_ = std::max(last_tick_, candle.end);
  SymbolState* state = state_of(candle.symbol);
  if (state == nullptr) return false;
  state->fed_with_candles = true;
  if (!enter_session(*state, candle.start)) {
    ++counts_.out_of_session_ticks;
    return false;
  }
  if (candle.start < state->last_seen) {
    ++counts_.late_ticks;
    return false;
  }
  note_gap(*state, candle.start, candle.timeframe);
  state->last_seen = state->heard = candle.end;
  publish_candle(*state, candle);
  for (CandleBuilder& builder : state->builders) {
    const int longer = builder.timeframe().minutes();
    if (longer <= candle.timeframe.minutes() || longer % candle.timeframe.minutes() != 0) continue;
    builder.add(candle, *state->session);
    if (builder.end() <= candle.end) close_candle(*state, builder);
  }
  find_next_close();
  return true;
}

// --- sessions and gaps ---

bool MarketDataEngine::enter_session(SymbolState& state, Timestamp at) {
  if (state.session && state.session->contains(at)) return true;
  const auto session = calendar_.continuous_at(state.info.group, at);
  if (!session) return false;
  if (state.session && session->start < state.session->start) return false;
  state.session = session;
  state.heard = std::max(session->start, started_);
  return true;
}

void MarketDataEngine::leave_sessions(bool fed_with_candles) {
  // The last candle of a session comes at its very end, after what is due at that moment.
  const nanoseconds grace{fed_with_candles ? 1 : 0};
  for (auto& [symbol, state] : symbols_) {
    if (state.fed_with_candles != fed_with_candles) continue;
    if (!state.session || state.session->end + grace > now_) continue;
    note_gap(state, state.session->end, std::nullopt);
    state.session.reset();
  }
}

void MarketDataEngine::note_gap(SymbolState& state, Timestamp until,
                                std::optional<Timeframe> timeframe) {
  const nanoseconds silence = until - state.heard;
  if (silence <= options_.gap_threshold) return;
  ++counts_.gaps;
  FeedGap gap;
  gap.symbol = state.info.symbol;
  gap.from = state.heard;
  gap.to = until;
  if (timeframe) {
    gap.missed = silence / timeframe->length();
    gap.timeframe = timeframe->name();
  }
  const auto fields = state.info.event_fields();
  gap.instrument = &fields;
  publisher_.publish(gap, now_);
}

void MarketDataEngine::follow_group(SessionGroup group) {
  const auto [at, added] = groups_.try_emplace(group);
  if (!added || heartbeat_.state() == EngineState::idle) return;
  at->second = {calendar_.phase_at(group, now_), calendar_.next_change(group, now_)};
  publish_phase(group, at->second.phase, now_);
}

void MarketDataEngine::publish_phase(SessionGroup group, Phase phase, Timestamp at) {
  const GroupNames names = names_of(group);
  publisher_.publish(SessionEvent{.exchange = names.exchange,
                                  .segment = names.segment,
                                  .phase = to_string(phase),
                                  .group = names.group,
                                  .extra = {}},
                     at);
}

void MarketDataEngine::change_phases(Timestamp now) {
  for (auto& [group, state] : groups_) {
    if (state.next_change > now) continue;
    const Phase phase = calendar_.phase_at(group, now);
    state.next_change = calendar_.next_change(group, now);
    leave_sessions(false);
    if (phase == state.phase) continue;
    state.phase = phase;
    publish_phase(group, phase, now);
  }
}

// --- candles ---

Timestamp MarketDataEngine::close_due(const SymbolState& state,
                                      const CandleBuilder& builder) noexcept {
  // The last part of a longer candle arrives at that candle's very end.
  return state.fed_with_candles && builder.is_open() ? builder.end() + nanoseconds{1}
                                                     : builder.end();
}

void MarketDataEngine::find_next_close() {
  next_close_ = Timestamp::max();
  for (const auto& [symbol, state] : symbols_) {
    for (const CandleBuilder& builder : state.builders) {
      next_close_ = std::min(next_close_, close_due(state, builder));
    }
  }
}

void MarketDataEngine::close_candles(Timestamp up_to) {
  while (next_close_ <= up_to) {
    const Timestamp due = next_close_;
    now_ = std::max(now_, due);
    for (auto& [symbol, state] : symbols_) {
      for (CandleBuilder& builder : state.builders) {
        if (close_due(state, builder) <= due) close_candle(state, builder);
      }
    }
    find_next_close();
  }
}

void MarketDataEngine::close_candle(SymbolState& state, CandleBuilder& builder) {
  publish_candle(state, builder.close(state.info.symbol));
}

void MarketDataEngine::publish_candle(const SymbolState& state, const Candle& candle) {
  ++counts_.candles;
  const auto fields = state.info.event_fields();
  publisher_.publish(CandleEvent{.symbol = candle.symbol,
                                 .timeframe = candle.timeframe.name(),
                                 .start = candle.start,
                                 .open = candle.open,
                                 .high = candle.high,
                                 .low = candle.low,
                                 .close = candle.close,
                                 .volume = candle.volume,
                                 .instrument = &fields,
                                 .extra = {}},
                     candle.end);
  if (sink_) sink_(candle);
}

// --- the clock ---

void MarketDataEngine::start(Timestamp now) {
  now_ = started_ = now;
  heartbeat_.start(now);
  publish_health(now);
  for (auto& [group, state] : groups_) {
    state = {calendar_.phase_at(group, now), calendar_.next_change(group, now)};
    publish_phase(group, state.phase, now);
  }
  heartbeat_.change(EngineState::active);
  publish_health(now);
}

Timestamp MarketDataEngine::next_due() const {
  Timestamp due = std::min(heartbeat_.next_due(), next_close_);
  for (const auto& [group, state] : groups_) due = std::min(due, state.next_change);
  return due;
}

void MarketDataEngine::advance_to(Timestamp now) {
  for (Timestamp due = next_due(); due <= now; due = next_due()) {
    now_ = std::max(now_, due);
    close_candles(due);
    change_phases(due);
    if (heartbeat_.next_due() <= due) {
      beat(due);
      heartbeat_.beat();
    }
  }
  now_ = std::max(now_, now);
}

void MarketDataEngine::skip_to(Timestamp now) {
  close_candles(now);
  now_ = std::max(now_, now);
  change_phases(now);
  leave_sessions(true);
  heartbeat_.skip_to(now);
}

void MarketDataEngine::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::error)) publish_health(now_, reason);
}

void MarketDataEngine::stop(Timestamp now) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::stopped)) publish_health(now_);
}

// --- health ---

void MarketDataEngine::beat(Timestamp at) {
  leave_sessions(true);
  find_stale_symbols(at);
  heartbeat_.change(is_starved(at) ? EngineState::degraded : EngineState::active);
  publish_health(at);
  ticks_at_last_beat_ = counts_.ticks;
}

bool MarketDataEngine::is_starved(Timestamp at) const {
  for (const auto& [group, state] : groups_) {
    if (state.phase != Phase::continuous) continue;
    const auto session = calendar_.continuous_at(group, at);
    if (session && at - std::max(last_tick_, session->start) > options_.gap_threshold) return true;
  }
  return false;
}

void MarketDataEngine::find_stale_symbols(Timestamp at) {
  std::set<std::string, std::less<>> stale;
  List listed;
  for (const auto& [symbol, state] : symbols_) {
    if (state.last_seen == Timestamp{} || at - state.last_seen <= options_.stale_after) continue;
    const nanoseconds age = calendar_.trading_time(state.info.group, state.last_seen, at);
    if (age <= options_.stale_after) continue;
    if (stale.size() < kListedStaleSymbols) {
      listed.add(Map{{"symbol", symbol},
                     {"timeframe", options_.timeframes.front().name()},
                     {"last_update", format_rfc3339(state.last_seen)},
                     {"age_minutes", minutes(age)}});
    }
    stale.insert(symbol);
  }
  if (stale == stale_) return;
  stale_ = std::move(stale);
  publisher_.publish(MdeStaleSymbols{.count = static_cast<std::int64_t>(stale_.size()),
                                     .symbols = std::move(listed),
                                     .extra = {}},
                     at);
}

void MarketDataEngine::publish_health(Timestamp at, std::string_view error) {
  const MarketDataCounts counts = this->counts();
  const double seconds = static_cast<double>(heartbeat_.every().count()) / 1e9;
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("cached_symbols", symbols_.size())
      .set("total_candles", counts.candles)
      .set("meta_entries", instruments_.size())
      .set("lookup_failures", counts.lookup_failures)
      .set("stale_symbols_count", stale_.size())
      .set("has_kite_client", options_.has_kite_client)
      .set("ticks_total", counts.ticks)
      .set("ticks_per_second", static_cast<double>(counts.ticks - ticks_at_last_beat_) / seconds)
      .set("late_ticks", counts.late_ticks)
      .set("bad_ticks", counts.bad_ticks)
      .set("out_of_session_ticks", counts.out_of_session_ticks)
      .set("gaps", counts.gaps);
  if (last_tick_ == Timestamp{}) {
    health.metrics.set("last_tick_age_ms", nullptr);
  } else {
    health.metrics.set("last_tick_age_ms", static_cast<double>((at - last_tick_).count()) / 1e6);
  }
  if (publisher_.lost() > 0) health.metrics.set("events_lost", publisher_.lost());
  if (!error.empty()) health.metrics.set("error", error);
  publisher_.publish(health, at);
}

}  // namespace tapedeck::market
