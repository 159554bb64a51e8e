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
