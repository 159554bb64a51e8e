// How StrategyEngineV2 is: health, performance, strategies that fail, commands, the end.
#include <limits>
#include <stdexcept>

#include "strategy/engine_fixture.hpp"

namespace tapedeck::strategy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class EngineHealthTest : public EngineFixture {};

// --- failing strategies ---

TEST_F(EngineHealthTest, SwitchesOffAStrategyThatThrowsAndGoesOnWithTheOthers) {
  int asked = 0;
  Scripted::Mind steady = [&](const Situation&) {
    ++asked;
    return Decision{Action::hold, 0, "steady"};
  };
  options_.strategies = {"scripted", "steady"};
  options_.extra_strategies.push_back(
      {"steady", "1", {}, [&](StrategySetup&) { return std::make_unique<Scripted>(steady); }});
  enter(1500);
  mind_ = [](const Situation&) -> Decision { throw std::runtime_error("division by zero"); };
  close(1500);
  const std::string health = last("engine_health");
  EXPECT_THAT(health, HasSubstr(R"("status":"degraded")"));
  EXPECT_THAT(health, HasSubstr(R"("switched_off":"division by zero")"));
  EXPECT_THAT(traces("switched off: division by zero"), SizeIs(1));
  const auto indicators = bus_.payloads("indicator_event");
  close(1500);
  EXPECT_EQ(asked, 3);
  const auto more = bus_.payloads("indicator_event");
  ASSERT_THAT(more, SizeIs(indicators.size() + 1)) << "who is switched off evaluates nothing";
  EXPECT_THAT(more.back(), HasSubstr(R"("strategy":"steady")"));
  EXPECT_THAT(traces("switched off: division by zero"), SizeIs(1));
  engine().advance_to(at_ist(15, 15));
  ASSERT_THAT(intents_, SizeIs(2)) << "its position is still squared off";
  EXPECT_TRUE(intents_[1].is_exit);
}

TEST_F(EngineHealthTest, SwitchesOffAStrategyThatAnswersNonsense) {
  say(Action::buy, 1.5);
  close(1500);
  EXPECT_THAT(intents_, IsEmpty());
  EXPECT_THAT(last("engine_health"),
              HasSubstr(R"("switched_off":"its confidence 1.5 is not within 0..1")"));
}

// --- health and performance ---

TEST_F(EngineHealthTest, HealthHasNullsBeforeTheFirstTrade) {
  engine().advance_to(at_ist(9, 15, 5));
  EXPECT_THAT(
      last("engine_health"),
      HasSubstr(R"("metrics":{"total_strategies":1,"avg_win_rate":null,"max_loss_streak":null,)"
                R"("avg_confidence":null,"strategies":{"scripted":{"win_count":0,"loss_count":0,)"
                R"("win_rate":null,"loss_streak":0,"win_streak":0,"open_positions":0,)"
                R"("signals_today":0,"last_signal":null,"last_signal_ts":null,)"
                R"("realized_pnl":null}})"));
  EXPECT_THAT(last("performance_update"), HasSubstr(R"("win_rate":null,"sharpe_ratio":null,)"
                                                    R"("max_drawdown":null,)"
                                                    R"("current_drawdown":null,)"
                                                    R"("avg_confidence":null)"));
}

TEST_F(EngineHealthTest, CountsAClosedTradeAndTellsPerformanceAtOnce) {
  enter(1500);
  say(Action::exit);
  close(1400);
  pnl_.pnl_.realized = -500;
  const std::size_t before = bus_.events("performance_update").size();
  fill(intents_[1], 0, -537.5);
  const auto updates = bus_.payloads("performance_update");
  ASSERT_EQ(updates.size(), before + 2);
  EXPECT_THAT(updates[before], HasSubstr(R"("realized_pnl":-500.0)"));
  EXPECT_THAT(updates[before], HasSubstr(R"("max_drawdown":500.0,"current_drawdown":500.0)"));
  EXPECT_THAT(updates[before], Not(HasSubstr("loss_streak"))) << "of a strategy only";
  EXPECT_THAT(updates[before + 1], HasSubstr(R"("loss_streak":1)"));
  EXPECT_THAT(updates[before], HasSubstr(R"("loss_limit":20000.0)"));
  EXPECT_THAT(updates[before], HasSubstr(R"("scope":"account","session_date":"2025-11-18")"));
  EXPECT_THAT(updates[before + 1], HasSubstr(R"("scope":"strategy","strategy":"scripted")"));
  engine().advance_to(next_ + 5s);
  const std::string health = last("engine_health");
  EXPECT_THAT(health, HasSubstr(R"("avg_win_rate":0.0,"max_loss_streak":1,"avg_confidence":0.9)"));
  EXPECT_THAT(health, HasSubstr(R"("win_count":0,"loss_count":1,"win_rate":0.0,"loss_streak":1)"));
  EXPECT_THAT(health, HasSubstr(R"("signals_today":2,"last_signal":"EXIT")"));
  EXPECT_THAT(health, HasSubstr(R"("realized_pnl":-537.5)"));
}

TEST_F(EngineHealthTest, CountsTodaysSignalsFromTheSessionOn) {
  enter(1500);
  engine().skip_to(at_ist(9, 0) + 24h);
  engine().advance_to(at_ist(9, 1) + 24h);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("signals_today":0,"last_signal":"BUY")"));
}

TEST_F(EngineHealthTest, AWeekendIsNoSession) {
  options_.sharpe_sessions = 2;
  double net = 0;
  // Friday 21st to Tuesday 25th: two sessions finish, Saturday and Sunday do not count as days
  // without profit.
  for (const int day : {21, 22, 23, 24, 25}) {
    engine().skip_to(at_ist(10, 0) + (day - 18) * 24h);
    if (day == 21 || day == 24) pnl_.pnl_.realized = net += day == 21 ? 100 : 300;
    engine().advance_to(at_ist(10, 1) + (day - 18) * 24h);
    EXPECT_THAT(last("performance_update"), day < 25 ? HasSubstr(R"("sharpe_ratio":null)")
                                                     : HasSubstr(R"("sharpe_ratio":22.449)"))
        << "(200 / sqrt(20 000)) * sqrt(252)";
  }
}

TEST_F(EngineHealthTest, KnowsItsOwnTradesWithoutAPnlSource) {
  engine().set_pnl_source(nullptr);
  enter(1500);
  fill(intents_[0], 0, 250.0);
  EXPECT_THAT(last("performance_update"),
              HasSubstr(R"("total_pnl":250.0,"realized_pnl":250.0,"unrealized_pnl":null)"));
}

TEST_F(EngineHealthTest, PublishesHealthAndPerformanceEveryFiveSeconds) {
  engine().advance_to(at_ist(9, 16));
  EXPECT_THAT(bus_.events("engine_health"), SizeIs(2 + 12));
  EXPECT_THAT(bus_.events("performance_update"), SizeIs(2 * 12));
  engine().stop_telemetry();
  engine().advance_to(at_ist(9, 17));
  EXPECT_THAT(bus_.events("engine_health"), SizeIs(2 + 12));
}

TEST_F(EngineHealthTest, PublishesNothingOnceStopped) {
  close(100);
  engine().stop(next_);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("status":"stopped")"));
  const std::size_t before = bus_.events().size();
  close(101);
  engine().advance_to(next_ + 1min);
  engine().stop(next_);
  EXPECT_EQ(bus_.events().size(), before);
}

TEST_F(EngineHealthTest, AnErrorIsNotHiddenByTheStop) {
  engine().fail(next_, "the feed broke");
  engine().stop(next_);
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("status":"error")"));
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("error":"the feed broke")"));
}

// --- commands ---

TEST_F(EngineHealthTest, ObeysKillAndResumeAndNothingElse) {
  EXPECT_TRUE(engine().obey({"kill", "engine", "trader", "test"}, next_));
  EXPECT_THAT(last("command_event"),
              R"({"command":"kill","target":"engine","state":"done","reason":"test",)"
              R"("by":"trader"})");
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("status":"degraded")"));
  EXPECT_TRUE(engine().obey({"resume", "StrategyEngineV2", "trader", ""}, next_));
  EXPECT_THAT(last("engine_health"), HasSubstr(R"("status":"active")"));
  EXPECT_FALSE(engine().obey({"flatten", "*", "trader", ""}, next_));
  EXPECT_FALSE(engine().obey({"kill", "another-engine", "trader", ""}, next_));
  EXPECT_THAT(bus_.events("command_event"), SizeIs(2));
}

}  // namespace
}  // namespace tapedeck::strategy
