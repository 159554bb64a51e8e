// A StrategyEngineV2 on a bus of its own, with a strategy whose mind is the test's, candles one
// minute apart, and hands to fill its orders.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "market/engine_support.hpp"
#include "tapedeck/strategy/strategy_engine.hpp"

namespace tapedeck::strategy {

using namespace std::chrono_literals;
using market::Candle;
using test::at_ist;

class FakePnl final : public PnlSource {
 public:
  Pnl pnl(std::string_view) const override { return pnl_; }
  Pnl pnl_;
};

/// Says what the test tells it to say; asks for no indicator.
class Scripted final : public Strategy {
 public:
  using Mind = std::function<Decision(const Situation&)>;
  explicit Scripted(const Mind& mind) : mind_(mind) {}
  Decision evaluate(const Situation& situation) override { return mind_(situation); }

 private:
  const Mind& mind_;
};

class EngineFixture : public testing::Test {
 protected:
  EngineFixture() {
    for (const char* symbol : {"INFY", "TCS"}) {
      instruments_.add(market::infer_instrument(symbol, market::make_date(2025, 11, 18)));
    }
    options_.run = "test";
    options_.strategies = {"scripted"};
    options_.extra_strategies = {scripted("scripted")};
  }

  StrategyEntry scripted(std::string_view name) {
    return {name, "1", {}, [this](StrategySetup&) { return std::make_unique<Scripted>(mind_); }};
  }
  StrategyEngineV2& engine() {
    if (!engine_) make_engine(at_ist(9, 15));
    return *engine_;
  }
  void make_engine(Timestamp start) {
    engine_ = std::make_unique<StrategyEngineV2>(
        bus_.publisher(), calendar_, instruments_, options_,
        [this](const OrderIntent& intent) { intents_.push_back(intent); });
    engine_->set_pnl_source(&pnl_);
    engine_->start(start);
  }
  Candle candle(double close, const char* symbol = "INFY") {
    Candle candle;
    candle.symbol = symbol;
    candle.start = next_;
    next_ += 1min;
    candle.end = next_;
    candle.open = candle.close = close;
    candle.high = close + 1;
    candle.low = close - 1;
    return candle;
  }
  void close(double price, const char* symbol = "INFY") {
    engine();
    engine_->on_candle(candle(price, symbol));
  }
  /// From now on the scripted strategy says this at every candle.
  void say(Action action, double confidence = 0.9, std::string reason = "because") {
    mind_ = [=](const Situation&) { return Decision{action, confidence, reason}; };
  }
  void fill(const OrderIntent& intent, std::int64_t size,
            std::optional<double> trade_pnl = std::nullopt) {
    OrderNews news;
    news.strategy = intent.strategy;
    news.signal_exchange = intent.signal_exchange;
    news.signal_symbol = intent.signal_symbol;
    news.at = next_;
    news.finished = true;
    news.position_size = size;
    news.trade_pnl = trade_pnl;
    engine_->on_order_news(news);
  }
  /// Buys at this price and has it filled.
  void enter(double price, const char* symbol = "INFY") {
    say(Action::buy);
    close(price, symbol);
    ASSERT_FALSE(intents_.empty());
    fill(intents_.back(), intents_.back().qty);
    say(Action::hold, 0, "in position");
  }
  std::vector<std::string> traces(const std::string& part) {
    std::vector<std::string> all;
    for (const std::string& payload : bus_.payloads("decision_trace")) {
      if (payload.find(part) != std::string::npos) all.push_back(payload);
    }
    return all;
  }
  /// The veto_code of the newest decision; empty: it is no VETO.
  std::string last_veto() {
    const auto all = bus_.payloads("decision_trace");
    const std::string key = R"("veto_code":")";
    const std::size_t at = all.empty() ? std::string::npos : all.back().find(key);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + key.size();
    return all.back().substr(begin, all.back().find('"', begin) - begin);
  }
  std::string last(std::string_view type) {
    const auto all = bus_.payloads(type);
    return all.empty() ? std::string() : all.back();
  }

  test::TestBus bus_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  StrategyOptions options_;
  FakePnl pnl_;
  Scripted::Mind mind_ = [](const Situation&) {
    return Decision{Action::hold, 0, "nothing to do"};
  };
  std::vector<OrderIntent> intents_;
  Timestamp next_ = at_ist(9, 15);
  std::unique_ptr<StrategyEngineV2> engine_;
};

}  // namespace tapedeck::strategy
