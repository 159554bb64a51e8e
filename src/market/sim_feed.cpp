#include "market/sim_feed.hpp"

#include <algorithm>
#include <map>

#include "market/candle_builder.hpp"

namespace tapedeck::market {
namespace {

/// Enough for an EMA 50 and its seed.
constexpr int kHistoryCandles = 60;
constexpr int kSessionMinutes = 360;
constexpr int kMostHistorySessions = 61;

}  // namespace

SimFeed::SimFeed(const SimOptions& options, const TradingCalendar& calendar)
    : options_(options), calendar_(calendar) {
  IstDate date = options.first_date;
  if (!calendar.is_session_date(date)) date = calendar.session_after(date);
  begin_day(date);
}

void SimFeed::begin_day(IstDate date) {
  day_ = std::make_unique<SimDay>(calendar_, options_.seed, date);
  ++days_begun_;
  std::vector<InstrumentKey> gone;
  for (const auto& known : instruments_.all()) {
    const auto& listed = day_->instruments();
    if (std::none_of(listed.begin(), listed.end(),
                     [&](const InstrumentInfo& i) { return i.symbol == known.second.symbol; })) {
      gone.push_back(known.first);
    }
  }
  for (const InstrumentKey& key : gone) instruments_.remove(key.exchange, key.symbol);
  for (const InstrumentInfo& info : day_->instruments()) instruments_.add(info);
}

FeedState SimFeed::next(FeedRecord& record) {
  while (at_ == ticks_.size()) {
    ticks_.clear();
    at_ = 0;
    if (day_->next_second(ticks_)) break;
    if (options_.sessions != 0 && days_begun_ >= options_.sessions) return FeedState::end;
    begin_day(calendar_.session_after(day_->date()));
  }
  record.kind = RecordKind::tick;
  record.tick = ticks_[at_++];
  record.tick.symbol = keep(record.tick.symbol);
  record.tick.exchange = keep(record.tick.exchange);
  ++stats_.records;
  return FeedState::record;
}

std::vector<Candle> SimFeed::history(std::span<const Timeframe> timeframes) {
  int longest = 1;
  for (const Timeframe timeframe : timeframes) {
    longest = std::max(longest, timeframe.is_day() ? kSessionMinutes : timeframe.minutes());
  }
  const int sessions =
      std::min(kMostHistorySessions, 1 + kHistoryCandles * longest / kSessionMinutes);
  IstDate date = day_->date();
  for (int i = 0; i < sessions; ++i) date = calendar_.session_before(date);

  std::vector<Candle> closed;
  for (; date < day_->date(); date = calendar_.session_after(date)) {
    add_history(date, timeframes, closed);
  }
  std::stable_sort(closed.begin(), closed.end(),
                   [](const Candle& a, const Candle& b) { return a.end < b.end; });
  return closed;
}

void SimFeed::add_history(IstDate date, std::span<const Timeframe> timeframes,
                          std::vector<Candle>& closed) const {
  struct Listed {
    const InstrumentInfo* info = nullptr;
    std::vector<CandleBuilder> builders;
    void close(CandleBuilder& builder, std::vector<Candle>& to) const {
      to.push_back(builder.close().named(info->exchange, info->symbol, builder.timeframe()));
    }
  };
  SimDay past(calendar_, options_.seed, date);
  std::map<std::string_view, Listed> all;
  for (std::vector<Tick> ticks; past.next_second(ticks); ticks.clear()) {
    for (const Tick& tick : ticks) {
      Listed& listed = all[tick.symbol];
      if (listed.info == nullptr) {
        listed.info = instruments_.find(tick.exchange, tick.symbol);
        if (listed.info == nullptr) continue;
        for (const Timeframe timeframe : timeframes) listed.builders.emplace_back(timeframe);
      }
      const auto session = calendar_.continuous_at(listed.info->group, tick.at);
      if (!session) continue;
      const auto day = calendar_.trading_day(listed.info->group, date);
      for (CandleBuilder& builder : listed.builders) {
        if (builder.end() <= tick.at) listed.close(builder, closed);
        builder.add(tick.at, tick.price, tick.quantity,
                    builder.timeframe().is_day() ? *day : *session);
      }
    }
  }
  for (auto& [symbol, listed] : all) {
    for (CandleBuilder& builder : listed.builders) {
      if (builder.is_open()) listed.close(builder, closed);
    }
  }
}

}  // namespace tapedeck::market
