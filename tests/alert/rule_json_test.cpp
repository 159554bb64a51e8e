#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "alert/rule.hpp"
#include "alert/target.hpp"

namespace tapedeck::alert {
namespace {

using nlohmann::json;

Rule read(const std::string& text) {
  auto parsed = parse_rule("rule", text);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return std::move(parsed).value();
}

void expect_equal(const Filter& a, const Filter& b) {
  EXPECT_EQ(a.event_type, b.event_type);
  EXPECT_EQ(a.symbol, b.symbol);
  EXPECT_EQ(a.strategy, b.strategy);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.expression, b.expression);
}

void expect_equal(const Rule& a, const Rule& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.description, b.description);
  EXPECT_EQ(a.enabled, b.enabled);
  expect_equal(a.when, b.when);
  EXPECT_EQ(a.condition, b.condition);
  EXPECT_EQ(a.severity, b.severity);
  EXPECT_EQ(a.hold, b.hold);
  EXPECT_EQ(a.cooldown, b.cooldown);
  EXPECT_EQ(a.resolve_after, b.resolve_after);
  EXPECT_EQ(a.max_age, b.max_age);
  EXPECT_EQ(a.group_by, b.group_by);
  EXPECT_EQ(a.market_hours, b.market_hours);
  EXPECT_EQ(a.exchange, b.exchange);
  EXPECT_EQ(a.hours, b.hours);
  ASSERT_EQ(a.only_while.has_value(), b.only_while.has_value());
  if (a.only_while) {
    expect_equal(a.only_while->when, b.only_while->when);
    EXPECT_EQ(a.only_while->within, b.only_while->within);
    EXPECT_EQ(a.only_while->by, b.only_while->by);
  }
  EXPECT_EQ(a.forget, b.forget);
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.notify, b.notify);
}

TEST(RuleJson, LeavesOutWhatIsAsByDefault) {
  EXPECT_EQ(rule_json(read(R"({"every":true,"when":{},"severity":"warning","cooldown":"0s",
                               "enabled":true,"max_age":"60s","exchange":"NSE"})")),
            R"({"name":"rule","when":{},"every":true})");
}

TEST(RuleJson, HasItsKeysInOneOrder) {
  EXPECT_EQ(rule_json(read(R"({"window":"60s","count":5,"notify":"phone","for":"1000ms",
                               "group_by":"symbol,mode","when":{"symbol":["B","A"],
                               "event_type":"x"},"severity":"info"})")),
            R"({"name":"rule","when":{"event_type":"x","symbol":"B,A"},"count":5,"window":"1m",)"
            R"("severity":"info","for":"1s","group_by":["symbol","mode"],"notify":["phone"]})");
}

TEST(RuleJson, ReadsBackEqual) {
  for (const char* text : {
           R"({"when":{},"every":true,"resolve_after":"90s"})",
           R"({"when":"payload.note == \"a\\\\b \\\"c\\\"\"","every":true})",
           R"({"when":{"event_type":"a,b","symbol":["M&M","NIFTY 50"],"strategy":"s","engine":"e",
               "filter":"payload.qty > 1"},"count":3,"window":"1500ms","for":"5s"})",
           R"({"when":{},"absence":"45s","market_hours":true,"exchange":"MCX","hours":"09:00-23:30",
               "while":{"engine":"StrategyEngineV2","within":"10s","by":"strategy"},
               "group_by":"strategy,payload[\"odd-name\"]","forget":"payload.status == \"stopped\"",
               "enabled":false,"description":"größer\nals"})",
           R"({"when":{},"threshold":"p90(payload.a * 2) <= -0.25","window":"7d","min_count":30,
               "severity":"critical","cooldown":"1h","max_age":"365d",
               "message":"{{payload.symbol}} \"quoted\" \\ {{value}}",
               "notify":["phone","https://u:p@example.org/x?y=1,2"]})",
           R"({"when":{},"threshold":"last(payload.a == \")\") > 0","while":{"within":"30s"}})",
       }) {
    const Rule rule = read(text);
    const std::string written = rule_json(rule);
    EXPECT_TRUE(json::accept(written)) << written;
    const Rule again = read(written);
    expect_equal(again, rule);
    EXPECT_EQ(rule_json(again), written);
  }
}

TEST(RuleJson, MayHideWhatIsSecretInTargets) {
  const Rule rule = read(
      R"({"when":{},"every":true,"notify":["phone","https://hooks.example.org/services/SECRET"]})");
  const std::string hidden = rule_json(rule, true);
  EXPECT_EQ(hidden.find("SECRET"), std::string::npos) << hidden;
  EXPECT_EQ(json::parse(hidden)["notify"][0], "phone");
  EXPECT_EQ(json::parse(hidden)["notify"][1], shown_target(rule.notify[1]));
  EXPECT_NE(rule_json(rule).find("SECRET"), std::string::npos);
}

}  // namespace
}  // namespace tapedeck::alert
