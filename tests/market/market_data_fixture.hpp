// What tests of the MarketDataEngine share: an engine on a test bus with INFY (NSE and BSE), TCS
// and a few others, the candles it closed, and a way to play a feed through it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "market/engine_support.hpp"
#include "market/feed_factory.hpp"
#include "tapedeck/market/market_data_engine.hpp"

namespace tapedeck::market {

inline Timeframe timeframe(const char* name) {
  return *Timeframe::parse(name);
}

class MarketDataFixture : public testing::Test {
 protected:
  MarketDataFixture() {
    const IstDate date = make_date(2025, 11, 18);
    for (const char* symbol : {"INFY", "TCS", "NIFTY", "NIFTY25NOV26000CE", "NIFTY25NOVFUT"}) {
      instruments_.add(infer_instrument(symbol, date));
    }
    instruments_.add(infer_instrument("INFY", date, "BSE"));
    options_.timeframes = {timeframe("1m"), timeframe("5m")};
  }

  MarketDataEngine& engine() {
    if (!engine_) {
      engine_ = std::make_unique<MarketDataEngine>(
          bus_.publisher(), calendar_, instruments_, options_,
          [this](const Candle& candle) { closed_.push_back(candle); });
    }
    return *engine_;
  }
  /// The process ends and another begins.
  void restart() {
    engine_.reset();
    closed_.clear();
  }
  /// A tick as a runner hands it over: first the clock, then the tick.
  bool give(const Tick& tick) {
    engine().advance_to(tick.at);
    return engine().on_tick(tick);
  }
  bool tick(Timestamp at, double price, std::int64_t quantity = 1, const char* symbol = "INFY") {
    return give({.at = at, .symbol = symbol, .price = price, .quantity = quantity});
  }
  bool candle(Timestamp start, double price, std::int64_t volume = 10, const char* length = "1m",
              const char* symbol = "INFY") {
    const Candle whole = flat_candle(start, price, volume, length, symbol);
    engine().advance_to(whole.end);
    return engine().on_candle(whole);
  }
  static Candle flat_candle(Timestamp start, double price, std::int64_t volume = 10,
                            const char* length = "1m", const char* symbol = "INFY") {
    Candle flat;
    flat.symbol = symbol;
    flat.timeframe = timeframe(length);
    flat.start = start;
    flat.end = start + flat.timeframe.length();
    flat.open = flat.high = flat.low = flat.close = price;
    flat.volume = volume;
    return flat;
  }
  /// Plays a feed to its end, as a runner does, without the nights.
  void play(Feed& feed) {
    FeedRecord record;
    Timestamp clock{};
    while (feed.next(record) == FeedState::record) {
      if (clock == Timestamp{}) engine().start(record.at());
      if (record.at() - clock > std::chrono::hours{2}) engine().skip_to(record.at());
      clock = std::max(clock, record.at());
      engine().advance_to(clock);
      engine().set_feed_stats(feed.stats());
      if (record.kind == RecordKind::tick) engine().on_tick(record.tick);
      if (record.kind == RecordKind::candle) engine().on_candle(record.candle);
    }
  }
  /// Opens a replay whose instruments the engine uses.
  std::unique_ptr<Feed> open_replay(const std::filesystem::path& path,
                                    const std::string& options = "") {
    const std::string spec = "replay:" + path.string() + options;
    FeedRequest request;
    request.spec = spec;
    return make_feed(request, calendar_);
  }
  /// Plays a replay through an engine with the feed's own instruments.
  void play_file(const std::filesystem::path& path, const std::string& options = "") {
    const auto feed = open_replay(path, options);
    options_.health_every = std::chrono::hours{1};
    engine_ = std::make_unique<MarketDataEngine>(
        bus_.publisher(), calendar_, feed->instruments(), options_,
        [this](const Candle& candle) { closed_.push_back(candle); });
    play(*feed);
    counts_ = engine_->counts();
    engine_.reset();
  }
  std::vector<Candle> closed_of(const char* length, const char* symbol = "INFY") const {
    std::vector<Candle> some;
    for (const Candle& candle : closed_) {
      if (candle.timeframe == timeframe(length) && candle.symbol == symbol) some.push_back(candle);
    }
    return some;
  }
  std::string last_health() { return bus_.payloads("engine_health").back(); }

  test::TestBus bus_;
  TradingCalendar calendar_;
  InstrumentTable instruments_;
  MarketDataOptions options_;
  std::vector<Candle> closed_;
  std::unique_ptr<MarketDataEngine> engine_;
  MarketDataCounts counts_;  // of the last play_file()
};

}  // namespace tapedeck::market
