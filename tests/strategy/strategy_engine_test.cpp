#include "tapedeck/strategy/strategy_engine.hpp"

#include <limits>
#include <stdexcept>

#include "strategy/engine_fixture.hpp"

namespace tapedeck::strategy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StrategyEngineTest : public EngineFixture {};

// --- set-up ---

TEST_F(StrategyEngineTest, RefusesAStrategyNobodyKnows) {
  options_.strategies = {"moonshot"};
  try {
    engine();
    FAIL() << "accepted";
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(),
                HasSubstr("there is no strategy 'moonshot'; known are: ema_crossover, "
                          "mean_reversion, momentum, scripted"));
  }
}

TEST_F(StrategyEngineTest, RefusesLimitsThatMakeNoSense) {
  const auto refused = [this](auto change) {
    StrategyOptions changed = options_;
    change(changed);
    try {
      StrategyEngineV2(bus_.publisher(), calendar_, instruments_, changed, {});
    } catch (const std::invalid_argument&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refused([](auto& o) { o.hold_every = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.hold_every = -1; }));
  EXPECT_TRUE(refused([](auto& o) { o.min_confidence = 1.01; }));
  EXPECT_TRUE(refused([](auto& o) { o.max_daily_loss = -1; }));
  EXPECT_TRUE(refused([](auto& o) { o.order_value = std::nan(""); }));
  EXPECT_TRUE(refused([](auto& o) { o.health_every = 0s; }));
  EXPECT_FALSE(refused([](auto& o) { o.entry_cutoff_before_close = 15min; }));
  EXPECT_TRUE(refused([](auto& o) { o.entry_cutoff_before_close = 14min; }));
  EXPECT_TRUE(refused([](auto& o) { o.indicators = {"obv"}; }));
  EXPECT_TRUE(refused([](auto& o) { o.strategies = {"momentum", "momentum"}; }));
}

// --- what one candle yields ---

TEST_F(StrategyEngineTest, OneDecisionCarriesOneCorrelationId) {
  say(Action::buy, 0.85, "it rises");
  close(1500);
  ASSERT_THAT(intents_, SizeIs(1));
  const OrderIntent& intent = intents_[0];
  EXPECT_EQ(intent.side, Side::buy);
  EXPECT_EQ(intent.signal_exchange, "NSE");
  EXPECT_EQ(intent.order_exchange, "NSE");
  EXPECT_EQ(intent.order_symbol, "INFY");
  EXPECT_EQ(intent.decided_at, next_);
  EXPECT_EQ(intent.qty, 133) << "200 000 / 1500";
  const std::string id = R"("correlation_id":")" + intent.correlation_id + '"';
  EXPECT_THAT(traces(R"("decision":"BUY")"), ElementsAre(HasSubstr(id)));
  const std::string signal = last("signal_event");
  EXPECT_THAT(signal, HasSubstr(id));
  EXPECT_THAT(signal, HasSubstr(R"("round_trip_id":")" + intent.round_trip_id + '"'));
  EXPECT_THAT(signal, HasSubstr(R"("signal":"BUY","confidence":0.85,"reason":"it rises")"));
  EXPECT_THAT(signal, HasSubstr(R"("order_symbol":"INFY","order_exchange":"NSE")"));
  EXPECT_THAT(signal, HasSubstr(R"("exchange":"NSE")"));
}

TEST_F(StrategyEngineTest, PublishesIndicatorsUnderTheirNames) {
  options_.strategies = {"momentum", "scripted"};
  close(100);
  const auto events = bus_.payloads("indicator_event");
  ASSERT_THAT(events, SizeIs(2)) << "one for each strategy";
  EXPECT_THAT(events[0],
              HasSubstr(R"("indicators":{"rsi":null,"ema_20":null,"ema_50":null,"atr":null,)"
                        R"("sma_20":null,"macd":null,"macd_signal":null,"macd_hist":null,)"
                        R"("bb_upper":null,"bb_middle":null,"bb_lower":null,"adx":null,)"
                        R"("plus_di":null,"minus_di":null,"vwap":null,"supertrend":null,)"
                        R"("supertrend_direction":null})"));
  EXPECT_THAT(events[0], HasSubstr(R"("strategy":"momentum")"));
  EXPECT_THAT(events[1], HasSubstr(R"("strategy":"scripted")"));
}

TEST_F(StrategyEngineTest, PublishesOnlyAStrategysOwnIndicatorsWhenNoneAreCommon) {
  options_.strategies = {"scripted", "momentum"};
  options_.indicators = {};
  close(100);
  const auto events = bus_.payloads("indicator_event");
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_THAT(events[0], HasSubstr(R"("indicators":{},)"));
  EXPECT_THAT(events[1], HasSubstr(R"({"rsi":null,"ema_20":null,"ema_50":null,"atr":null})"));
}

TEST_F(StrategyEngineTest, SessionVwapBeginsAnewEachDay) {
  options_.indicators = {"vwap"};
  const auto with_volume = [this](double price) {
    Candle one = candle(price);
    one.volume = 10;
    engine();
    engine_->on_candle(one);
    return last("indicator_event");
  };
  EXPECT_THAT(with_volume(100), HasSubstr(R"("vwap":100.0)"));
  EXPECT_THAT(with_volume(200), HasSubstr(R"("vwap":150.0)"));
  next_ += 24h;
  EXPECT_THAT(with_volume(300), HasSubstr(R"("vwap":300.0)"));
}

TEST_F(StrategyEngineTest, DecidesOnTheShortestTimeframeOrTheOneItIsTold) {
  Candle five = candle(100);
  five.timeframe = *market::Timeframe::parse("5m");
  close(100);
  engine().on_candle(five);
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(2));
  EXPECT_THAT(bus_.events("decision_trace"), SizeIs(1));

  options_.timeframe = five.timeframe;
  engine_.reset();
  engine().on_candle(five);
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("timeframe":"5m")"));
  close(100);
  EXPECT_THAT(bus_.events("decision_trace"), SizeIs(2)) << "nothing on 1m";
}

TEST_F(StrategyEngineTest, CountsAndLeavesOutCandlesThatCannotBe) {
  close(100);
  Candle bad = candle(101);
  bad.close = std::numeric_limits<double>::quiet_NaN();
  engine().on_candle(bad);
  bad.close = 0;
  engine().on_candle(bad);
  bad.close = 500;  // above its high
  engine().on_candle(bad);
  Candle late = candle(102);
  late.end = at_ist(9, 16);
  late.start = at_ist(9, 15);
  engine().on_candle(late);
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(1));
  engine().advance_to(at_ist(9, 30));
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("bad_candles":3,"late_candles":1)"));
}

// --- thinning ---

TEST_F(StrategyEngineTest, TracesARepeatedHoldEverySoOften) {
  options_.hold_every = 5;
  for (int i = 0; i < 11; ++i) close(100);
  EXPECT_THAT(bus_.events("decision_trace"), SizeIs(3)) << "candles 1, 6 and 11";
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(11)) << "indicators are never thinned";
  say(Action::hold, 0, "another reason");
  close(100);
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("reason":"another reason")"));
}

TEST_F(StrategyEngineTest, TracesARepeatedHoldNeverOrAlwaysWhenToldSo) {
  for (const auto& [every, traced] : {std::pair{0, 1U}, {1, 7U}}) {
    options_.hold_every = every;
    engine_.reset();
    const std::size_t before = bus_.events("decision_trace").size();
    for (int i = 0; i < 7; ++i) close(100);
    EXPECT_EQ(bus_.events("decision_trace").size() - before, traced) << every;
  }
}

TEST_F(StrategyEngineTest, TracesEveryVetoThatChanged) {
  options_.hold_every = 0;
  say(Action::buy, 0.1);
  close(100);
  close(100);
  EXPECT_THAT(traces("low_confidence"), SizeIs(1));
  say(Action::sell, 0.1);
  close(100);
  EXPECT_THAT(traces("low_confidence"), SizeIs(2)) << "another wish";
  engine().obey({"kill", "*", "", ""}, next_);
  close(100);
  EXPECT_EQ(last_veto(), "kill_switch") << "another code";
  engine().obey({"resume", "*", "", ""}, next_);
  close(100);
  EXPECT_THAT(traces("low_confidence"), SizeIs(3));
}

// --- positions ---

TEST_F(StrategyEngineTest, LeavesWithTheRoundTripOfTheEntry) {
  enter(1500);
  say(Action::exit);
  close(1400);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_TRUE(intents_[1].is_exit);
  EXPECT_EQ(intents_[1].side, Side::sell);
  EXPECT_EQ(intents_[1].qty, intents_[0].qty);
  EXPECT_EQ(intents_[1].round_trip_id, intents_[0].round_trip_id);
  EXPECT_NE(intents_[1].correlation_id, intents_[0].correlation_id);
}

TEST_F(StrategyEngineTest, TellsTheStrategyWhatItHolds) {
  enter(1500);
  Holding seen;
  mind_ = [&](const Situation& situation) {
    seen = situation.holding;
    return Decision{};
  };
  close(1510);
  close(1520);
  EXPECT_EQ(seen.size, 133);
  EXPECT_EQ(seen.entry_price, 1500);
  EXPECT_EQ(seen.candles, 2);
}

TEST_F(StrategyEngineTest, BelievesTheNewsAboutAPosition) {
  enter(1500);
  fill(intents_[0], 40);  // the truth: the rest was never bought
  say(Action::exit);
  close(1400);
  EXPECT_EQ(intents_.back().qty, 40);
}

TEST_F(StrategyEngineTest, AdoptsAPositionItDidNotKnow) {
  OrderNews news;
  news.strategy = "scripted";
  news.order_exchange = "NSE";
  news.order_symbol = "TCS";
  news.at = next_;
  news.position_size = -7;
  news.finished = true;
  engine().on_order_news(news);
  say(Action::exit);
  close(3000, "TCS");
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].side, Side::buy);
  EXPECT_EQ(intents_[0].qty, 7);
  EXPECT_THAT(intents_[0].round_trip_id, Not(IsEmpty()));
  news.strategy = "somebody else";
  engine().on_order_news(news);
  EXPECT_EQ(engine().signals(), 1U);
}

TEST_F(StrategyEngineTest, CountsNewsThatCannotBe) {
  enter(1500);
  fill(intents_[0], 133, std::numeric_limits<double>::infinity());
  fill(intents_[0], std::numeric_limits<std::int64_t>::min());
  engine().advance_to(next_ + 5s);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("bad_order_news":2)"));
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("realized_pnl":null)"));
}

TEST_F(StrategyEngineTest, SquaresOffBeforeTheEndOfTheSessionAndTriesAgain) {
  enter(1500);
  engine().advance_to(at_ist(15, 14, 59));
  EXPECT_THAT(intents_, SizeIs(1));
  engine().advance_to(at_ist(15, 15));
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_EQ(intents_[1].decided_at, at_ist(15, 15));
  EXPECT_THAT(last("signal_event"), HasSubstr("square-off"));
  next_ = at_ist(15, 15, 10);
  fill(intents_[1], 133);  // rejected: still in position
  engine().advance_to(at_ist(15, 15, 29));
  EXPECT_THAT(intents_, SizeIs(2));
  engine().advance_to(at_ist(15, 15, 30));
  ASSERT_THAT(intents_, SizeIs(3));
  fill(intents_[2], 0, 5.0);
  engine().advance_to(at_ist(15, 40));
  EXPECT_THAT(intents_, SizeIs(3));
}

TEST_F(StrategyEngineTest, StopsTryingToSquareOffWhenTheSessionIsOver) {
  enter(1500);
  next_ = at_ist(15, 15);
  engine().advance_to(next_);
  for (std::size_t i = 1; i < intents_.size() && i < 100; ++i) {
    fill(intents_[i], 133);
    engine().advance_to(next_ += 30s);
  }
  EXPECT_THAT(intents_, SizeIs(1 + 30)) << "15 minutes, every 30 s";
  EXPECT_GT(engine().next_due(), at_ist(15, 30));
}

TEST_F(StrategyEngineTest, DoesNotSquareOffInAClosedMarket) {
  enter(1500);
  engine().skip_to(at_ist(9, 0) + 24h);
  engine().advance_to(at_ist(9, 1) + 24h);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(StrategyEngineTest, LeavesWhatWasCarriedOverAtTheFirstCandle) {
  enter(1500);
  next_ += 24h;
  say(Action::hold, 0, "keep");
  close(1500);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_THAT(intents_[1].reason, HasSubstr("carried over"));
}

// --- the signal's instrument and the ordered one ---

TEST_F(StrategyEngineTest, OrdersAnIndexInItsFutureAndDoesNotTradeTheFutureItself) {
  market::InstrumentInfo index = market::infer_instrument("NIFTY", market::make_date(2025, 11, 18));
  index.order_symbol = "NIFTY25NOVFUT";
  index.order_exchange = "NFO";
  instruments_.add(index);
  instruments_.add(market::infer_instrument("NIFTY25NOVFUT", market::make_date(2025, 11, 18)));
  say(Action::buy);
  close(26'000, "NIFTY25NOVFUT");
  EXPECT_THAT(intents_, IsEmpty());
  next_ -= 1min;
  close(25'900, "NIFTY");
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].signal_symbol, "NIFTY");
  EXPECT_EQ(intents_[0].order_exchange, "NFO");
  EXPECT_EQ(intents_[0].order_symbol, "NIFTY25NOVFUT");
  EXPECT_EQ(intents_[0].reference_price, 25'900);
  EXPECT_EQ(intents_[0].qty, 75) << "one lot";
  EXPECT_THAT(last("signal_event"),
              HasSubstr(R"("order_symbol":"NIFTY25NOVFUT","order_exchange":"NFO")"));
}

TEST_F(StrategyEngineTest, KeepsOneSymbolOfTwoExchangesApart) {
  market::InstrumentInfo bse = market::infer_instrument("INFY", market::make_date(2025, 11, 18));
  bse.exchange = "BSE";
  instruments_.add(bse);
  say(Action::buy);
  Candle one = candle(1500);
  engine().on_candle(one);
  one.exchange = "BSE";
  engine().on_candle(one);
  one.exchange = "NSE";
  engine().on_candle(one);
  ASSERT_THAT(intents_, SizeIs(2)) << "without an exchange INFY is NSE's";
  EXPECT_EQ(intents_[0].order_exchange, "NSE");
  EXPECT_EQ(intents_[1].order_exchange, "BSE");
}

TEST_F(StrategyEngineTest, TradesOnlyWhatItIsToldAndWhatCanBeTraded) {
  market::InstrumentInfo vix = market::infer_instrument("VIX", market::make_date(2025, 11, 18));
  vix.tradable = false;
  instruments_.add(vix);
  options_.symbols = {"NSE:TCS", "VIX"};
  say(Action::buy);
  for (const char* symbol : {"INFY", "VIX", "TCS"}) close(100, symbol);
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].order_symbol, "TCS");
  EXPECT_THAT(bus_.events("indicator_event"), SizeIs(3));
}

}  // namespace
}  // namespace tapedeck::strategy
