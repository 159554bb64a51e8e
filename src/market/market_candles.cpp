// MarketDataEngine: what becomes of candles. Closing, adding up, publishing, caching.
#include <algorithm>

#include "market/csv_row.hpp"
#include "market/market_data_impl.hpp"

namespace tapedeck::market {

using std::chrono::nanoseconds;
namespace {

/// The last part of a candle that is made of the feed's candles comes at its very end.
constexpr nanoseconds kLastPartGrace{1};

}  // namespace

// --- closing ---

void MarketDataEngine::Impl::schedule(const SymbolState& state, std::size_t builder) {
  const bool waits = state.source == Source::candles;
  closes_.add({state.builders[builder].end() + (waits ? kLastPartGrace : nanoseconds{0}),
               state.number, static_cast<std::uint32_t>(builder)});
}

void MarketDataEngine::Impl::close_candles(Timestamp up_to) {
  while (closes_.next_due() <= up_to) {
    const CloseSchedule::Entry entry = closes_.next();
    closes_.pop();
    if (is_void(entry)) continue;
    now_ = std::max(now_, entry.due);
    close_candle(*by_number_[entry.symbol], entry.builder);
  }
}

/// The candle was closed early, or another is open by now.
bool MarketDataEngine::Impl::is_void(const CloseSchedule::Entry& entry) const noexcept {
  const CandleBuilder& builder = by_number_[entry.symbol]->builders[entry.builder];
  return !builder.is_open() || entry.due < builder.end() ||
         entry.due > builder.end() + kLastPartGrace;
}

void MarketDataEngine::Impl::drop_void_closes() {
  while (!closes_.empty() && is_void(closes_.next())) closes_.pop();
}

void MarketDataEngine::Impl::close_candle(SymbolState& state, std::size_t builder) {
  const Timeframe timeframe = state.builders[builder].timeframe();
  const Bar bar = state.builders[builder].close();
  const Candle candle = bar.named(state.info.exchange, state.info.symbol, timeframe);
  if (builder == 0) {
    for (const std::size_t longer : from_parts_) add_part(state, longer, bar, timeframe);
    note_frozen(state, candle);
  }
  publish_candle(state, candle);
}

/// A longer candle that opens in the middle of its time (a restart) first takes in what the cache
/// has of its beginning.
void MarketDataEngine::Impl::add_part(SymbolState& state, std::size_t builder, const Bar& part,
                                      Timeframe timeframe) {
  CandleBuilder& longer = state.builders[builder];
  const PhaseSpan& aligned_to = alignment(state, longer.timeframe());
  if (longer.is_open()) {
    longer.add(part, aligned_to);
    return;
  }
  const Timestamp start = candle_start(part.start, longer.timeframe(), aligned_to);
  if (start < part.start) {
    const auto* cached =
        cache_.find({state.info.exchange, state.info.symbol, timeframe, PriceBasis::raw});
    if (cached != nullptr) {
      for (const Bar& before : cached->from(start)) {
        if (before.end <= part.start) longer.add(before, aligned_to);
      }
    }
  }
  longer.add(part, aligned_to);
  schedule(state, builder);
}

void MarketDataEngine::Impl::publish_candle(SymbolState& state, const Candle& candle) {
  ++counts_.candles;
  const auto& timeframes = options_.timeframes;
  const auto at = std::find(timeframes.begin(), timeframes.end(), candle.timeframe);
  CandleCache::Series& series =
      at != timeframes.end()
          ? *state.cached[static_cast<std::size_t>(at - timeframes.begin())]
          : cache_.series({candle.exchange, candle.symbol, candle.timeframe, candle.basis});
  cache_.put(series, bar_of(candle));
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

void MarketDataEngine::Impl::note_frozen(SymbolState& state, const Candle& candle) {
  if (!state.frozen.add(bar_of(candle), options_.frozen_after)) return;
  const bool frozen = state.frozen.is_frozen();
  if (frozen) ++counts_.frozen_symbols;
  if (!frozen) --counts_.frozen_symbols;
  Map metrics;
  metrics.set("symbol", candle.symbol)
      .set("exchange", candle.exchange)
      .set("timeframe", candle.timeframe.name())
      .set("price", candle.close);
  if (frozen) metrics.set("since", format_rfc3339(state.frozen.since()));
  publish_status(frozen ? "frozen" : "moving", std::move(metrics), candle.end);
}

// --- the cache ---

std::string MarketDataEngine::Impl::exchange_of(std::string_view exchange,
                                                std::string_view symbol) const {
  if (!exchange.empty()) return std::string(exchange);
  const InstrumentInfo* info = instruments_.find({}, symbol);
  return info != nullptr ? info->exchange : std::string();
}

bool MarketDataEngine::Impl::is_past(const Bar& bar) const noexcept {
  return started_ == Timestamp{} || bar.end <= now_;
}

std::vector<Candle> MarketDataEngine::Impl::get_window(const SeriesName& name,
                                                       std::size_t n) const {
  std::vector<Candle> window;
  const CandleCache::Series* series = cache_.find(name);
  if (series == nullptr) return window;
  const auto bars = series->bars();
  for (auto bar = bars.rbegin(); bar != bars.rend() && window.size() < n; ++bar) {
    if (is_past(*bar)) {
      window.push_back(bar->named(name.exchange, name.symbol, name.timeframe, name.basis));
    }
  }
  std::reverse(window.begin(), window.end());
  return window;
}

std::optional<Bar> MarketDataEngine::Impl::open_bar(const SymbolState& state,
                                                    Timeframe timeframe) const {
  const auto& timeframes = options_.timeframes;
  const auto at = std::find(timeframes.begin(), timeframes.end(), timeframe);
  if (at == timeframes.end()) return std::nullopt;
  const CandleBuilder& builder = state.builders[static_cast<std::size_t>(at - timeframes.begin())];
  const CandleBuilder& shortest = state.builders.front();
  const bool adds_up = timeframe.is_made_of(shortest.timeframe());
  if (!adds_up || !shortest.is_open()) {
    return builder.is_open() ? std::optional(builder.bar()) : std::nullopt;
  }
  CandleBuilder whole = builder;
  whole.add(shortest.bar(), alignment(state, timeframe));
  return whole.bar();
}

std::optional<LatestCandle> MarketDataEngine::Impl::get_latest_candle(
    const SeriesName& name) const {
  const auto state = symbols_.find(InstrumentKeyView{name.symbol, name.exchange});
  if (state != symbols_.end() && state->second->session) {
    if (const auto bar = open_bar(*state->second, name.timeframe)) {
      return LatestCandle{bar->named(name.exchange, name.symbol, name.timeframe), false};
    }
  }
  auto newest = get_window(name, 1);
  if (newest.empty()) return std::nullopt;
  return LatestCandle{std::move(newest.front()), true};
}

std::string_view MarketDataEngine::Impl::update(const Candle& candle) {
  const InstrumentInfo* info = instruments_.find(candle.exchange, candle.symbol);
  if (info == nullptr) return "the symbol is not in the instrument table";
  const auto problem = candle_problem(candle.open, candle.high, candle.low, candle.close);
  if (!problem.empty()) return problem;
  if (candle.high > options_.max_price) return "a price is above max_price";
  if (candle.volume < 0) return "the volume is negative";
  const auto session =
      candle.timeframe.is_day()
          ? calendar_.trading_day(info->group, ist_date(candle.start), info->exchange)
          : calendar_.continuous_at(info->group, candle.start, info->exchange);
  if (!session || !session->contains(candle.start)) return "it starts outside a session";
  if (candle_start(candle.start, candle.timeframe, *session) != candle.start) {
    return "its start is not one of its timeframe";
  }
  if (candle_end(candle.start, candle.timeframe, *session) != candle.end) {
    return "its end is not that of its timeframe";
  }
  const Bar bar = bar_of(candle);
  if (!is_past(bar)) return "it is not over yet";
  cache_.put(cache_.series({info->exchange, info->symbol, candle.timeframe, candle.basis}), bar);
  return {};
}

std::size_t MarketDataEngine::Impl::replay(const CandleQuery& query, const CandleSink& each) {
  std::size_t count = 0;
  cache_.read({query.from, query.to, query.exchange, query.symbol, query.timeframe, query.basis},
              [&](const Candle& candle) {
                if (!is_past(bar_of(candle))) return;
                ++count;
                each(candle);
              });
  return count;
}

std::vector<Candle> MarketDataEngine::Impl::history(std::span<const Timeframe> timeframes,
                                                    Timestamp until) {
  cache_.load(until);
  std::vector<Candle> past;
  cache_.read_memory({.from = Timestamp::min(), .to = until}, [&](const Candle& candle) {
    const bool wanted =
        std::find(timeframes.begin(), timeframes.end(), candle.timeframe) != timeframes.end();
    if (wanted && candle.end <= until) past.push_back(candle);
  });
  return past;
}

}  // namespace tapedeck::market
