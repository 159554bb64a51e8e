// What a strategy's constructor may ask for by description, and what it learns from the past.
#include "strategy/engine_fixture.hpp"

namespace tapedeck::strategy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// Waits for the indicators of these descriptions.
StrategyEntry asking(std::vector<std::string> descriptions, const Scripted::Mind& mind,
                     std::vector<std::string>* names = nullptr) {
  return {"scripted", "1", {}, [=, &mind](StrategySetup& setup) {
            for (const std::string& text : descriptions) {
              setup.indicator(IndicatorSpec::parse(text).value());
            }
            if (names != nullptr) {
              names->clear();
              for (std::size_t i = 0; i < setup.plan().size(); ++i) {
                names->emplace_back(setup.plan().name({i}));
              }
            }
            return std::make_unique<Scripted>(mind);
          }};
}

class SetupTest : public EngineFixture {};

TEST_F(SetupTest, AnIndicatorByDescriptionIsWaitedForWithAllItsValues) {
  options_.extra_strategies = {asking({"bb_3", "sma_2"}, mind_)};
  say(Action::buy);
  close(100);
  close(101);
  EXPECT_EQ(last_veto(), "warmup");
  EXPECT_THAT(last("decision_trace"), HasSubstr(R"("bb_3_upper":null,"bb_3_middle":null)"));
  close(102);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(SetupTest, TheVwapOfWhatIsNotTradedIsNotWaitedFor) {
  options_.extra_strategies = {asking({"vwap"}, mind_)};
  say(Action::buy);
  close(100);
  EXPECT_THAT(intents_, SizeIs(1));
}

TEST_F(SetupTest, TheStrategyOfASymbolSeesThePlanOfTheWholeEngine) {
  std::vector<std::string> names;
  options_.indicators = {"rsi"};
  options_.extra_strategies = {asking({"ema_9"}, mind_, &names)};
  engine();
  EXPECT_THAT(names, ElementsAre("ema_9")) << "the example, while the engine was built";
  close(100);
  EXPECT_THAT(names, ElementsAre("ema_9", "rsi"));
}

TEST_F(SetupTest, EntriesOfAStrategyThatWatchesItsStopSaySo) {
  options_.extra_strategies = {{"scripted", "1", {}, [this](StrategySetup& setup) {
                                  setup.watches_stop();
                                  return std::make_unique<Scripted>(mind_);
                                }}};
  enter(100);
  say(Action::exit);
  close(100);
  ASSERT_THAT(intents_, SizeIs(2));
  EXPECT_TRUE(intents_[0].stop_watched);
  EXPECT_FALSE(intents_[1].stop_watched) << "it ends the position";
}

TEST_F(SetupTest, OthersDoNot) {
  enter(100);
  ASSERT_THAT(intents_, SizeIs(1));
  EXPECT_FALSE(intents_[0].stop_watched);
}

TEST_F(SetupTest, EveryStrategyOfTheBuildWatchesAStopUnlessToldNotTo) {
  for (const StrategyEntry& entry : all_strategies()) {
    IndicatorPlan plan;
    ParameterValues parameters = complete_parameters(entry, {});
    StrategySetup setup(parameters, plan);
    entry.make(setup);
    EXPECT_TRUE(setup.has_stop()) << entry.name;
  }
  const StrategyEntry& crossover = *find_strategy("ema_crossover");
  IndicatorPlan plan;
  ParameterValues parameters = complete_parameters(crossover, {{"stop_atr", 0}});
  StrategySetup setup(parameters, plan);
  crossover.make(setup);
  EXPECT_FALSE(setup.has_stop());
}

TEST_F(SetupTest, CandlesOfThePastAreMarkedSo) {
  std::vector<bool> past;
  mind_ = [&](const Situation& situation) {
    past.push_back(situation.past);
    return Decision{};
  };
  Candle old = candle(100);
  old.start -= 24h;
  old.end -= 24h;
  engine().warm_up(old);
  close(100);
  EXPECT_THAT(past, ElementsAre(true, false));
}

}  // namespace
}  // namespace tapedeck::strategy
