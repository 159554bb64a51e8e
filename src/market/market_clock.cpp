// MarketDataEngine: what the clock does. Sessions, gaps and staleness.
#include <algorithm>

#include "market/market_data_impl.hpp"

namespace tapedeck::market {
namespace {

using std::chrono::nanoseconds;
constexpr std::size_t kListedStaleSymbols = 10;

double minutes(nanoseconds t) {
  return static_cast<double>(t.count()) / 6e10;
}

}  // namespace

// --- sessions and gaps ---

bool MarketDataEngine::Impl::enter_session(SymbolState& state, Timestamp at) {
  if (state.session && state.session->contains(at)) return true;
  const InstrumentInfo& info = state.info;
  const auto session = calendar_.continuous_at(info.group, at, info.exchange);
  if (!session || (state.session && session->start < state.session->start)) return false;
  state.session = session;
  state.day = *calendar_.trading_day(info.group, ist_date(at), info.exchange);
  state.heard = std::max({session->start, started_, state.heard});
  state.source = Source::none;
  // Lot size, expiry and the like are those of the day.
  const InstrumentInfo* today = instruments_.find(info.exchange, info.symbol);
  if (today != nullptr) state.info = *today;
  follow_group({state.info.group, state.info.exchange});
  return true;
}

void MarketDataEngine::Impl::leave_sessions(bool fed_with_candles) {
  // The last candle of a session comes at its very end, after what is due at that moment.
  const nanoseconds grace{fed_with_candles ? 1 : 0};
  for (auto& [key, state] : symbols_) {
    if ((state->source == Source::candles) != fed_with_candles) continue;
    if (!state->session || state->session->end + grace > now_) continue;
    note_gap(*state, state->session->end, std::nullopt);
    state->session.reset();
  }
}

/// Data of a day without a session (a copy of another day, a wrong clock) is told once a day.
void MarketDataEngine::Impl::note_out_of_session(const SymbolState& state, Timestamp at) {
  ++counts_.out_of_session_ticks;
  const IstDate date = ist_date(at);
  if (no_session_told_ == date) return;
  if (calendar_.trading_day(state.info.group, date, state.info.exchange)) return;
  no_session_told_ = date;
  Map metrics;
  metrics.set("date", format_date(date))
      .set("symbol", state.info.symbol)
      .set("exchange", state.info.exchange);
  publish_status("no_session", std::move(metrics), std::max(now_, at));
}

void MarketDataEngine::Impl::note_gap(SymbolState& state, Timestamp until,
                                      std::optional<Timeframe> timeframe) {
  const nanoseconds silence = until - state.heard;
  if (silence <= options_.gap_threshold) return;
  ++counts_.gaps;
  const IstDate today = ist_date(now_);
  state.gaps = state.gaps_on == today ? state.gaps + 1 : 1;
  state.gaps_on = today;
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

void MarketDataEngine::Impl::publish_status(std::string_view status, Map metrics, Timestamp at) {
  publisher_.publish(
      MdeStatus{.mde_name = kName, .status = status, .metrics = std::move(metrics), .extra = {}},
      at);
}

void MarketDataEngine::Impl::follow_group(const GroupKey& key) {
  const auto [at, added] = groups_.try_emplace(key);
  if (!added || heartbeat_.state() == EngineState::idle) return;
  const auto& [group, exchange] = key;
  at->second = {calendar_.phase_at(group, now_, exchange),
                calendar_.next_change(group, now_, exchange)};
  publish_phase(key, at->second.phase, now_);
}

void MarketDataEngine::Impl::publish_phase(const GroupKey& key, Phase phase, Timestamp at) {
  const GroupNames names = names_of(key.first, key.second);
  publisher_.publish(SessionEvent{.exchange = names.exchange,
                                  .segment = names.segment,
                                  .phase = to_string(phase),
                                  .group = names.group,
                                  .extra = {}},
                     at);
}

void MarketDataEngine::Impl::change_phases(Timestamp now) {
  for (auto& [key, state] : groups_) {
    if (state.next_change > now) continue;
    const Phase phase = calendar_.phase_at(key.first, now, key.second);
    state.next_change = calendar_.next_change(key.first, now, key.second);
    leave_sessions(false);
    if (phase == state.phase) continue;
    state.phase = phase;
    publish_phase(key, phase, now);
  }
}

// --- the clock ---

void MarketDataEngine::Impl::start(Timestamp now) {
  cache_.load(now);
  now_ = started_ = now;
  for (SymbolState* state : by_number_) state->watched = now;
  heartbeat_.start(now);
  publish_health(now);
  if (const std::string notice = cache_.notice(); !notice.empty()) {
    publish_status("cache_set_aside", Map{{"reason", notice}}, now);
  }
  for (auto& [key, state] : groups_) {
    state = {calendar_.phase_at(key.first, now, key.second),
             calendar_.next_change(key.first, now, key.second)};
    publish_phase(key, state.phase, now);
  }
  heartbeat_.change(EngineState::active);
  publish_health(now);
}

Timestamp MarketDataEngine::Impl::next_due() const {
  Timestamp due = std::min(heartbeat_.next_due(), closes_.next_due());
  for (const auto& [key, state] : groups_) due = std::min(due, state.next_change);
  return due;
}

void MarketDataEngine::Impl::advance_to(Timestamp now) {
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

void MarketDataEngine::Impl::skip_to(Timestamp now) {
  close_candles(now);
  now_ = std::max(now_, now);
  change_phases(now);
  leave_sessions(true);
  heartbeat_.skip_to(now);
}

void MarketDataEngine::Impl::fail(Timestamp now, std::string_view reason) {
  now_ = std::max(now_, now);
  if (heartbeat_.change(EngineState::error)) publish_health(now_, reason);
}

void MarketDataEngine::Impl::stop(Timestamp now) {
  now_ = std::max(now_, now);
  cache_.flush();
  if (heartbeat_.change(EngineState::stopped)) publish_health(now_);
}

// --- the beat ---

void MarketDataEngine::Impl::tell_dropped(Timestamp at) {
  if (feed_dropped_ == dropped_told_) return;
  const std::uint64_t since = feed_dropped_ - std::exchange(dropped_told_, feed_dropped_);
  publish_status("ticks_dropped", Map{{"dropped", since}, {"dropped_total", feed_dropped_}}, at);
}

void MarketDataEngine::Impl::beat(Timestamp at) {
  const bool dropped = feed_dropped_ != dropped_told_;
  tell_dropped(at);
  leave_sessions(true);
  find_stale_symbols(at);
  const bool well = !is_starved(at) && !dropped && cache_.problem().empty();
  heartbeat_.change(well ? EngineState::active : EngineState::degraded);
  publish_health(at);
  ticks_at_last_beat_ = counts_.ticks;
  for (SymbolState* state : by_number_) state->ticks_at_last_beat = state->ticks;
}

bool MarketDataEngine::Impl::is_starved(Timestamp at) const {
  for (const auto& [key, state] : groups_) {
    if (state.phase != Phase::continuous) continue;
    const auto session = calendar_.continuous_at(key.first, at, key.second);
    if (session && at - std::max(last_tick_, session->start) > options_.gap_threshold) return true;
  }
  return false;
}

/// @return whether the answer has changed
bool MarketDataEngine::Impl::look_for_staleness(SymbolState& state, Timestamp at) const {
  const bool was = state.is_stale;
  const Timestamp heard = std::max(state.last_seen, state.watched);
  state.is_stale = false;
  if (at - heard > options_.stale_after) {
    // What is no longer listed (an expired contract) has nothing to say.
    if (instruments_.find(state.info.exchange, state.info.symbol) == nullptr) {
      state.stale_check = at + options_.stale_after;
      return was;
    }
    const nanoseconds silent =
        calendar_.trading_time(state.info.group, heard, at, state.info.exchange);
    state.is_stale = silent > options_.stale_after;
    // Trading time passes no faster than time: nothing can change before.
    if (!state.is_stale) state.stale_check = at + (options_.stale_after - silent);
  }
  return state.is_stale != was;
}

void MarketDataEngine::Impl::find_stale_symbols(Timestamp at) {
  bool changed = false;
  for (SymbolState* state : by_number_) {
    const bool may_go_stale = !state->is_stale && state->stale_check < at;
    const bool may_recover = state->is_stale && at - state->last_seen <= options_.stale_after;
    if (!may_go_stale && !may_recover) continue;
    if (!look_for_staleness(*state, at)) continue;
    changed = true;
    if (state->is_stale) ++stale_count_;
    if (!state->is_stale) --stale_count_;
  }
  if (changed) publish_stale_symbols(at);
}

void MarketDataEngine::Impl::publish_stale_symbols(Timestamp at) {
  List listed;
  std::size_t count = 0;
  for (const auto& [key, state] : symbols_) {
    if (!state->is_stale || ++count > kListedStaleSymbols) continue;
    const Timestamp heard = std::max(state->last_seen, state->watched);
    Map entry{{"symbol", state->info.symbol},
              {"exchange", state->info.exchange},
              {"timeframe", options_.timeframes.front().name()}};
    if (state->last_seen == Timestamp{}) {
      entry.set("last_update", nullptr);
    } else {
      entry.set("last_update", format_rfc3339(state->last_seen));
    }
    entry.set("age_minutes",
              minutes(calendar_.trading_time(state->info.group, heard, at, state->info.exchange)));
    listed.add(std::move(entry));
  }
  publisher_.publish(MdeStaleSymbols{.count = static_cast<std::int64_t>(stale_count_),
                                     .symbols = std::move(listed),
                                     .extra = {}},
                     at);
}

}  // namespace tapedeck::market
