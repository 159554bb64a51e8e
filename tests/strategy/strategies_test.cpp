// The strategies of the build on made-up prices, their parameters, and strategies of a caller.
#include <cmath>
#include <numbers>

#include "strategy/engine_fixture.hpp"

namespace tapedeck::strategy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StrategiesTest : public EngineFixture {
 protected:
  void use(const char* strategy) { options_.strategies = {strategy}; }
  /// A long fall and then a rise: EMA 20 crosses above EMA 50 on the way up.
  void cross_up() {
    for (int i = 0; i < 70; ++i) close(1000 - i * 0.5);
    for (int i = 0; i < 60 && intents_.empty(); ++i) close(965 + i * 0.8 - (i % 3) * 1.2);
  }
  /// Calm, and then a fall below the lower Bollinger band.
  void fall_out_of_the_band() {
    for (int i = 0; i < 60; ++i) close(1000 + std::sin(i * 0.9) * 2);
    for (int i = 1; i <= 12 && intents_.empty(); ++i) close(1000 - i * 1.0);
  }
  std::string refusal() {
    try {
      engine();
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "accepted";
  }
};

TEST_F(StrategiesTest, MomentumGoesWithTheCrossoverAndLeavesAtTheStop) {
  use("momentum");
  cross_up();
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].side, Side::buy);
  EXPECT_THAT(intents_[0].reason, HasSubstr("fast EMA crossed above slow EMA"));
  fill(intents_[0], intents_[0].qty);
  close(intents_[0].reference_price - 60);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_THAT(intents_[1].reason, HasSubstr("stop"));
}

TEST_F(StrategiesTest, EmaCrossoverEntersAtTheCrossingAndLeavesAtTheOneBack) {
  use("ema_crossover");
  cross_up();
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].side, Side::buy);
  fill(intents_[0], intents_[0].qty);
  double price = intents_[0].reference_price;
  for (int i = 0; i < 60 && intents_.size() < 2; ++i) close(price -= 0.3);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_EQ(intents_[1].reason, "fast EMA crossed back");
}

TEST_F(StrategiesTest, EmaCrossoverTakesItsPeriodsFromTheConfiguration) {
  use("ema_crossover");
  options_.parameters = {{"ema_crossover", {{"fast", 3}, {"slow", 6}}}};
  for (int i = 0; i < 20; ++i) close(1000 - i);
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("indicators":{"ema_3":)"));
  for (int i = 0; i < 6 && intents_.empty(); ++i) close(985 + i * 3);
  EXPECT_THAT(intents_, SizeIs(1)) << "long before 50 candles";
}

TEST_F(StrategiesTest, MeanReversionBuysBelowTheBandAndLeavesAtTheMiddle) {
  use("mean_reversion");
  fall_out_of_the_band();
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].side, Side::buy);
  fill(intents_[0], intents_[0].qty);
  close(intents_[0].reference_price + 0.5);
  EXPECT_THAT(intents_, SizeIs(1));
  close(1000);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_EQ(intents_[1].reason, "back at the middle band");
}

TEST_F(StrategiesTest, MeanReversionSellsAboveTheBand) {
  use("mean_reversion");
  for (int i = 0; i < 60; ++i) close(1000 + std::sin(i * 0.9) * 2);
  for (int i = 1; i <= 12 && intents_.empty(); ++i) close(1000 + i * 1.0);
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_EQ(intents_[0].side, Side::sell);
}

TEST_F(StrategiesTest, MeanReversionStaysAwayFromATrend) {
  use("mean_reversion");
  options_.parameters = {{"mean_reversion", {{"max_adx", 0}}}};
  fall_out_of_the_band();
  EXPECT_THAT(intents_, IsEmpty());
  EXPECT_THAT(traces("the trend is strong"), SizeIs(testing::Gt(0U)));
}

TEST_F(StrategiesTest, MeanReversionLeavesWhenItHasWaitedTooLong) {
  use("mean_reversion");
  options_.parameters = {{"mean_reversion", {{"max_candles", 3}, {"stop_atr", 50}}}};
  fall_out_of_the_band();
  ASSERT_THAT(intents_, SizeIs(1));
  fill(intents_[0], intents_[0].qty);
  double price = intents_[0].reference_price;
  for (int i = 0; i < 3; ++i) close(price -= 0.2);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_EQ(intents_[1].reason, "not back after 3 candles");
}

// --- parameters ---

TEST_F(StrategiesTest, RefusesParametersThatCannotBe) {
  use("ema_crossover");
  options_.parameters = {{"ema_crossover", {{"quick", 3}}}};
  EXPECT_EQ(refusal(),
            "strategy 'ema_crossover' has no parameter 'quick'; it has: fast, slow, atr_period, "
            "stop_atr, steep_atr");
  options_.parameters = {{"ema_crossover", {{"fast", 1}}}};
  EXPECT_EQ(refusal(),
            "parameter 'fast' of strategy 'ema_crossover' must be a whole number within 2..500, "
            "not 1");
  options_.parameters = {{"ema_crossover", {{"fast", 2.5}}}};
  EXPECT_THAT(refusal(), HasSubstr("not 2.5"));
  options_.parameters = {{"ema_crossover", {{"stop_atr", std::nan("")}}}};
  EXPECT_THAT(refusal(), HasSubstr("must be a number within 0..50, not nan"));
  options_.parameters = {{"ema_crossover", {{"fast", 50}}}};
  EXPECT_EQ(refusal(), "strategy 'ema_crossover': fast must be shorter than slow");
  options_.parameters = {{"moonshot", {}}};
  EXPECT_THAT(refusal(), HasSubstr("there is no strategy 'moonshot'"));
  options_.parameters = {{"ema_crossover", {{"fast", 2}, {"stop_atr", 0}}}};
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(StrategiesTest, TheConfigHashCoversNameVersionAndEveryParameter) {
  const StrategyEntry entry = *find_strategy("momentum");
  const ParameterValues usual = complete_parameters(entry, {});
  const std::string hash = config_hash_of(entry, usual);
  EXPECT_THAT(hash, SizeIs(16));
  for (const Parameter& one : entry.parameters) {
    ParameterValues other = usual;
    other[std::string(one.name)] = one.least;
    EXPECT_NE(config_hash_of(entry, other), hash) << one.name;
  }
  StrategyEntry newer = entry;
  newer.version = "next";
  EXPECT_NE(config_hash_of(newer, usual), hash);

  use("momentum");
  cross_up();
  EXPECT_THAT(last("signal_event"), HasSubstr(R"("config_hash":")" + hash + '"'));
}

TEST(Strategies, EveryParameterIsDocumentedAndItsDefaultAllowed) {
  ASSERT_THAT(all_strategies(), SizeIs(3));
  for (const StrategyEntry& entry : all_strategies()) {
    const std::string text = describe_parameters(entry);
    for (const Parameter& one : entry.parameters) {
      EXPECT_LE(one.least, one.usual) << entry.name << ' ' << one.name;
      EXPECT_GE(one.most, one.usual) << entry.name << ' ' << one.name;
      EXPECT_FALSE(one.meaning.empty());
      EXPECT_THAT(text, HasSubstr(std::string(one.name) + " = "));
    }
  }
  EXPECT_THAT(describe_parameters(*find_strategy("ema_crossover")),
              HasSubstr("  fast = 20  (2..500) candles of the fast EMA\n"));
}

TEST(Strategies, AStrategyCannotReadAParameterItDoesNotDeclare) {
  const ParameterValues none;
  IndicatorPlan plan;
  const StrategySetup setup(none, plan);
  EXPECT_THROW(setup.parameter("fast"), std::logic_error);
}

// --- strategies of a caller ---

TEST_F(StrategiesTest, AStrategyThatAsksForOtherIndicatorsLaterIsSwitchedOff) {
  int period = 3;
  options_.strategies = {"moody"};
  options_.extra_strategies = {{"moody", "1", {}, [&](StrategySetup& setup) {
                                  setup.sma(period++);
                                  return std::make_unique<Scripted>(mind_);
                                }}};
  close(100);
  EXPECT_THAT(last("engine_health"), HasSubstr("sma_4 was not asked for when the engine was made"));
}

TEST_F(StrategiesTest, TwoStrategiesOfOneNameAreRefused) {
  options_.strategies = {"momentum"};
  options_.extra_strategies = {scripted("momentum")};
  EXPECT_EQ(refusal(), "there are two strategies 'momentum'");
}

}  // namespace
}  // namespace tapedeck::strategy
