#include "alert/evaluator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alert/evaluator_drive.hpp"

namespace tapedeck::alert {
namespace {

using testing::Drive;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kReject = R"({"order_id":"1","symbol":"NIFTY","side":"BUY","status":"rejected"})";
constexpr auto kFill = R"({"order_id":"1","symbol":"NIFTY","side":"BUY","status":"filled"})";
constexpr auto kRejects =
    R"("when":{"event_type":"order_event","filter":"payload.status == \"rejected\""})";

std::string rule_of(std::string_view when, std::string_view rest) {
  return fmt::format("{{{},{}}}", when, rest);
}

// --- every ---

TEST(EvaluatorEvery, FiresForEachMatchAndIsOverAfterItsQuiet) {
  Drive drive;
  drive.add("rejected", rule_of(kRejects, R"("every":true,"resolve_after":"60s")"));
  drive.event("order_event", kFill);
  EXPECT_THAT(drive.changes(), IsEmpty());
  drive.at(1).event("order_event", kReject).at(2).event("order_event", kReject);
  EXPECT_THAT(drive.changes(), ElementsAre("firing rejected []", "firing rejected []"));
  EXPECT_THAT(drive.at(61.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(62).changes(), ElementsAre("resolved rejected []"));
}

TEST(EvaluatorEvery, TellsAfterTheCooldownWhatItHeldBack) {
  Drive drive;
  drive.add("rejected", rule_of(kRejects, R"("every":true,"cooldown":"30s")"));
  drive.event("order_event", kReject);
  for (int i = 1; i <= 5; ++i) drive.at(i).event("order_event", kReject);
  EXPECT_THAT(drive.changes(), ElementsAre("firing rejected []"));
  EXPECT_THAT(drive.at(29.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(30).changes(), ElementsAre("firing rejected []"));
  EXPECT_EQ(drive.last.status.suppressed, 4U);  // beside the one that is told
}

TEST(EvaluatorEvery, TellsSoManyAMinuteAndCountsTheRest) {
  Drive drive({.max_firings_per_minute = 10});
  drive.add("all", R"({"when":{},"every":true})");
  for (int i = 0; i < 1000; ++i) drive.event("tick", "{}");
  EXPECT_EQ(drive.changes().size(), 10U);
  EXPECT_THAT(drive.at(6).changes(), ElementsAre("firing all []"));
  EXPECT_EQ(drive.last.status.suppressed, 989U);
  EXPECT_EQ(drive.evaluator.figures("all").matches, 1000U);
}

TEST(EvaluatorEvery, NeverLooksAtWhatAlertsPublish) {
  Drive drive;
  drive.add("all", R"({"when":{},"every":true})");
  drive.event("alert_event", R"({"rule":"all","state":"firing"})").event("alert_action", "{}");
  EXPECT_THAT(drive.changes(), IsEmpty());
}

// --- count ---

TEST(EvaluatorCount, FiresWhenSoManyAreInTheWindowAndResolvesWhenTheyAreNot) {
  Drive drive;
  drive.add("rejects", rule_of(kRejects, R"("count":3,"window":"10s")"));
  drive.event("order_event", kReject).at(5).event("order_event", kReject);
  EXPECT_THAT(drive.at(10).event("order_event", kReject).changes(), IsEmpty());  // not within
  EXPECT_THAT(drive.at(12).event("order_event", kReject).changes(),
              ElementsAre("firing rejects []"));
  EXPECT_EQ(drive.last.status.value, 3);
  EXPECT_THAT(drive.at(14.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(15).changes(), ElementsAre("resolved rejects []"));
}

TEST(EvaluatorCount, KeepsGroupsApartAndForgetsThoseThatAreQuiet) {
  Drive drive({.max_groups = 2});
  drive.add("rejects", rule_of(kRejects, R"("count":2,"window":"10s","group_by":"symbol")"));
  const auto reject = [&](const char* symbol) {
    drive.event("order_event", fmt::format(R"({{"order_id":"1","symbol":"{}","side":"BUY",)"
                                           R"("status":"rejected"}})",
                                           symbol));
  };
  reject("NIFTY");
  reject("INFY");
  reject("TCS");  // one too many
  EXPECT_EQ(drive.evaluator.figures("rejects").dropped_groups, 1U);
  EXPECT_THAT(drive.changes(), IsEmpty());
  reject("INFY");
  EXPECT_THAT(drive.changes(), ElementsAre(R"(firing rejects ["INFY"])"));
  drive.at(11);
  reject("TCS");
  reject("TCS");
  EXPECT_THAT(drive.changes(),
              ElementsAre(R"(resolved rejects ["INFY"])", R"(firing rejects ["TCS"])"));
}

TEST(EvaluatorCount, TakesLateEventsAtTheirTime) {
  Drive drive;
  drive.add("rejects", rule_of(kRejects, R"("count":2,"window":"10s")"));
  drive.at(20).event("order_event", kReject).event("order_event", kReject, 11);
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_THAT(drive.event("order_event", kReject, 9).changes(), ElementsAre("firing rejects []"));
}

// --- absence ---

constexpr auto kHeartbeats = R"("when":{"event_type":"engine_health"})";
constexpr auto kHealth = R"({"engine_name":"E","status":"active","metrics":{}})";

TEST(EvaluatorAbsence, MissesWhatNeverCame) {
  Drive drive;
  drive.add("silent", rule_of(kHeartbeats, R"("absence":"30s")"));
  EXPECT_THAT(drive.at(29.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(30).changes(), ElementsAre("firing silent []"));
  EXPECT_THAT(drive.at(31).event("engine_health", kHealth).changes(),
              ElementsAre("resolved silent []"));
  EXPECT_THAT(drive.at(60.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(61).changes(), ElementsAre("firing silent []"));
}

TEST(EvaluatorAbsence, MissesGroupsThatHaveBeenSeenUntilTheyTakeTheirLeave) {
  Drive drive;
  drive.add("silent", rule_of(kHeartbeats, R"("absence":"30s","group_by":"engine_id",)"
                                           R"("forget":"payload.status == \"stopped\"")"));
  drive.at(100).event("engine_health", kHealth, 0, R"({"engine_id":"a"})");
  drive.event("engine_health", kHealth, 0, R"({"engine_id":"b"})");
  drive.at(110).event("engine_health", R"({"engine_name":"E","status":"stopped","metrics":{}})", 0,
                      R"({"engine_id":"a"})");
  EXPECT_THAT(drive.at(131).changes(), ElementsAre(R"(firing silent ["b"])"));
  EXPECT_THAT(drive
                  .event("engine_health", R"({"engine_name":"E","status":"stopped","metrics":{}})",
                         0, R"({"engine_id":"b"})")
                  .changes(),
              ElementsAre(R"(resolved silent ["b"])"));
}

TEST(EvaluatorAbsence, CountsSessionsOnly) {
  Drive drive;  // from 10:00; the session ends at 15:30 and begins at 09:15
  drive.add("silent", rule_of(R"("when":{"event_type":"tick"})",
                              R"("absence":"10m","market_hours":true,"group_by":"symbol")"));
  const double close = 5.5 * 3600, open = 23.25 * 3600;
  drive.at(close - 300).event("tick", R"({"symbol":"NIFTY"})");
  EXPECT_THAT(drive.at(open + 299).changes(), IsEmpty());
  EXPECT_THAT(drive.at(open + 301).changes(), ElementsAre(R"(firing silent ["NIFTY"])"));
  // Over when the session is: nobody is to be woken at night.
  EXPECT_THAT(drive.at(24 * 3600 + close + 1).changes(),
              ElementsAre(R"(resolved silent ["NIFTY"])"));
}

TEST(EvaluatorAbsence, CountsOnlyWhileItsGuardIsThere) {
  Drive drive;
  drive.add("not_evaluating",
            rule_of(R"("when":{"event_type":"decision_trace"})",
                    R"("absence":"60s","group_by":"engine_id,strategy",)"
                    R"("while":{"event_type":"engine_health","within":"15s","by":"engine_id"})"));
  const auto beat = [&](double from, double to, const char* engine) {
    for (double at = from; at <= to; at += 5) {
      drive.at(at).event("engine_health", kHealth, 0,
                         fmt::format(R"({{"engine_id":"{}"}})", engine));
    }
  };
  drive.event("decision_trace",
              R"({"strategy_name":"m","symbol":"X","decision":"HOLD","trace_data":{}})", 0,
              R"({"engine_id":"a"})");
  beat(0, 40, "a");
  drive.at(200);  // the engine was down
  EXPECT_THAT(drive.changes(), IsEmpty());
  beat(200, 255, "a");
  EXPECT_THAT(drive.changes(), IsEmpty());  // it has only begun again
  beat(260, 265, "b");                      // another engine does not speak for it
  EXPECT_THAT(drive.changes(), ElementsAre(R"(firing not_evaluating ["a","m"])"));
  EXPECT_THAT(drive.at(280).changes(), ElementsAre(R"(resolved not_evaluating ["a","m"])"));
}

// --- threshold ---

TEST(EvaluatorThreshold, LastIsDecidedByTheNewestEventOfEachGroup) {
  Drive drive;
  drive.add("unknown", R"({"when":{"event_type":"order_event"},"group_by":"order_id","for":"5s",)"
                       R"("threshold":"last(payload.status == \"unknown\") > 0"})");
  const auto order = [&](const char* id, const char* status) {
    drive.event("order_event", fmt::format(R"({{"order_id":"{}","symbol":"X","side":"BUY",)"
                                           R"("status":"{}"}})",
                                           id, status));
  };
  order("1", "unknown");
  order("2", "unknown");
  order("3", "open");
  drive.at(3);
  order("2", "filled");
  EXPECT_THAT(drive.at(4.9).changes(), IsEmpty());
  EXPECT_EQ(drive.evaluator.figures("unknown").pending, 1U);
  EXPECT_THAT(drive.at(5).changes(), ElementsAre(R"(firing unknown ["1"])"));
  EXPECT_THAT(drive.last.status.event_id, HasSubstr("-42"));
  order("1", "rejected");
  EXPECT_THAT(drive.changes(), ElementsAre(R"(resolved unknown ["1"])"));
}

TEST(EvaluatorThreshold, AveragesOverAWindowWithEnoughValues) {
  Drive drive;
  drive.add("reject_rate", R"({"when":{"event_type":"order_event"},"window":"1m","min_count":5,)"
                           R"("threshold":"avg(payload.status == \"rejected\") > 0.5"})");
  for (int i = 0; i < 4; ++i) drive.at(i).event("order_event", kReject);
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_THAT(drive.at(4).event("order_event", kReject).changes(),
              ElementsAre("firing reject_rate []"));
  EXPECT_EQ(drive.last.status.value, 1);
  for (int i = 5; i < 9; ++i) drive.at(i).event("order_event", kFill);
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_THAT(drive.at(9).event("order_event", kFill).changes(),
              ElementsAre("resolved reject_rate []"));
}

TEST(EvaluatorThreshold, TooFewIsKnownAfterAWholeWindow) {
  Drive drive;
  drive.add("quiet", R"({"when":{"event_type":"tick"},"window":"1m","threshold":"count() < 3",)"
                     R"("group_by":"symbol"})");
  drive.event("tick", R"({"symbol":"X"})");
  EXPECT_THAT(drive.at(59).changes(), IsEmpty());
  EXPECT_THAT(drive.at(62).changes(), ElementsAre(R"(firing quiet ["X"])"));
  for (int i = 0; i < 3; ++i) drive.event("tick", R"({"symbol":"X"})");
  EXPECT_THAT(drive.changes(), ElementsAre(R"(resolved quiet ["X"])"));
}

TEST(EvaluatorThreshold, HoldsAtItsTimeOfDayOnly) {
  Drive drive;
  drive.add("mis_open", R"({"when":{"event_type":"position_event"},"group_by":"symbol",)"
                        R"("hours":"15:05-15:30","threshold":"last(payload.position_size) != 0"})");
  drive.event("position_event", R"({"symbol":"INFY","position_size":50})");
  drive.event("position_event", R"({"symbol":"TCS","position_size":5})");
  drive.at(100).event("position_event", R"({"symbol":"TCS","position_size":0})");
  const double at = 5 * 3600 + 300;
  EXPECT_THAT(drive.at(at - 1).changes(), IsEmpty());
  EXPECT_THAT(drive.at(at).changes(), ElementsAre(R"(firing mis_open ["INFY"])"));
  EXPECT_THAT(drive.at(at + 25 * 60).changes(), ElementsAre(R"(resolved mis_open ["INFY"])"));
}

// --- what all share ---

TEST(Evaluator, ConditionMustHoldForSoLong) {
  Drive drive;
  drive.add("slow",
            R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10","for":"10s"})");
  drive.event("x", R"({"ms":20})").at(5).event("x", R"({"ms":5})");
  drive.at(6).event("x", R"({"ms":20})");
  EXPECT_THAT(drive.at(15.9).changes(), IsEmpty());
  EXPECT_THAT(drive.at(16).changes(), ElementsAre("firing slow []"));
}

TEST(Evaluator, CooldownHoldsBackWhatFiresAgainUntilItIsOver) {
  Drive drive;
  drive.add("slow",
            R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10","cooldown":"60s"})");
  drive.event("x", R"({"ms":20})").at(1).event("x", R"({"ms":5})");
  drive.at(2).event("x", R"({"ms":20})").at(3).event("x", R"({"ms":5})");
  EXPECT_THAT(drive.changes(), ElementsAre("firing slow []", "resolved slow []"));
  drive.at(50).event("x", R"({"ms":30})");
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_THAT(drive.at(60).changes(), ElementsAre("firing slow []"));
  EXPECT_EQ(drive.last.status.suppressed, 2U);
}

TEST(Evaluator, OldEventsFireNothingButMayEndWhatFires) {
  Drive drive;
  drive.add("open", R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10"})");
  drive.add("every", R"({"when":{"event_type":"x"},"every":true})");
  drive.at(100).event("x", R"({"ms":20})", 60.1);
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_EQ(drive.evaluator.figures("open").old, 1U);
  drive.event("x", R"({"ms":20})", 59.9);  // the edge of max_age
  EXPECT_THAT(drive.changes(),
              ::testing::UnorderedElementsAre("firing open []", "firing every []"));
  EXPECT_THAT(drive.event("x", R"({"ms":1})", 61).changes(), ElementsAre("resolved open []"));
}

TEST(Evaluator, RemovingARuleEndsWhatFires) {
  Drive drive;
  drive.add("open", R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10"})");
  drive.event("x", R"({"ms":20})").changes();
  drive.evaluator.remove("open", drive.now());
  EXPECT_THAT(drive.changes(), ElementsAre("resolved open []"));
  EXPECT_THAT(drive.event("x", R"({"ms":20})").at(10).changes(), IsEmpty());
}

TEST(Evaluator, SaysWhatIsOver) {
  Drive drive;
  const auto rule = [](const char* message) {
    return fmt::format(R"({{"when":{{"event_type":"x"}},"threshold":"last(payload.ms) > 10",)"
                       R"("message":"{}"}})",
                       message);
  };
  drive.add("event", rule("slow: {{payload.ms}} ms"));
  drive.event("x", R"({"ms":20})").event("x", R"({"ms":4})").changes();
  EXPECT_EQ(drive.last.status.summary, "resolved: slow: 20 ms");
  drive.evaluator.remove("event", drive.now());
  drive.add("value", rule("{{state}}, {{value}} ms"));
  drive.event("x", R"({"ms":20})").event("x", R"({"ms":4})").changes();
  EXPECT_EQ(drive.last.status.summary, "resolved, 4 ms");
}

TEST(Evaluator, SameAlertHasTheSameIdWhenItIsEvaluatedAgain) {
  std::string ids[2];
  for (std::string& id : ids) {
    Drive drive;
    drive.add("open", R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10"})");
    drive.event("x", R"({"ms":20})").changes();
    id = drive.last.status.alert_id;
  }
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(ids[0].size(), 16U);
}

TEST(Evaluator, GroupsThatFireAreTakenUpAgain) {
  const auto rule = R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10",)"
                    R"("group_by":"symbol","for":"5s","cooldown":"100s"})";
  Drive before;
  before.add("open", rule);
  before.event("x", R"({"ms":20,"symbol":"A\"\\B"})").at(5).event("x", R"({"ms":20,"symbol":"C"})");
  EXPECT_EQ(before.changes().size(), 1U);
  const std::string id = before.last.status.alert_id;

  Drive after;
  after.add("open", rule);
  after.at(8);
  for (const Evaluator::KeptGroup& group : before.evaluator.take_changed_groups()) {
    ASSERT_TRUE(group.state);
    EXPECT_TRUE(after.evaluator.restore(group.rule, group.group_id, *group.state, after.now()));
  }
  after.evaluator.resume(after.now());
  EXPECT_THAT(after.changes(), IsEmpty());  // told already
  EXPECT_THAT(after.at(9.9).changes(), IsEmpty());
  EXPECT_THAT(after.at(10).changes(), ElementsAre(R"(firing open ["C"])"));
  EXPECT_THAT(after.event("x", R"({"ms":1,"symbol":"A\"\\B"})").changes(),
              ElementsAre(R"(resolved open ["A\u0022\u005cB"])"));
  EXPECT_EQ(after.last.status.alert_id, id);
  after.event("x", R"({"ms":20,"symbol":"A\"\\B"})").at(104);
  EXPECT_THAT(after.changes(), IsEmpty());  // its cooldown goes on
  EXPECT_THAT(after.at(105).changes(), ElementsAre(R"(firing open ["A\u0022\u005cB"])"));
}

TEST(Evaluator, WindowsAreFilledFromThePast) {
  Drive drive;
  drive.add("rejects", rule_of(kRejects, R"("count":3,"window":"10s")"));
  drive.at(20);
  for (const double age : {12.0, 9.0, 8.0}) {
    const tapedeck::testing::EventFrame frame(
        fmt::format(R"({{"type":"order_event","payload":{}}})", kReject));
    const Moment now = drive.now();
    drive.evaluator.warm(frame.data(), frame.index(), now.at - static_cast<std::int64_t>(age * 1e9),
                         now);
  }
  drive.evaluator.resume(drive.now());
  EXPECT_THAT(drive.changes(), IsEmpty());
  EXPECT_THAT(drive.event("order_event", kReject).changes(), ElementsAre("firing rejects []"));
}

}  // namespace
}  // namespace tapedeck::alert
