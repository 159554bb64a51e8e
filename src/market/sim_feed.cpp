#include "market/sim_feed.hpp"

#include <algorithm>
#include <map>

#include "market/candle_builder.hpp"

namespace tapedeck::market {
namespace {

/// Enough for an EMA 50 and its seed.
constexpr int kHistoryCandles = 60;
constexpr int kSessionMinutes = 360;

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
  ++stats_.records;
  return FeedState::record;
}

std::vector<Candle> SimFeed::history(std::span<const Timeframe> timeframes) {
  int longest = 1;
  for (const Timeframe timeframe : timeframes) longest = std::max(longest, timeframe.minutes());
  const int sessions = 1 + kHistoryCandles * longest / kSessionMinutes;
  IstDate date = day_->date();
  for (int i = 0; i < sessions; ++i) date = calendar_.session_before(date);

  std::vector<Candle> closed;
  for (; date < day_->date(); date = calendar_.session_after(date)) {
    SimDay past(calendar_, options_.seed, date);
    std::map<std::pair<std::string, int>, CandleBuilder> builders;
    std::vector<Tick> ticks;
    while (past.next_second(ticks)) {
      for (const Tick& tick : ticks) {
        const InstrumentInfo* info = instruments_.find(tick.exchange, tick.symbol);
        if (info == nullptr) continue;
        const auto session = calendar_.continuous_at(info->group, tick.at);
        if (!session) continue;
        for (const Timeframe timeframe : timeframes) {
          auto& builder =
              builders.try_emplace({info->symbol, timeframe.minutes()}, CandleBuilder(timeframe))
                  .first->second;
          if (builder.end() <= tick.at) closed.push_back(builder.close(info->symbol));
          builder.add(tick.at, tick.price, tick.quantity, *session);
        }
      }
      ticks.clear();
    }
    for (auto& [key, builder] : builders) {
      if (builder.is_open()) closed.push_back(builder.close(key.first));
    }
  }
  std::stable_sort(closed.begin(), closed.end(),
                   [](const Candle& a, const Candle& b) { return a.end < b.end; });
  return closed;
}

}  // namespace tapedeck::market
