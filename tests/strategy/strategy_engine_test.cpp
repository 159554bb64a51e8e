#include "tapedeck/strategy/strategy_engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "market/engine_support.hpp"

namespace tapedeck::strategy {
namespace {

using namespace std::chrono_literals;
using market::Candle;
using test::at_ist;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class FakePnl final : public PnlSource {
 public:
  Pnl pnl(std::string_view) const override { return pnl_; }
  Pnl pnl_;
};

class StrategyEngineTest : public testing::Test {
 protected:
  StrategyEngineTest() {
    instruments_.add(market::infer_instrument("INFY", market::make_date(2025, 11, 18)));
    options_.run = "test";
  }

  StrategyEngineV2& engine() {
    if (!engine_) {
      engine_ = std::make_unique<StrategyEngineV2>(
          bus_.publisher(), calendar_, instruments_, options_,
          [this](const OrderIntent& intent) { intents_.push_back(intent); });
      engine_->set_pnl_source(&pnl_);
      engine_->start(at_ist(9, 15));
    }
    return *engine_;
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
  void close(double price) { engine().on_candle(candle(price)); }
  /// A long fall and then a rise: EMA 20 crosses above EMA 50 on the way up.
  void cross_up() {
    for (int i = 0; i < 70; ++i) close(1000 - i * 0.5);
    for (int i = 0; i < 40 && intents_.empty(); ++i) close(965 + i * 0.8 - (i % 3) * 1.2);
  }
  void fill_last(std::int64_t size, std::optional<double> trade_pnl = std::nullopt) {
    OrderNews news;
    news.strategy = "momentum";
    news.signal_symbol = "INFY";
    news.at = next_;
    news.finished = true;
    news.position_size = size;
    news.trade_pnl = trade_pnl;
    engine().on_order_news(news);
  }
  std::vector<std::string> traces(const std::string& part) {
    std::vector<std::string> all;
    for (const std::string& payload : bus_.payloads("decision_trace")) {
      if (payload.find(part) != std::string::npos) all.push_back(payload);
    }
    return all;
  }

  test::TestBus bus_;
  market::TradingCalendar calendar_;
  market::InstrumentTable instruments_;
  StrategyOptions options_;
  FakePnl pnl_;
  std::vector<OrderIntent> intents_;
  Timestamp next_ = at_ist(9, 15);
  std::unique_ptr<StrategyEngineV2> engine_;
};

TEST_F(StrategyEngineTest, RefusesAStrategyNobodyKnows) {
  options_.strategies = {"moonshot"};
  try {
    engine();
    FAIL() << "accepted";
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("there is no strategy 'moonshot'; known are: momentum"));
  }
}

TEST_F(StrategyEngineTest, VetoesWhileIndicatorsWarmUpAndThinsTheRepeats) {
  options_.hold_every = 5;
  for (int i = 0; i < 11; ++i) close(100);
  const auto vetoes = traces(R"("veto_code":"warmup")");
  EXPECT_THAT(vetoes, SizeIs(3)) << "candles 1, 6 and 11";
  EXPECT_THAT(vetoes[0], HasSubstr(R"("decision":"VETO")"));
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(11)) << "indicators are never thinned";
  EXPECT_THAT(bus_.payloads("indicator_event")[0],
              HasSubstr(R"("indicators":{"rsi":null,"ema_20":null,"ema_50":null,"atr":null})"));
}

TEST_F(StrategyEngineTest, OneDecisionCarriesOneCorrelationId) {
  cross_up();
  ASSERT_THAT(intents_, SizeIs(1));
  const OrderIntent& intent = intents_[0];
  EXPECT_EQ(intent.side, Side::buy);
  EXPECT_EQ(intent.order_symbol, "INFY");
  EXPECT_EQ(intent.decided_at, next_);
  EXPECT_EQ(intent.qty, static_cast<std::int64_t>(200'000 / intent.reference_price));
  const std::string id = R"("correlation_id":")" + intent.correlation_id + '"';
  EXPECT_THAT(traces(R"("decision":"BUY")"), ElementsAre(HasSubstr(id)));
  const auto signals = bus_.payloads("signal_event");
  ASSERT_THAT(signals, SizeIs(1));
  EXPECT_THAT(signals[0], HasSubstr(id));
  EXPECT_THAT(signals[0], HasSubstr(R"("round_trip_id":")" + intent.round_trip_id + '"'));
  EXPECT_THAT(signals[0], HasSubstr(R"("signal":"BUY")"));
}

TEST_F(StrategyEngineTest, AWarmHistoryNeedsNoWarmUp) {
  for (int i = 0; i < 70; ++i) {
    Candle past = candle(1000 - i * 0.5);
    past.start -= 24h;
    past.end -= 24h;
    engine().warm_up(past);
  }
  next_ = at_ist(9, 15);
  EXPECT_THAT(bus_.events("indicator_event"), IsEmpty());
  for (int i = 0; i < 40 && intents_.empty(); ++i) close(965 + i * 0.8 - (i % 3) * 1.2);
  EXPECT_THAT(intents_, SizeIs(1));
  EXPECT_THAT(traces("warmup"), IsEmpty());
}

TEST_F(StrategyEngineTest, LeavesAtTheStopWithTheRoundTripOfTheEntry) {
  cross_up();
  fill_last(intents_.at(0).qty);
  close(intents_[0].reference_price - 60);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_TRUE(intents_[1].is_exit);
  EXPECT_EQ(intents_[1].side, Side::sell);
  EXPECT_EQ(intents_[1].qty, intents_[0].qty);
  EXPECT_EQ(intents_[1].round_trip_id, intents_[0].round_trip_id);
  EXPECT_NE(intents_[1].correlation_id, intents_[0].correlation_id);
  EXPECT_THAT(intents_[1].reason, HasSubstr("stop"));
}

TEST_F(StrategyEngineTest, DoesNotEnterTwice) {
  cross_up();
  const std::size_t entered = intents_.size();
  double price = intents_.at(0).reference_price;
  for (int i = 0; i < 3; ++i) close(price += 0.2);
  EXPECT_EQ(intents_.size(), entered);
  EXPECT_THAT(traces(R"("veto_code":"duplicate")"), Not(IsEmpty()));
}

TEST_F(StrategyEngineTest, TheKillSwitchStopsEntriesAndSaysSo) {
  engine().set_killed(true, at_ist(9, 15), "trader", "test");
  EXPECT_THAT(bus_.payloads("command_event"),
              ElementsAre(R"({"command":"kill","target":"StrategyEngineV2","state":"done",)"
                          R"("reason":"test","by":"trader"})"));
  cross_up();
  EXPECT_THAT(intents_, IsEmpty());
  EXPECT_THAT(traces(R"("veto_code":"kill_switch")"), Not(IsEmpty()));
  EXPECT_THAT(bus_.payloads("engine_health").back(), HasSubstr(R"("status":"degraded")"));
}

TEST_F(StrategyEngineTest, DoesNotEnterNearTheEndOfTheSession) {
  next_ = at_ist(15, 0) - 70min;
  cross_up();
  EXPECT_THAT(intents_, IsEmpty());
  EXPECT_THAT(traces(R"("veto_code":"market_phase")"), Not(IsEmpty()));
}

TEST_F(StrategyEngineTest, SquaresOffBeforeTheEndOfTheSession) {
  cross_up();
  fill_last(intents_.at(0).qty);
  engine().advance_to(at_ist(15, 19, 59));
  EXPECT_THAT(intents_, SizeIs(1));
  engine().advance_to(at_ist(15, 20));
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_EQ(intents_[1].decided_at, at_ist(15, 20));
  EXPECT_THAT(bus_.payloads("signal_event").back(), HasSubstr("square-off"));
}

TEST_F(StrategyEngineTest, LeavesWhatWasCarriedOverAtTheFirstCandle) {
  cross_up();
  fill_last(intents_.at(0).qty);
  next_ += 24h;
  close(intents_[0].reference_price);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_THAT(intents_[1].reason, HasSubstr("carried over"));
}

TEST_F(StrategyEngineTest, OrdersAnIndexInItsFutureAndDoesNotTradeTheFutureItself) {
  market::InstrumentInfo index = market::infer_instrument("NIFTY", market::make_date(2025, 11, 18));
  index.order_symbol = "NIFTY25NOVFUT";
  instruments_.add(index);
  instruments_.add(market::infer_instrument("NIFTY25NOVFUT", market::make_date(2025, 11, 18)));
  for (int i = 0; i < 110 && intents_.empty(); ++i) {
    const double price = i < 70 ? 1000 - i * 0.5 : 965 + (i - 70) * 0.8 - (i % 3) * 1.2;
    Candle both = candle(price, "NIFTY25NOVFUT");
    engine().on_candle(both);
    both.symbol = "NIFTY";
    engine().on_candle(both);
  }
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].signal_symbol, "NIFTY");
  EXPECT_EQ(intents_[0].order_symbol, "NIFTY25NOVFUT");
  EXPECT_EQ(intents_[0].qty, 75) << "one lot";
}

TEST_F(StrategyEngineTest, DecidesOnTheShortestTimeframeOnly) {
  close(100);
  Candle five = candle(100);
  five.timeframe = *market::Timeframe::parse("5m");
  engine().on_candle(five);
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(2));
  EXPECT_THAT(bus_.events("decision_trace"), SizeIs(1));
}

TEST_F(StrategyEngineTest, HealthHasNullsBeforeTheFirstTrade) {
  engine().advance_to(at_ist(9, 15, 5));
  const std::string health = bus_.payloads("engine_health").back();
  EXPECT_THAT(health, HasSubstr(R"("total_strategies":1,"avg_win_rate":null)"));
  EXPECT_THAT(health, HasSubstr(R"("win_rate":null)"));
  EXPECT_THAT(health, HasSubstr(R"("last_signal":null,"last_signal_ts":null)"));
}

TEST_F(StrategyEngineTest, CountsAClosedTradeAndTellsPerformanceAtOnce) {
  cross_up();
  fill_last(intents_.at(0).qty);
  close(intents_[0].reference_price - 60);
  pnl_.pnl_.realized = -500;
  const std::size_t before = bus_.events("performance_update").size();
  fill_last(0, -537.5);
  const auto updates = bus_.payloads("performance_update");
  ASSERT_EQ(updates.size(), before + 2);
  EXPECT_THAT(updates[before], HasSubstr(R"("realized_pnl":-500.0)"));
  EXPECT_THAT(updates[before], HasSubstr(R"("scope":"account")"));
  EXPECT_THAT(updates[before + 1], HasSubstr(R"("scope":"strategy","strategy":"momentum")"));
  engine().advance_to(next_ + 5s);
  const std::string health = bus_.payloads("engine_health").back();
  EXPECT_THAT(health, HasSubstr(R"("win_count":0,"loss_count":1,"win_rate":0.0,"loss_streak":1)"));
  EXPECT_THAT(health, HasSubstr(R"("signals_today":2,"last_signal":"EXIT")"));
  EXPECT_THAT(health, HasSubstr(R"("realized_pnl":-537.5)"));
}

TEST_F(StrategyEngineTest, PublishesHealthAndPerformanceEveryFiveSeconds) {
  engine().advance_to(at_ist(9, 16));
  EXPECT_THAT(bus_.events("engine_health"), SizeIs(2 + 12));
  EXPECT_THAT(bus_.events("performance_update"), SizeIs(2 * 12));
}

}  // namespace
}  // namespace tapedeck::strategy
