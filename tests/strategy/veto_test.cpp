// Each veto the contract names, reached the way a user would reach it, and their order.
#include "strategy/engine_fixture.hpp"

namespace tapedeck::strategy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FakeGate final : public RiskGate {
 public:
  std::optional<RiskRefusal> refusal_of(const OrderIntent& intent, Timestamp now) const override {
    asked_.push_back(intent);
    EXPECT_EQ(intent.decided_at, now);
    return refusal_;
  }
  mutable std::vector<OrderIntent> asked_;
  std::optional<RiskRefusal> refusal_;
};

class VetoTest : public EngineFixture {};

TEST_F(VetoTest, WarmupUntilTheIndicatorsHaveValues) {
  options_.extra_strategies = {{"scripted", "1", {}, [this](StrategySetup& setup) {
                                  setup.sma(3);
                                  return std::make_unique<Scripted>(mind_);
                                }}};
  say(Action::buy);
  close(100);
  EXPECT_EQ(last_veto(), "warmup");
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("decision":"VETO","trace_data":{"reason":)"
                                                R"("indicators are warming up")"));
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("indicators":{"sma_3":null})"));
  close(100);
  EXPECT_THAT(intents_, IsEmpty());
  close(100);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(VetoTest, AWarmHistoryNeedsNoWarmup) {
  options_.extra_strategies = {{"scripted", "1", {}, [this](StrategySetup& setup) {
                                  setup.sma(3);
                                  return std::make_unique<Scripted>(mind_);
                                }}};
  say(Action::buy);
  for (int i = 0; i < 3; ++i) {
    Candle past = candle(100);
    past.start -= 24h;
    past.end -= 24h;
    engine().warm_up(past);
  }
  EXPECT_THAT(intents_, IsEmpty()) << "nothing is traded on the past";
  EXPECT_THAT(bus_.events("indicator_event"), IsEmpty());
  next_ = at_ist(9, 15);
  close(100);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(VetoTest, KillSwitchForEntriesNotForExits) {
  enter(1500);
  engine().obey({"kill", "*", "trader", ""}, next_);
  say(Action::buy);
  close(3000, "TCS");
  EXPECT_EQ(last_veto(), "kill_switch");
  say(Action::exit);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(2));
  EXPECT_TRUE(intents_.back().is_exit);
}

TEST_F(VetoTest, MarketPhaseFromTheCutOffOn) {
  engine().advance_to(at_ist(14, 58));
  next_ = at_ist(14, 58);
  say(Action::buy);
  close(1500);  // ends 14:59
  EXPECT_THAT(intents_, SizeIs(1));
  close(3000, "TCS");  // ends 15:00
  EXPECT_EQ(last_veto(), "market_phase");
}

TEST_F(VetoTest, MarketPhaseOutsideASession) {
  next_ = at_ist(15, 59);
  say(Action::buy);
  close(1500);
  EXPECT_EQ(last_veto(), "market_phase");
}

TEST_F(VetoTest, StaleDataInMarketTime) {
  say(Action::buy);
  Candle old = candle(1500);
  engine().advance_to(old.end + 2min);
  engine().on_candle(old);
  EXPECT_THAT(intents_, SizeIs(1)) << "just fresh enough";
  old.symbol = "TCS";
  engine().advance_to(old.end + 2min + 1s);
  engine().on_candle(old);
  EXPECT_EQ(last_veto(), "stale_data");
}

TEST_F(VetoTest, AClosedMarketDoesNotMakeDataStale) {
  say(Action::buy);
  next_ = at_ist(15, 29);
  Candle last_of_the_day = candle(1500);
  engine().skip_to(at_ist(9, 16) + 24h);
  engine().on_candle(last_of_the_day);
  EXPECT_THAT(intents_, SizeIs(1)) << "one minute of market time";
}

TEST_F(VetoTest, DuplicateInPositionAndWhileAnOrderIsOut) {
  say(Action::buy);
  close(1500);
  close(1501);
  EXPECT_EQ(last_veto(), "duplicate");
  EXPECT_THAT(last("decision_trace"), HasSubstr("an order is out already"));
  fill(intents_[0], intents_[0].qty);
  close(1502);
  EXPECT_EQ(last_veto(), "duplicate");
  EXPECT_THAT(last("decision_trace"), HasSubstr("already in position"));
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(VetoTest, DuplicateExit) {
  say(Action::exit);
  close(1500);
  EXPECT_EQ(last_veto(), "duplicate") << "nothing to leave";
  enter(1500);
  say(Action::exit);
  close(1500);
  close(1500);
  EXPECT_EQ(last_veto(), "duplicate") << "the exit is out";
  EXPECT_THAT(intents_, SizeIs(2));
}

TEST_F(VetoTest, CooldownAfterAPosition) {
  options_.cooldown_candles = 2;
  enter(1500);
  fill(intents_[0], 0, -10.0);
  say(Action::buy);
  close(1500);
  EXPECT_EQ(last_veto(), "cooldown");
  close(1500);
  EXPECT_THAT(intents_, SizeIs(2)) << "with the second candle it is over";
}

TEST_F(VetoTest, MaxPositionsOfAStrategy) {
  options_.max_positions = 1;
  enter(1500);
  say(Action::buy);
  close(3000, "TCS");
  EXPECT_EQ(last_veto(), "max_positions");
  fill(intents_[0], 0, 10.0);
  close(3000, "TCS");
  EXPECT_THAT(intents_, SizeIs(2));
}

TEST_F(VetoTest, DailyLossAtTheLimitForEntriesNotForExits) {
  options_.max_daily_loss = 1000;
  enter(1500);
  pnl_.pnl_.day_net = -1000;
  say(Action::buy);
  close(3000, "TCS");
  EXPECT_EQ(last_veto(), "daily_loss");
  say(Action::exit);
  close(1500);
  ASSERT_THAT(intents_, SizeIs(2));
  pnl_.pnl_.day_net = -999.99;
  say(Action::buy);
  close(3000, "TCS");
  EXPECT_THAT(intents_, SizeIs(3));
}

TEST_F(VetoTest, NoDailyLossLimitWhenItIsZero) {
  options_.max_daily_loss = 0;
  pnl_.pnl_.day_net = -1e9;
  say(Action::buy);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(VetoTest, LowConfidenceBelowTheLimit) {
  options_.min_confidence = 0.6;
  say(Action::buy, 0.59);
  close(1500);
  EXPECT_EQ(last_veto(), "low_confidence");
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("wanted":"BUY","wanted_reason":"because")"));
  say(Action::buy, 0.6);
  close(1500);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(VetoTest, WhatTheRiskGateRefuses) {
  FakeGate gate;
  engine().set_risk_gate(&gate);
  say(Action::buy);
  for (const char* code : {"margin", "circuit_limit", "freeze_qty", "rate_limit"}) {
    gate.refusal_ = RiskRefusal{code, "26 600 rupees are needed, 12 are free"};
    close(1500);
    EXPECT_EQ(last_veto(), code);
    EXPECT_THAT(last("decision_trace"),
                HasSubstr(R"("reason":"26 600 rupees are needed, 12 are free")"));
    EXPECT_THAT(last("decision_trace"), HasSubstr(R"("veto_by":"risk")"));
  }
  gate.refusal_.reset();
  close(1500);
  ASSERT_THAT(intents_, SizeIs(1));
  const OrderIntent& asked = gate.asked_.back();
  EXPECT_EQ(asked.qty, intents_[0].qty);
  EXPECT_EQ(asked.side, intents_[0].side);
  EXPECT_EQ(asked.order_symbol, intents_[0].order_symbol);
  fill(intents_[0], intents_[0].qty);
  gate.refusal_ = RiskRefusal{"margin", "no"};
  say(Action::exit);
  close(1400);
  EXPECT_THAT(intents_, SizeIs(2)) << "an exit is not asked about";
}

/// Puts every obstacle from `first` on in the way of one entry.
class VetoOrderTest : public VetoTest, public testing::WithParamInterface<std::size_t> {
 protected:
  static constexpr std::array kCodes{"warmup",         "kill_switch", "market_phase",  "stale_data",
                                     "duplicate",      "cooldown",    "max_positions", "daily_loss",
                                     "low_confidence", "margin"};
  void adopt(const char* symbol, std::int64_t size) {
    OrderNews news;
    news.strategy = "scripted";
    news.signal_symbol = symbol;
    news.at = next_;
    news.finished = true;
    news.position_size = size;
    engine_->on_order_news(news);
  }
};

TEST_P(VetoOrderTest, TheFirstObstacleIsTold) {
  const auto stands = [](std::string_view code) {
    const auto at = std::find(kCodes.begin(), kCodes.end(), code) - kCodes.begin();
    return static_cast<std::size_t>(at) >= GetParam();
  };
  options_.extra_strategies = {{"scripted", "1", {}, [this](StrategySetup& setup) {
                                  setup.sma(3);
                                  return std::make_unique<Scripted>(mind_);
                                }}};
  options_.max_positions = 1;
  next_ = stands("market_phase") ? at_ist(15, 5) : at_ist(10, 0);
  make_engine(next_ - 5min);
  FakeGate gate;
  if (stands("margin")) gate.refusal_ = RiskRefusal{"margin", "no"};
  engine_->set_risk_gate(&gate);
  next_ -= 4min;
  for (int i = 0; i < 3; ++i) {
    Candle past = candle(1500);
    if (!stands("warmup")) engine_->warm_up(past);
  }
  if (stands("kill_switch")) engine_->obey({"kill", "*", "", ""}, next_);
  if (stands("cooldown")) adopt("INFY", 5), adopt("INFY", 0);
  if (stands("duplicate")) adopt("INFY", 5);
  if (stands("max_positions")) adopt("TCS", 5);
  if (stands("daily_loss")) pnl_.pnl_.day_net = -1e6;
  say(Action::buy, stands("low_confidence") ? 0.1 : 0.9);
  const Candle decided = candle(1500);
  engine_->advance_to(decided.end + (stands("stale_data") ? 3min : 0min));
  engine_->on_candle(decided);
  EXPECT_EQ(last_veto(), kCodes[GetParam()]);
  EXPECT_THAT(intents_, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Order, VetoOrderTest, testing::Range<std::size_t>(0, 10));

}  // namespace
}  // namespace tapedeck::strategy
