// MarketDataEngine: its health, and with it how the feed of single instruments is.
#include <algorithm>
#include <tuple>

#include "market/market_data_impl.hpp"

namespace tapedeck::market {

MarketDataCounts MarketDataEngine::Impl::counts() const noexcept {
  MarketDataCounts counts = counts_;
  counts.bad_ticks = counts.zero_ticks + counts.absurd_ticks + counts.mixed_ticks + feed_bad_rows_;
  counts.volume_falls += feed_volume_falls_;
  counts.dropped_ticks = feed_dropped_;
  return counts;
}

void MarketDataEngine::Impl::publish_health(Timestamp at, std::string_view error) {
  const MarketDataCounts counts = this->counts();
  const double seconds = static_cast<double>(heartbeat_.every().count()) / 1e9;
  EngineHealth health;
  health.engine_name = kName;
  health.status = to_string(heartbeat_.state());
  health.metrics.set("cached_symbols", symbols_.size())
      .set("total_candles", counts.candles)
      .set("meta_entries", instruments_.size())
      .set("lookup_failures", counts.lookup_failures)
      .set("stale_symbols_count", stale_count_)
      .set("has_kite_client", options_.has_kite_client)
      .set("ticks_total", counts.ticks)
      .set("ticks_per_second", static_cast<double>(counts.ticks - ticks_at_last_beat_) / seconds)
      .set("late_ticks", counts.late_ticks)
      .set("bad_ticks", counts.bad_ticks)
      .set("zero_ticks", counts.zero_ticks)
      .set("absurd_ticks", counts.absurd_ticks)
      .set("confirmed_jumps", counts.confirmed_jumps)
      .set("mixed_ticks", counts.mixed_ticks)
      .set("repeated_ticks", counts.repeated_ticks)
      .set("out_of_order_ticks", counts.out_of_order_ticks)
      .set("crossed_ticks", counts.crossed_ticks)
      .set("unknown_ticks", counts.unknown_ticks)
      .set("out_of_session_ticks", counts.out_of_session_ticks)
      .set("volume_falls", counts.volume_falls)
      .set("frozen_symbols", counts.frozen_symbols)
      .set("gaps", counts.gaps);
  if (last_tick_ == Timestamp{}) {
    health.metrics.set("last_tick_age_ms", nullptr);
  } else {
    health.metrics.set("last_tick_age_ms", static_cast<double>((at - last_tick_).count()) / 1e6);
  }
  // Only a live feed can drop: what replays publish stays as it is.
  if (counts.dropped_ticks > 0) health.metrics.set("dropped_ticks", counts.dropped_ticks);
  if (publisher_.lost() > 0) health.metrics.set("events_lost", publisher_.lost());
  if (!options_.cache_file.empty()) {
    health.metrics.set("cache_loaded", cache_.loaded()).set("cache_lost", cache_.lost());
    if (const auto problem = cache_.problem(); !problem.empty()) {
      health.metrics.set("cache_problem", problem);
    }
  }
  if (!error.empty()) health.metrics.set("error", error);
  add_symbols(health.metrics, at);
  publisher_.publish(health, at);
}

/// Whether an instrument has anything to say: an expired contract has not, and would be the longest
/// silent of all for ever.
bool MarketDataEngine::Impl::is_listed(const SymbolState& state, Timestamp at) const {
  const Timestamp heard = std::max(state.last_seen, state.watched);
  return at - heard <= options_.stale_after ||
         instruments_.find(state.info.exchange, state.info.symbol) != nullptr;
}

/// The longest silent ones where there are too many, by name. Which they are takes one pass over
/// all, some 10 us for 3 000; what is written is bounded.
void MarketDataEngine::Impl::add_symbols(Map& metrics, Timestamp at) {
  const auto name = [](const SymbolState* state) {
    return std::tie(state->info.exchange, state->info.symbol);
  };
  listed_.clear();
  for (const SymbolState* state : by_number_) {
    if (is_listed(*state, at)) listed_.push_back(state);
  }
  const std::size_t count = std::min(listed_.size(), options_.health_symbols);
  const auto end = listed_.begin() + static_cast<std::ptrdiff_t>(count);
  std::nth_element(listed_.begin(), end, listed_.end(),
                   [&](const SymbolState* a, const SymbolState* b) {
                     if (a->last_seen != b->last_seen) return a->last_seen < b->last_seen;
                     return name(a) < name(b);
                   });
  std::sort(listed_.begin(), end,
            [&](const SymbolState* a, const SymbolState* b) { return name(a) < name(b); });
  Map symbols;
  for (auto state = listed_.begin(); state != end; ++state) {
    const InstrumentInfo& info = (*state)->info;
    symbols.set(info.exchange + ":" + info.symbol, symbol_figures(**state, at));
  }
  metrics.set("symbols", symbols).set("symbols_omitted", listed_.size() - count);
}

Map MarketDataEngine::Impl::symbol_figures(const SymbolState& state, Timestamp at) const {
  const double seconds = static_cast<double>(heartbeat_.every().count()) / 1e9;
  const auto ticks = static_cast<double>(state.ticks - state.ticks_at_last_beat);
  Map figures;
  if (state.last_seen == Timestamp{}) {
    figures.set("last_price", nullptr).set("age_ms", nullptr);
  } else {
    const auto age = std::max(at - state.last_seen, std::chrono::nanoseconds{0});
    figures.set("last_price", state.price).set("age_ms", static_cast<double>(age.count()) / 1e6);
  }
  figures.set("ticks_per_second", ticks / seconds)
      .set("gaps", state.gaps_on == ist_date(at) ? state.gaps : 0);
  return figures;
}

}  // namespace tapedeck::market
