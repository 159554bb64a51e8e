#include "tapedeck/market/market_data_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "market/csv_row.hpp"
#include "market/market_data_impl.hpp"

namespace tapedeck::market {
namespace {

/// Far from the ends of what a Timestamp can hold, so that dates can be computed.
const Timestamp kEarliest = ist_moment(make_date(1990, 1, 1), std::chrono::nanoseconds{0});
const Timestamp kLatest = ist_moment(make_date(2200, 1, 1), std::chrono::nanoseconds{0});

bool is_sane(Timestamp at) noexcept {
  return kEarliest <= at && at < kLatest;
}

void check(bool holds, const char* sentence) {
  if (!holds) throw std::invalid_argument(sentence);
}

MarketDataOptions checked(MarketDataOptions options) {
  const auto& timeframes = options.timeframes;
  check(!timeframes.empty(), "MarketDataOptions: at least one timeframe is needed");
  check(std::adjacent_find(timeframes.begin(), timeframes.end(), std::greater_equal<>()) ==
            timeframes.end(),
        "MarketDataOptions: timeframes must be ascending, each once");
  check(options.gap_threshold.count() > 0 && options.stale_after.count() > 0 &&
            options.health_every.count() > 0,
        "MarketDataOptions: gap_threshold, stale_after and health_every must be above zero");
  check(options.frozen_after.count() >= 0, "MarketDataOptions: frozen_after must not be negative");
  check(options.max_price > 0 && options.max_quantity > 0,
        "MarketDataOptions: max_price and max_quantity must be above zero");
  check(options.max_jump_pct >= 0 && options.option_max_jump_pct >= 0,
        "MarketDataOptions: max_jump_pct must not be negative");
  check(options.jump_confirmations >= 1 && options.jump_confirmations <= 100,
        "MarketDataOptions: jump_confirmations must be 1 to 100");
  check(options.health_symbols <= MarketDataOptions::kMaxHealthSymbols,
        "MarketDataOptions: health_symbols must be at most 200");
  check(options.cached_candles >= 1, "MarketDataOptions: cached_candles must be at least 1");
  return options;
}

}  // namespace

MarketDataEngine::Impl::Impl(EnginePublisher publisher, const TradingCalendar& calendar,
                             const InstrumentTable& instruments, MarketDataOptions options,
                             CandleSink sink)
    : publisher_(std::move(publisher)),
      calendar_(calendar),
      instruments_(instruments),
      options_(checked(std::move(options))),
      sink_(std::move(sink)),
      heartbeat_(options_.health_every),
      cache_(options_.cached_candles, options_.cache_file) {
  const Timeframe shortest = options_.timeframes.front();
  for (std::size_t i = 0; i < options_.timeframes.size(); ++i) {
    (options_.timeframes[i].is_made_of(shortest) ? from_parts_ : from_ticks_).push_back(i);
  }
}

void MarketDataEngine::Impl::set_feed_stats(const FeedStats& stats) noexcept {
  feed_bad_rows_ = stats.bad_rows;
  feed_volume_falls_ = stats.volume_falls;
  feed_dropped_ = stats.dropped;
}

// --- symbols ---

bool MarketDataEngine::Impl::watch(std::string_view exchange, std::string_view symbol) {
  return state_of(exchange, symbol) != nullptr;
}

MarketDataEngine::Impl::SymbolState* MarketDataEngine::Impl::state_of(std::string_view exchange,
                                                                      std::string_view symbol) {
  if (last_used_ != nullptr && last_name_.symbol == symbol && last_name_.exchange == exchange) {
    return last_used_;
  }
  return find_state({symbol, exchange});
}

MarketDataEngine::Impl::SymbolState* MarketDataEngine::Impl::find_state(InstrumentKeyView name) {
  auto at = names_.find(name);
  if (at == names_.end()) {
    const InstrumentInfo* info = instruments_.find(name.exchange, name.symbol);
    if (info == nullptr) {
      note_lookup_failure(name);
      return nullptr;
    }
    const InstrumentKey key{info->symbol, info->exchange};
    const auto known = symbols_.find(key);
    SymbolState& state = known != symbols_.end() ? *known->second : make_state(*info);
    at = names_.emplace(InstrumentKey{std::string(name.symbol), std::string(name.exchange)}, &state)
             .first;
  }
  last_name_ = {at->first.symbol, at->first.exchange};
  return last_used_ = at->second;
}

MarketDataEngine::Impl::SymbolState& MarketDataEngine::Impl::make_state(
    const InstrumentInfo& info) {
  const double pct = info.is_option() ? options_.option_max_jump_pct : options_.max_jump_pct;
  auto made = std::make_unique<SymbolState>(
      info, JumpGuard(pct == 0 ? 0 : 1 + pct / 100, options_.jump_confirmations));
  SymbolState& state = *made;
  state.number = static_cast<std::uint32_t>(by_number_.size());
  state.watched = now_;
  for (const Timeframe timeframe : options_.timeframes) {
    state.builders.emplace_back(timeframe);
    state.cached.push_back(
        &cache_.series({info.exchange, info.symbol, timeframe, PriceBasis::raw}));
  }
  by_number_.push_back(&state);
  symbols_.emplace(InstrumentKey{info.symbol, info.exchange}, std::move(made));
  follow_group({info.group, info.exchange});
  return state;
}

void MarketDataEngine::Impl::note_lookup_failure(InstrumentKeyView name) {
  if (not_found_.find(name) != not_found_.end()) return;
  if (not_found_.size() >= options_.max_lookup_failures) return;
  not_found_.emplace(InstrumentKey{std::string(name.symbol), std::string(name.exchange)});
  ++counts_.lookup_failures;
  std::string tried(name.exchange);
  if (tried.empty()) tried = fmt::format("{}", fmt::join(InstrumentTable::kLookupOrder, ","));
  publisher_.publish(MdeLookupFailure{.symbol = name.symbol, .exchange_tried = tried, .extra = {}},
                     now_);
}

// --- ticks ---

bool MarketDataEngine::Impl::on_tick(const Tick& tick) {
  ++counts_.ticks;
  if (!is_usable(tick)) return false;
  if (closes_.next_due() <= tick.at) close_candles(tick.at);
  now_ = std::max(now_, tick.at);
  last_tick_ = std::max(last_tick_, tick.at);
  SymbolState* state = state_of(tick.exchange, tick.symbol);
  if (state == nullptr) {
    ++counts_.unknown_ticks;
    return false;
  }
  const auto quantity = traded(*state, tick);
  if (!quantity) return false;
  if (!enter_session(*state, tick.at)) {
    note_out_of_session(*state, tick.at);
    return false;
  }
  const JumpGuard::Sample sample{tick.at, tick.price, *quantity};
  if (!comes_from(*state, Source::ticks) || is_repeated(*state, sample)) return false;
  if (tick.bid > 0 && tick.ask > 0 && tick.bid > tick.ask) ++counts_.crossed_ticks;
  if (tick.at < state->builders.front().floor()) {
    ++counts_.late_ticks;
    return false;
  }
  switch (state->guard.look_at(sample)) {
    case JumpGuard::Verdict::accept:
      return take(*state, sample);
    case JumpGuard::Verdict::accept_held:
      return take_held(*state);
    case JumpGuard::Verdict::hold:
      break;
  }
  ++counts_.absurd_ticks;
  return false;
}

bool MarketDataEngine::Impl::is_usable(const Tick& tick) noexcept {
  if (!(tick.price > 0) || !std::isfinite(tick.price)) {
    ++counts_.zero_ticks;
    return false;
  }
  if (tick.price > options_.max_price || tick.quantity < 0 ||
      tick.quantity > options_.max_quantity || !is_sane(tick.at)) {
    ++counts_.absurd_ticks;
    return false;
  }
  return true;
}

std::optional<std::int64_t> MarketDataEngine::Impl::traded(SymbolState& state,
                                                           const Tick& tick) noexcept {
  if (!tick.day_volume) return tick.quantity;
  const std::uint64_t falls = state.day_volume.falls();
  const auto quantity = state.day_volume.traded(tick.at, *tick.day_volume, options_.max_quantity);
  counts_.volume_falls += state.day_volume.falls() - falls;
  if (!quantity) ++counts_.absurd_ticks;
  return quantity;
}

bool MarketDataEngine::Impl::comes_from(SymbolState& state, Source source) noexcept {
  if (state.source == Source::none) state.source = source;
  if (state.source == source) return true;
  ++counts_.mixed_ticks;
  return false;
}

bool MarketDataEngine::Impl::is_repeated(SymbolState& state,
                                         const JumpGuard::Sample& sample) noexcept {
  const bool same = sample.at == state.last_arrived && sample.price == state.last_price &&
                    sample.quantity == state.last_quantity;
  state.last_arrived = sample.at;
  state.last_price = sample.price;
  state.last_quantity = sample.quantity;
  if (!same || options_.repeats == RepeatRule::keep_all) return false;
  if (sample.quantity > 0 && options_.repeats != RepeatRule::drop_all) return false;
  ++counts_.repeated_ticks;
  return true;
}

/// @return whether it is the newest price
bool MarketDataEngine::Impl::take(SymbolState& state, const JumpGuard::Sample& sample) {
  const Timestamp at = sample.at;
  if (at - state.heard > options_.gap_threshold) note_gap(state, at, std::nullopt);
  ++state.ticks;
  for (const std::size_t i : from_ticks_) {
    CandleBuilder& builder = state.builders[i];
    const bool opens = !builder.is_open();
    builder.add(at, sample.price, sample.quantity, alignment(state, builder.timeframe()));
    if (opens) schedule(state, i);
  }
  if (at < state.last_seen) {
    ++counts_.out_of_order_ticks;
    return false;
  }
  state.last_seen = state.heard = at;
  state.price = sample.price;
  last_quantity_ = sample.quantity;
  return true;
}

bool MarketDataEngine::Impl::take_held(SymbolState& state) {
  ++counts_.confirmed_jumps;
  bool newest = false;
  for (const JumpGuard::Sample& sample : state.guard.held()) {
    const bool late = sample.at < state.builders.front().floor();
    if (late) ++counts_.late_ticks;
    newest = !late && take(state, sample);
  }
  state.guard.forget_held();
  return newest;
}

// --- candles of the feed ---

bool MarketDataEngine::Impl::in_session(std::string_view exchange, std::string_view symbol,
                                        Timestamp at) {
  SymbolState* state = is_sane(at) ? state_of(exchange, symbol) : nullptr;
  return state != nullptr && enter_session(*state, at);
}

bool MarketDataEngine::Impl::is_current(const Candle& candle) {
  SymbolState* state = is_sane(candle.start) ? state_of(candle.exchange, candle.symbol) : nullptr;
  return state != nullptr && enter_session(*state, candle.start) &&
         state->source != Source::ticks && candle.start >= state->last_seen;
}

bool MarketDataEngine::Impl::is_usable(const Candle& candle) noexcept {
  if (std::min({candle.open, candle.high, candle.low, candle.close}) <= 0) {
    ++counts_.zero_ticks;
    return false;
  }
  const bool fits = candle_problem(candle.open, candle.high, candle.low, candle.close).empty() &&
                    candle.high <= options_.max_price && candle.volume >= 0 &&
                    candle.volume <= options_.max_quantity && candle.start < candle.end &&
                    is_sane(candle.start) && is_sane(candle.end) &&
                    candle.end - candle.start <= candle.timeframe.length() &&
                    candle.basis == PriceBasis::raw;
  if (!fits) ++counts_.absurd_ticks;
  return fits;
}

bool MarketDataEngine::Impl::on_candle(const Candle& candle) {
  ++counts_.ticks;
  if (!is_usable(candle)) return false;
  if (closes_.next_due() <= candle.start) close_candles(candle.start);
  now_ = std::max(now_, candle.end);
  last_tick_ = std::max(last_tick_, candle.end);
  SymbolState* state = state_of(candle.exchange, candle.symbol);
  if (state == nullptr) {
    ++counts_.unknown_ticks;
    return false;
  }
  if (!enter_session(*state, candle.start)) {
    note_out_of_session(*state, candle.start);
    return false;
  }
  if (!comes_from(*state, Source::candles)) return false;
  if (candle.start < state->last_seen) {
    ++counts_.late_ticks;
    return false;
  }
  note_gap(*state, candle.start, candle.timeframe);
  state->last_seen = state->heard = candle.end;
  state->price = candle.close;
  ++state->ticks;
  state->guard.set_reference(candle.close);
  Candle named = candle;
  named.exchange = state->info.exchange;
  named.symbol = state->info.symbol;
  note_frozen(*state, named);
  publish_candle(*state, named);
  for (std::size_t i = 0; i < state->builders.size(); ++i) {
    CandleBuilder& builder = state->builders[i];
    if (!builder.timeframe().is_made_of(candle.timeframe)) continue;
    add_part(*state, i, bar_of(candle), candle.timeframe);
    if (builder.end() <= candle.end) close_candle(*state, i);
  }
  drop_void_closes();
  return true;
}

// --- the public face ---

MarketDataEngine::MarketDataEngine(EnginePublisher publisher, const TradingCalendar& calendar,
                                   const InstrumentTable& instruments, MarketDataOptions options,
                                   CandleSink sink)
    : impl_(std::make_unique<Impl>(std::move(publisher), calendar, instruments, std::move(options),
                                   std::move(sink))) {}
MarketDataEngine::~MarketDataEngine() = default;

bool MarketDataEngine::watch(std::string_view exchange, std::string_view symbol) {
  return impl_->watch(exchange, symbol);
}
bool MarketDataEngine::on_tick(const Tick& tick) {
  return impl_->on_tick(tick);
}
std::int64_t MarketDataEngine::last_quantity() const noexcept {
  return impl_->last_quantity();
}
bool MarketDataEngine::in_session(std::string_view exchange, std::string_view symbol,
                                  Timestamp at) {
  return impl_->in_session(exchange, symbol, at);
}
bool MarketDataEngine::is_current(const Candle& candle) {
  return impl_->is_current(candle);
}
bool MarketDataEngine::on_candle(const Candle& candle) {
  return impl_->on_candle(candle);
}
void MarketDataEngine::set_feed_stats(const FeedStats& stats) noexcept {
  impl_->set_feed_stats(stats);
}
MarketDataCounts MarketDataEngine::counts() const noexcept {
  return impl_->counts();
}
std::vector<Candle> MarketDataEngine::get_window(std::string_view exchange, std::string_view symbol,
                                                 Timeframe timeframe, std::size_t n,
                                                 PriceBasis basis) const {
  return impl_->get_window(
      {impl_->exchange_of(exchange, symbol), std::string(symbol), timeframe, basis}, n);
}
std::optional<LatestCandle> MarketDataEngine::get_latest_candle(std::string_view exchange,
                                                                std::string_view symbol,
                                                                Timeframe timeframe) const {
  return impl_->get_latest_candle(
      {impl_->exchange_of(exchange, symbol), std::string(symbol), timeframe, PriceBasis::raw});
}
std::string_view MarketDataEngine::update(const Candle& candle) {
  return impl_->update(candle);
}
std::size_t MarketDataEngine::replay(const CandleQuery& query, const CandleSink& each) {
  return impl_->replay(query, each);
}
std::vector<Candle> MarketDataEngine::history(std::span<const Timeframe> timeframes,
                                              Timestamp until) {
  return impl_->history(timeframes, until);
}
void MarketDataEngine::start(Timestamp now) {
  impl_->start(now);
}
Timestamp MarketDataEngine::next_due() const {
  return impl_->next_due();
}
void MarketDataEngine::advance_to(Timestamp now) {
  impl_->advance_to(now);
}
void MarketDataEngine::skip_to(Timestamp now) {
  impl_->skip_to(now);
}
void MarketDataEngine::fail(Timestamp now, std::string_view reason) {
  impl_->fail(now, reason);
}
void MarketDataEngine::stop(Timestamp now) {
  impl_->stop(now);
}
void MarketDataEngine::stop_telemetry() {
  impl_->stop_telemetry();
}

}  // namespace tapedeck::market
