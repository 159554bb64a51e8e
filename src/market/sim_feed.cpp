#include "market/sim_feed.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "market/candle_builder.hpp"

namespace tapedeck::market {
namespace {

/// Enough for an EMA 50 and its seed.
constexpr int kHistoryCandles = 60;
constexpr int kSessionMinutes = 360;
/// Daily candles cost a simulated day each.
constexpr int kHistoryDays = 20;

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
  std::vector<Timeframe> days;
  std::vector<Timeframe> shorter;
  for (const Timeframe timeframe : timeframes) {
    (timeframe.is_day() ? days : shorter).push_back(timeframe);
    if (!timeframe.is_day()) longest = std::max(longest, timeframe.minutes());
  }
  const int sessions = 1 + kHistoryCandles * longest / kSessionMinutes;
  std::vector<Candle> closed;
  std::vector<IstDate> dates{day_->date()};
  for (int i = days.empty() ? sessions : std::max(sessions, kHistoryDays); i > 0; --i) {
    dates.push_back(calendar_.session_before(dates.back()));
  }
  for (auto i = dates.size() - 1; i > 0; --i) {
    const bool near = i <= static_cast<std::size_t>(sessions);
    add_history(dates[i], near ? timeframes : std::span<const Timeframe>(days), closed);
  }
  std::stable_sort(closed.begin(), closed.end(),
                   [](const Candle& a, const Candle& b) { return a.end < b.end; });
  return closed;
}

namespace {

/// The candles of one instrument on one day.
struct Listed {
  const InstrumentInfo* info = nullptr;
  std::vector<CandleBuilder> builders;
  std::optional<PhaseSpan> session;
  std::optional<PhaseSpan> day;

  void add(const Tick& tick, const TradingCalendar& calendar, std::vector<Candle>& closed) {
    if (!session || !session->contains(tick.at)) {
      session = calendar.continuous_at(info->group, tick.at);
      day = calendar.trading_day(info->group, ist_date(tick.at));
    }
    if (!session) return;
    for (CandleBuilder& builder : builders) {
      if (builder.end() <= tick.at) close(builder, closed);
      builder.add(tick.at, tick.price, tick.quantity,
                  builder.timeframe().is_day() ? *day : *session);
    }
  }
  void close(CandleBuilder& builder, std::vector<Candle>& closed) const {
    closed.push_back(builder.close().named(info->exchange, info->symbol, builder.timeframe()));
  }
};

}  // namespace

void SimFeed::add_history(IstDate date, std::span<const Timeframe> timeframes,
                          std::vector<Candle>& closed) const {
  SimDay past(calendar_, options_.seed, date);
  std::map<std::string_view, Listed> all;
  for (const InstrumentInfo& listed : past.instruments()) {
    const InstrumentInfo* info = instruments_.find(listed.exchange, listed.symbol);
    if (info == nullptr) continue;  // has expired since
    Listed& entry = all[info->symbol];
    entry.info = info;
    for (const Timeframe timeframe : timeframes) entry.builders.emplace_back(timeframe);
  }
  for (std::vector<Tick> ticks; past.next_second(ticks); ticks.clear()) {
    for (const Tick& tick : ticks) {
      const auto at = all.find(tick.symbol);
      if (at != all.end()) at->second.add(tick, calendar_, closed);
    }
  }
  for (auto& [symbol, listed] : all) {
    for (CandleBuilder& builder : listed.builders) {
      if (builder.is_open()) listed.close(builder, closed);
    }
  }
}

}  // namespace tapedeck::market
