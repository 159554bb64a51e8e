#include "app/alert_tables.hpp"

#include <gmock/gmock.h>

#include "app/alert_file.hpp"

namespace tapedeck::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kAlert =
    R"({"alert_id":"a-1","rule":"rejects","state":"firing","severity":"critical",)"
    R"("group":{"symbol":"NIFTY","host":"a1"},"summary":"6 rejected","value":6.0,"event_id":"e1-7",)"
    R"("since":"2025-11-18T07:55:41.000000Z","fired_at":"2025-11-18T07:55:41.000000Z",)"
    R"("resolved_at":null,"suppressed":0,"acknowledged_by":"asha","acknowledged_at":null,)"
    R"("silenced_until":"2025-11-18T08:55:41.000000Z"})";
constexpr const char* kRule =
    R"({"name":"rejects","origin":"api","enabled":true,"severity":"critical","definition":)"
    R"({"when":{"filter":"payload.note == \u0022x\u0022"},"every":true,"description":"too many"},)"
    R"("firing":2,"pending":1,"matches_total":1234,"firings_total":7,"suppressed_total":3,)"
    R"("dropped_groups_total":0,"last_fired_at":"2025-11-18T07:55:41.000000Z","silenced_until":null})";

std::string alerts(const std::string& list) {
  return R"({"ok":true,"alerts":[)" + list + "]}";
}

TEST(AlertTables, ShowWhatFiresWithItsGroupInIstAndWhoHasItInHand) {
  const std::string table = alerts_table(alerts(kAlert), {}).value();
  EXPECT_THAT(table, StartsWith("state   severity  rule     group                 since"));
  EXPECT_THAT(table,
              HasSubstr("firing  critical  rejects  symbol=NIFTY host=a1  2025-11-18 13:25:41"));
  EXPECT_THAT(table, HasSubstr("acknowledged by asha, silent until 2025-11-18 14:25:41"));
  EXPECT_EQ(alerts_table(alerts(""), {}).value(), "");
}

TEST(AlertTables, DoNotLetAnEventCommandTheTerminal) {
  std::string evil = kAlert;
  evil.replace(evil.find("6 rejected"), 10, "\\u001b[2J\\u009b");
  const std::string table = alerts_table(alerts(evil), {}).value();
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(table, Not(HasSubstr("\xC2\x9B")));
}

TEST(AlertTables, ShowRulesAndHowTheyAre) {
  const std::string rules = std::string(R"({"ok":true,"rules":[)") + kRule + "]}";
  const std::string table = alert_rules_table(rules, {}).value();
  EXPECT_THAT(table, HasSubstr("rejects  2 firing, 1 pending  critical  api"));
  EXPECT_THAT(table, HasSubstr("7  2025-11-18 13:25:41"));
  EXPECT_THAT(table, HasSubstr("too many"));
  std::string disabled = rules;
  disabled.replace(disabled.find("true,\"severity"), 4, "false");
  EXPECT_THAT(alert_rules_table(disabled, {}).value(), HasSubstr("rejects  disabled"));
}

TEST(AlertTables, ARuleIsShownWithADefinitionThatCanBePutAgain) {
  const std::string answer =
      std::string(R"({"ok":true,"rule":)") + kRule + R"(,"alerts":[)" + kAlert + "]}";
  const std::string text = alert_rule_text(answer, {}).value();
  EXPECT_THAT(text, StartsWith("rejects: 2 firing, 1 pending, of the API; 1,234 matches, fired 7 "
                               "times, 3 suppressed\n\n{\n  \"when\": {\"filter\":\"payload.note "
                               "== \\\"x\\\"\"},\n  \"every\": true,\n"));
  EXPECT_THAT(text, HasSubstr("\n}\n\nstate   severity"));
}

TEST(AlertTables, ARunOverThePastEndsWithItsTotals) {
  const std::string answer =
      R"({"ok":true,"backtest":{"name":"r","since":"2025-11-17T18:30:00.000000Z",)"
      R"("until":"2025-11-18T10:00:00.000000Z","events":51234,"matches":40,"firings":2,)"
      R"("suppressed":5,"dropped_groups":0,"missing":0,"episodes":[)"
      R"({"group":{"symbol":"A"},"summary":"late","value":null,"event_id":null,)"
      R"("fired_at":"2025-11-18T04:00:00.000000Z","resolved_at":"2025-11-18T04:05:00.000000Z",)"
      R"("suppressed":5},{"group":{},"summary":"late","value":null,"event_id":null,)"
      R"("fired_at":"2025-11-18T05:00:00.000000Z","resolved_at":null,"suppressed":0}]}})";
  const std::string text = backtest_text(answer, {}).value();
  EXPECT_THAT(text,
              HasSubstr("2025-11-18 09:30:00  2025-11-18 09:35:00  symbol=A           5  late"));
  EXPECT_THAT(text, HasSubstr("2025-11-18 10:30:00  still firing"));
  EXPECT_THAT(text, HasSubstr("\n\n2 firings from 40 matches in 51,234 events, 2025-11-18 00:00:00 "
                              "to 2025-11-18 15:30:00 IST; 5 suppressed\n"));
}

TEST(AlertTables, ShowWhatCouldNotBeDeliveredAndWhy) {
  const std::string answer =
      R"({"ok":true,"deliveries":[{"id":"d-1","number":3,"state":"dead","target":"desk",)"
      R"("rule":"r","alert_id":"a","alert_state":"firing","severity":"info","summary":"s",)"
      R"("group":{},"messages":1,"attempts":9,"last_error":"it answered 500",)"
      R"("decided_at":"2025-11-18T04:00:00.000000Z","next_try_at":null}],"count":1})";
  EXPECT_THAT(deliveries_table(answer, {}).value(),
              HasSubstr("d-1  dead   desk    r     firing  2025-11-18 09:30:00         9"));
  EXPECT_THAT(deliveries_table(answer, {}).value(), HasSubstr("it answered 500"));
}

TEST(AlertTables, RefuseWhatIsNotTapedecks) {
  for (const std::string answer : {"", "<html>", "{}", "[]", R"({"ok":true})"}) {
    EXPECT_FALSE(alerts_table(answer, {})) << answer;
    EXPECT_FALSE(alert_rules_table(answer, {})) << answer;
    EXPECT_FALSE(alert_rule_text(answer, {})) << answer;
    EXPECT_FALSE(backtest_text(answer, {})) << answer;
    EXPECT_FALSE(deliveries_table(answer, {})) << answer;
  }
}

TEST(RuleFile, TomlIsTheRuleOrATableOfTheConfiguration) {
  const std::string bare = "when = 'true'\nevery = true\n";
  EXPECT_THAT(rule_json_of_toml("r", bare, "x.toml").value(), HasSubstr("\"every\" : true"));
  const std::string named = "[alerts.rules.r]\nwhen = 'true'\ncount = 3\nwindow = '1m'\n";
  EXPECT_THAT(rule_json_of_toml("r", named, "x.toml").value(), HasSubstr("\"count\" : 3"));
  EXPECT_THAT(rule_json_of_toml("other", named, "x.toml").error().message,
              HasSubstr("there is no table [alerts.rules.other]"));
  EXPECT_THAT(rule_json_of_toml("r", "when = \n", "x.toml").error().message,
              StartsWith("x.toml:1:"));
  EXPECT_THAT(read_rule_file("r", "/no/such/file").error().message,
              HasSubstr("cannot read /no/such/file"));
}

}  // namespace
}  // namespace tapedeck::app
