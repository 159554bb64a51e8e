// What requests about alerts say, at the edges of what is taken.
#include "server/alert_request.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

using alert::AlertState;
using alert::Group;
using alert::Severity;
using Parameters = std::vector<QueryParameter>;

TEST(AlertQuery, TakesEveryAlertWhenNothingIsAskedFor) {
  const AlertQuery query = read_alert_query({}).value();
  EXPECT_TRUE(query.takes(alert::AlertStatus{}));
  EXPECT_TRUE(query.takes(alert::Rule{}));
  EXPECT_EQ(query.limit, 1000U);
  for (const AlertPart part :
       {AlertPart::rules, AlertPart::alerts, AlertPart::targets, AlertPart::status}) {
    EXPECT_TRUE(query.wants(part));
  }
}

TEST(AlertQuery, TakesWhatIsInEachOfItsLists) {
  const AlertQuery query = read_alert_query({{"state", "firing,pending"},
                                             {"severity", "critical"},
                                             {"rule", "a,b"},
                                             {"parts", "alerts"}})
                               .value();
  alert::AlertStatus status;
  status.rule = "b";
  status.state = AlertState::pending;
  status.severity = Severity::critical;
  EXPECT_TRUE(query.takes(status));
  EXPECT_FALSE(query.wants(AlertPart::rules));
  for (auto change : std::vector<std::function<void(alert::AlertStatus&)>>{
           [](auto& other) { other.rule = "c"; },
           [](auto& other) { other.state = AlertState::resolved; },
           [](auto& other) { other.severity = Severity::info; }}) {
    alert::AlertStatus other = status;
    change(other);
    EXPECT_FALSE(query.takes(other));
  }
}

TEST(AlertQuery, NamesTheParameterThatIsWrong) {
  for (const QueryParameter& wrong : Parameters{{"state", ""},
                                                {"state", "firing,"},
                                                {"state", "burning"},
                                                {"severity", "high"},
                                                {"rule", ""},
                                                {"rule", "a,,b"},
                                                {"parts", "everything"},
                                                {"limit", "0"},
                                                {"limit", "10001"},
                                                {"limit", "1x"}}) {
    const auto query = read_alert_query({wrong});
    ASSERT_FALSE(query) << wrong.name << "=" << wrong.value;
    EXPECT_EQ(query.error().code, "invalid_parameter");
    EXPECT_EQ(query.error().field, wrong.name);
  }
  EXPECT_EQ(read_alert_query({{"limit", "10000"}})->limit, 10'000U);
  EXPECT_EQ(read_alert_query({{"staet", "firing"}}).error().code, "unknown_parameter");
}

TEST(AlertTestRequest, ReadsBoundsAndWhetherToSend) {
  const AlertTest test =
      read_alert_test({{"since", "2025-11-18T07:55:41Z"}, {"limit", "1000"}, {"send", "true"}})
          .value();
  EXPECT_EQ(test.query.since, parse_rfc3339("2025-11-18T07:55:41Z"));
  EXPECT_FALSE(test.query.until);
  EXPECT_EQ(test.query.limit, 1000U);
  EXPECT_TRUE(test.sends);
  EXPECT_FALSE(read_alert_test({{"send", "false"}})->sends);
  for (const QueryParameter& wrong :
       Parameters{{"since", "yesterday"}, {"until", "e1-1"}, {"limit", "1001"}, {"send", "yes"}}) {
    EXPECT_EQ(read_alert_test({wrong}).error().field, wrong.name);
  }
}

TEST(DeliveryQuery, ReadsWhatIsAskedFor) {
  const auto query =
      read_delivery_query({{"state", "dead"}, {"target", "desk"}, {"rule", "r"}, {"limit", "1"}})
          .value();
  EXPECT_EQ(query.dead, true);
  EXPECT_EQ(query.target, "desk");
  EXPECT_EQ(query.rule, "r");
  EXPECT_EQ(query.limit, 1U);
  EXPECT_EQ(read_delivery_query({{"state", "queued"}})->dead, false);
  EXPECT_EQ(read_delivery_query({})->dead, std::nullopt);
  EXPECT_EQ(read_delivery_query({{"state", "lost"}}).error().field, "state");
  EXPECT_EQ(read_delivery_query({{"limit", "1001"}}).error().field, "limit");
}

TEST(AlertAction, ReadsWhoDoesWhatToWhich) {
  const AlertAction action =
      read_alert_action(
          R"({"for":"90m","by":"asha","reason":"known","group":{"symbol":"NIFTY","type":"x"}})",
          true)
          .value();
  EXPECT_EQ(action.how_long, std::chrono::minutes(90));
  EXPECT_EQ(action.by, "asha");
  EXPECT_EQ(action.reason, "known");
  EXPECT_EQ(action.group, (Group{{"symbol", "NIFTY"}, {"type", "x"}}));
}

TEST(AlertAction, NeedsNothingToAcknowledgeAndADurationToSilence) {
  for (const char* body : {"", "{}"}) {
    const AlertAction action = read_alert_action(body, false).value();
    EXPECT_FALSE(action.group);
    EXPECT_EQ(action.by, "");
    EXPECT_EQ(read_alert_action(body, true).error().field, "/for");
  }
  EXPECT_EQ(read_alert_action(R"({"for":"0s"})", true)->how_long, alert::Duration::zero());
}

TEST(AlertAction, PointsAtWhatIsWrong) {
  const auto field_of = [](std::string_view body, bool silences) {
    const auto action = read_alert_action(body, silences);
    EXPECT_FALSE(action) << body;
    return action ? "" : action.error().code + " " + action.error().field;
  };
  EXPECT_EQ(field_of("[]", false), "malformed_json ");
  EXPECT_EQ(field_of("{", false), "malformed_json ");
  EXPECT_EQ(field_of(R"({"by":"a","by":"b"})", false), "malformed_json ");
  EXPECT_EQ(field_of(R"({"by":1})", false), "invalid_parameter /by");
  EXPECT_EQ(field_of(R"({"by":"a\u0007"})", false), "invalid_parameter /by");
  EXPECT_EQ(field_of(R"({"for":"1h"})", false), "invalid_parameter /for");
  EXPECT_EQ(field_of(R"({"for":"soon"})", true), "invalid_parameter /for");
  EXPECT_EQ(field_of(R"({"for":3600})", true), "invalid_parameter /for");
  EXPECT_EQ(field_of(R"({"for":"-1h"})", true), "invalid_parameter /for");
  EXPECT_EQ(field_of(R"({"group":["a"]})", false), "invalid_parameter /group");
  EXPECT_EQ(field_of(R"({"group":{"a":1}})", false), "invalid_parameter /group");
  EXPECT_EQ(field_of(R"({"a/b~c":1})", false), "invalid_parameter /a~1b~0c");
}

TEST(AlertAction, TakesTextsAndGroupsUpToTheirLimits) {
  const auto by = [](std::size_t bytes) { return R"({"by":")" + std::string(bytes, 'x') + "\"}"; };
  EXPECT_TRUE(read_alert_action(by(AlertAction::kMaxText), false));
  EXPECT_FALSE(read_alert_action(by(AlertAction::kMaxText + 1), false));
  std::string group;
  for (int i = 0; i < 8; ++i) {
    group += fmt::format("{}\"n{}\":\"v\"", group.empty() ? "" : ",", i);
  }
  EXPECT_TRUE(read_alert_action(R"({"group":{)" + group + "}}", false));
  EXPECT_FALSE(read_alert_action(R"({"group":{)" + group + R"(,"n8":"v"}})", false));
}

TEST(OrderedGroup, HasTheOrderOfTheRuleOrIsNone) {
  const Group group{{"strategy", "m"}, {"symbol", "NIFTY"}};
  EXPECT_EQ(ordered_group(group, {"symbol", "strategy"}),
            (Group{{"symbol", "NIFTY"}, {"strategy", "m"}}));
  EXPECT_FALSE(ordered_group(group, {"symbol"}));
  EXPECT_FALSE(ordered_group(group, {"symbol", "host"}));
  EXPECT_FALSE(ordered_group(group, {"symbol", "strategy", "host"}));
  EXPECT_EQ(ordered_group({}, {}), Group{});
}

}  // namespace
}  // namespace tapedeck
