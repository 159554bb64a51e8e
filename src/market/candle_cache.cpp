#include "market/candle_cache.hpp"

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace tapedeck::market {
namespace {

/// Moving the rest is cheap when it is done for this many.
constexpr std::size_t kDropAtOnce = 64;

bool wants(const CandleStore::Range& range, const SeriesName& name) {
  return (range.exchange.empty() || range.exchange == name.exchange) &&
         (range.symbol.empty() || range.symbol == name.symbol) &&
         (!range.timeframe || *range.timeframe == name.timeframe) && range.basis == name.basis;
}

}  // namespace

CandleCache::CandleCache(std::size_t per_series, const std::filesystem::path& file)
    : per_series_(per_series) {
  if (file.empty()) return;
  CandleStoreOptions options;
  options.path = file;
  options.load_per_series = per_series;
  store_ = std::make_unique<CandleStore>(options);
}

void CandleCache::load(Timestamp before) {
  if (!store_) return;
  for (const StoredBar& stored : store_->load(before)) {
    keep(series(stored.series), stored.bar);
    ++loaded_;
  }
}

CandleCache::Series& CandleCache::series(const SeriesName& name) {
  const auto [at, added] = all_.try_emplace(name);
  if (added && store_) at->second.number_ = store_->series(name);
  return at->second;
}

const CandleCache::Series* CandleCache::find(const SeriesName& name) const {
  const auto at = all_.find(name);
  return at == all_.end() ? nullptr : &at->second;
}

bool CandleCache::keep(Series& series, const Bar& bar) const {
  auto& bars = series.bars_;
  if (series.bars().empty() || bars.back().start < bar.start) {
    bars.push_back(bar);
  } else {
    const auto kept = bars.begin() + static_cast<std::ptrdiff_t>(series.first_);
    const auto at = std::lower_bound(kept, bars.end(), bar.start, Series::starts_before);
    if (at->start == bar.start) {
      if (*at == bar) return false;
      *at = bar;
    } else {
      bars.insert(at, bar);
    }
  }
  if (bars.size() - series.first_ > per_series_) ++series.first_;
  if (series.first_ >= kDropAtOnce) {
    bars.erase(bars.begin(), bars.begin() + static_cast<std::ptrdiff_t>(series.first_));
    series.first_ = 0;
  }
  return true;
}

void CandleCache::put(Series& series, const Bar& bar) {
  if (keep(series, bar) && store_) store_->put(series.number_, bar);
}

std::size_t CandleCache::read(const CandleStore::Range& range,
                              const std::function<void(const Candle&)>& each) {
  if (!store_ || !store_->flush()) return read_memory(range, each);
  std::size_t count = 0;
  store_->read(range, [&](const StoredBar& stored) {
    const SeriesName& name = stored.series;
    each(stored.bar.named(name.exchange, name.symbol, name.timeframe, name.basis));
    ++count;
  });
  return count;
}

std::size_t CandleCache::read_memory(const CandleStore::Range& range,
                                     const std::function<void(const Candle&)>& each) const {
  struct Found {
    const SeriesName* name;
    Bar bar;  // a copy: `each` may change the cache
    auto key() const { return std::tie(bar.end, name->symbol, name->exchange, name->timeframe); }
  };
  std::vector<Found> found;
  for (const auto& [name, series] : all_) {
    if (!wants(range, name)) continue;
    for (const Bar& bar : series.from(range.from)) {
      if (bar.start < range.to) found.push_back({&name, bar});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.key() < b.key(); });
  for (const auto& [name, bar] : found) {
    each(bar.named(name->exchange, name->symbol, name->timeframe, name->basis));
  }
  return found.size();
}

}  // namespace tapedeck::market
