// The API of alerts, asked over real sockets, with a real service behind it and real targets.
#include "alert/alert_service.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "auth/key_file.hpp"
#include "grants.hpp"
#include "remote/raw_server.hpp"
#include "server/alert_call.hpp"
#include "server/operation.hpp"
#include "server_fixture.hpp"
#include "support/exposition.hpp"

namespace tapedeck::testing {
namespace {

using auth::Scope;
using remote::testing::answer_text;
using remote::testing::RawReply;
using remote::testing::RawRequest;
using remote::testing::RawServer;

const std::string kAlerts = "/api/telemetry/alerts";
const std::string kDeliveries = "/api/telemetry/alert-deliveries";

class AlertApi : public ServerTest {
 protected:
  ~AlertApi() override {
    server_.reset();
    alerts_.reset();
  }

  static alert::AlertOptions quick() {
    alert::AlertOptions options;
    options.delivery.addresses.allowed = {"127.0.0.1"};
    options.delivery.retry_first = std::chrono::milliseconds(1);
    options.delivery.retry_longest = std::chrono::milliseconds(5);
    options.delivery.retry_for = std::chrono::seconds(0);
    return options;
  }
  void start_alerts(alert::AlertOptions options = quick(), ServerHooks hooks = {},
                    ServerOptions server_options = {}) {
    bus_ = std::make_unique<TelemetryBus>(BusOptions{});
    alerts_ = std::make_unique<alert::AlertService>(*bus_, nullptr, std::move(options));
    alerts_->start();
    hooks.alerts = alerts_.get();
    server_options.listen_port = 0;
    server_options.io_threads = 2;
    server_ = std::make_unique<Server>(*bus_, std::move(server_options), nullptr, StoreHooks{},
                                       std::move(hooks));
    server_->start();
  }
  TestResponse ask(std::string_view method, const std::string& target, const std::string& body = {},
                   const std::string& key = {}) {
    return connect().request(method, target, body, key_header(key));
  }
  json answer(std::string_view method, const std::string& target, const std::string& body = {},
              const std::string& key = {}) {
    const TestResponse response = ask(method, target, body, key);
    EXPECT_LT(response.status, 300) << method << " " << target << ": " << response.body;
    return json::parse(response.body);
  }
  /// Rejected orders, a group a symbol, told to `notify`.
  void put_rule(const std::string& name, const std::vector<std::string>& notify = {},
                const std::string& severity = "warning") {
    const json rule = {{"when", {{"event_type", "order_event"}}},
                       {"every", true},
                       {"severity", severity},
                       {"group_by", {"symbol"}},
                       {"message", "{{payload.symbol}} rejected"},
                       {"notify", notify}};
    EXPECT_EQ(ask("PUT", kAlerts + "/" + name, rule.dump()).status, 201);
  }
  void reject(std::string_view symbol) {
    bus_->publish(OrderEvent{
        .order_id = "o-1", .symbol = symbol, .side = "BUY", .status = "rejected", .qty = 1});
  }
  /// Until so many alerts match the query. @return them
  json wait_for_alerts(std::size_t count, const std::string& query = "state=firing") {
    json found;
    EXPECT_TRUE(wait_until([&] {
      found = answer("GET", kAlerts + "?parts=alerts&" + query)["alerts"];
      return found.size() == count;
    })) << found;
    return found;
  }
  json wait_for_dead(std::size_t count) {
    json found;
    EXPECT_TRUE(wait_until([&] {
      found = answer("GET", kDeliveries + "?state=dead")["deliveries"];
      return found.size() == count;
    })) << found;
    return found;
  }
  static std::string url_of(const RawServer& target, const std::string& path = "/hook") {
    return fmt::format("http://127.0.0.1:{}{}", target.port(), path);
  }
  /// Where nobody listens.
  static std::string dead_url() { return "http://127.0.0.1:1/hook?token=hunter2"; }

  std::unique_ptr<alert::AlertService> alerts_;
};

// --- rules ---

TEST_F(AlertApi, ARuleThatIsPutFiresAndIsListed) {
  start_alerts();
  put_rule("rejects", {}, "critical");
  reject("NIFTY");
  const json alert = wait_for_alerts(1)[0];
  EXPECT_EQ(alert["rule"], "rejects");
  EXPECT_EQ(alert["severity"], "critical");
  EXPECT_EQ(alert["group"], json({{"symbol", "NIFTY"}}));
  EXPECT_EQ(alert["summary"], "NIFTY rejected");
  EXPECT_EQ(alert["event_id"], id(1));
  EXPECT_FALSE(alert["fired_at"].is_null());
  EXPECT_TRUE(alert["resolved_at"].is_null());
  EXPECT_TRUE(alert["acknowledged_by"].is_null());
  const json all = answer("GET", kAlerts);
  ASSERT_EQ(all["rules"].size(), 1U);
  EXPECT_EQ(all["rules"][0]["origin"], "api");
  EXPECT_EQ(all["rules"][0]["firing"], 1);
  EXPECT_EQ(all["rules"][0]["definition"]["severity"], "critical");
  EXPECT_EQ(all["status"]["firing"], 1);
  EXPECT_EQ(all["truncated"], false);
  const json one = answer("GET", kAlerts + "/rejects");
  EXPECT_EQ(one["rule"], all["rules"][0]);
  EXPECT_EQ(one["alerts"], all["alerts"]);
}

TEST_F(AlertApi, PutSaysWhetherTheRuleIsNewAndWhatIsWrongWithIt) {
  start_alerts();
  const std::string good = R"({"when":"type == \u0022x\u0022","every":true})";
  EXPECT_EQ(answer("PUT", kAlerts + "/r", good),
            (json{{"ok", true}, {"name", "r"}, {"created", true}}));
  const TestResponse again = ask("PUT", kAlerts + "/r", good);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(json::parse(again.body)["created"], false);
  expect_error(ask("PUT", kAlerts + "/r", "{"), 400, "malformed_json");
  expect_error(ask("PUT", kAlerts + "/r",
                   R"({"when":"type == \u0022x\u0022","every":true,"severity":"bad"})"),
               422, "invalid_rule", "/severity");
  EXPECT_EQ(ask("PUT", kAlerts + "/no%20name", good).status, 422);
  EXPECT_EQ(answer("GET", kAlerts + "?parts=rules")["rules"].size(), 1U);
}

TEST_F(AlertApi, ABodyIsTakenUpToItsLimit) {
  start_alerts();
  std::string rule = R"({"when":"type == \u0022x\u0022","every":true})";
  rule.append(kMaxAlertBody - rule.size(), ' ');
  EXPECT_EQ(ask("PUT", kAlerts + "/r", rule).status, 201);
  expect_error(ask("PUT", kAlerts + "/r", rule + " "), 413, "body_too_large");
}

TEST_F(AlertApi, RulesOfTheConfigurationCannotBeChanged) {
  alert::AlertOptions options = quick();
  options.rules = {
      alert::parse_rule("fixed", R"({"when":"type == \u0022x\u0022","every":true})").value()};
  start_alerts(std::move(options));
  EXPECT_EQ(answer("GET", kAlerts + "/fixed")["rule"]["origin"], "config");
  expect_error(ask("PUT", kAlerts + "/fixed", R"({"when":"true","every":true})"), 409,
               "rule_is_configured", "rule");
  expect_error(ask("DELETE", kAlerts + "/fixed"), 409, "rule_is_configured", "rule");
}

TEST_F(AlertApi, ThereIsRoomForSoManyRules) {
  alert::AlertOptions options = quick();
  options.limits.max_rules = 1;
  start_alerts(std::move(options));
  put_rule("first");
  expect_error(ask("PUT", kAlerts + "/second", R"({"when":"true","every":true})"), 422,
               "too_many_rules", "rule");
}

TEST_F(AlertApi, ARuleThatIsDeletedIsGone) {
  start_alerts();
  put_rule("r");
  EXPECT_EQ(answer("DELETE", kAlerts + "/r"), json({{"ok", true}}));
  for (const char* method : {"GET", "DELETE"}) {
    expect_error(ask(method, kAlerts + "/r"), 404, "not_found", "rule");
  }
  EXPECT_TRUE(answer("GET", kAlerts)["rules"].empty());
}

TEST_F(AlertApi, ParametersSelect) {
  start_alerts();
  put_rule("a", {}, "info");
  put_rule("b", {}, "critical");
  reject("NIFTY");
  reject("INFY");
  wait_for_alerts(4);
  EXPECT_EQ(wait_for_alerts(2, "rule=b").size(), 2U);
  EXPECT_EQ(wait_for_alerts(2, "severity=info,warning")[0]["rule"], "a");
  wait_for_alerts(0, "state=pending,resolved");
  const json some = answer("GET", kAlerts + "?limit=3");
  EXPECT_EQ(some["alerts"].size(), 3U);
  EXPECT_EQ(some["truncated"], true);
  EXPECT_EQ(answer("GET", kAlerts + "?limit=4")["truncated"], false);
  EXPECT_EQ(answer("GET", kAlerts + "?severity=info")["rules"].size(), 1U);
  const json parts = answer("GET", kAlerts + "?parts=status,targets");
  EXPECT_FALSE(parts.contains("rules") || parts.contains("alerts"));
  EXPECT_TRUE(parts.contains("targets") && parts.contains("status"));
  expect_error(ask("GET", kAlerts + "?state=burning"), 400, "invalid_parameter", "state");
  expect_error(ask("GET", kAlerts + "?stat=firing"), 400, "unknown_parameter", "stat");
}

// --- trying ---

TEST_F(AlertApi, ARuleIsTriedOverWhatWasWithoutFiring) {
  start_alerts();
  for (const char* symbol : {"A", "B", "C"}) reject(symbol);
  bus_->flush();
  const std::string draft = R"({"when":{"event_type":"order_event"},"every":true,)"
                            R"("group_by":["symbol"],"message":"{{payload.symbol}}"})";
  const json found = answer("POST", kAlerts + "/draft/test", draft)["backtest"];
  EXPECT_EQ(found["name"], "draft");
  EXPECT_EQ(found["events"], 3);
  EXPECT_EQ(found["matches"], 3);
  EXPECT_EQ(found["firings"], 3);
  ASSERT_EQ(found["episodes"].size(), 3U);
  EXPECT_EQ(found["episodes"][0]["summary"], "A");
  EXPECT_EQ(found["episodes"][2]["event_id"], id(3));
  const json one = answer("POST", kAlerts + "/draft/test?limit=1", draft)["backtest"];
  EXPECT_EQ(one["firings"], 3);
  EXPECT_EQ(one["episodes"].size(), 1U);
  const json none = answer("POST", kAlerts + "/draft/test?since=2100-01-01T00:00:00Z", draft);
  EXPECT_EQ(none["backtest"]["firings"], 0);
  EXPECT_EQ(answer("GET", kAlerts)["status"]["firings_total"], 0);
}

TEST_F(AlertApi, WithoutADraftTheRuleOfThatNameIsTried) {
  start_alerts();
  expect_error(ask("POST", kAlerts + "/r/test"), 404, "not_found", "rule");
  put_rule("r");
  reject("NIFTY");
  bus_->flush();
  EXPECT_EQ(answer("POST", kAlerts + "/r/test")["backtest"]["firings"], 1);
  expect_error(ask("POST", kAlerts + "/r/test", R"({"when":"true"})"), 422, "invalid_rule");
  expect_error(ask("POST", kAlerts + "/r/test?since=now"), 400, "invalid_parameter", "since");
}

TEST_F(AlertApi, AMessageIsSentToEachTargetAndWhatItSaidIsTold) {
  RawServer target({});
  start_alerts();
  put_rule("r", {url_of(target, "/hook?token=hunter2"), dead_url()});
  const json sent = answer("POST", kAlerts + "/r/test?send=true");
  ASSERT_EQ(sent["sent"].size(), 2U);
  EXPECT_EQ(sent["sent"][0]["delivered"], true);
  EXPECT_EQ(sent["sent"][1]["delivered"], false);
  EXPECT_FALSE(sent["sent"][1]["error"].get<std::string>().empty());
  EXPECT_EQ(sent.dump().find("hunter2"), std::string::npos);
  ASSERT_EQ(target.requests().size(), 1U);
  EXPECT_NE(target.requests()[0].body.find("test"), std::string::npos);
}

TEST_F(AlertApi, OneRuleIsTriedAtATimeAndReadsGoOn) {
  RawServer target({[](const RawRequest&) { return RawReply{"", RawReply::Then::hang}; }});
  alert::AlertOptions options = quick();
  options.delivery.request_timeout = std::chrono::milliseconds(3000);
  start_alerts(std::move(options));
  put_rule("r", {url_of(target)});
  HttpTestClient first = connect();
  first.send("POST " + kAlerts +
             "/r/test?send=true HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Length: 0\r\n\r\n");
  ASSERT_TRUE(wait_until([&] { return target.requests().size() == 1; }));
  const TestResponse second = ask("POST", kAlerts + "/r/test");
  expect_error(second, 503, "busy");
  EXPECT_EQ(second.headers.at("retry-after"), "1");
  EXPECT_EQ(ask("GET", kAlerts).status, 200);
  const TestResponse late = first.read_response();
  EXPECT_EQ(json::parse(late.body)["sent"][0]["delivered"], false) << late.body;
  EXPECT_EQ(ask("POST", kAlerts + "/r/test").status, 200);
}

// --- acknowledging and silencing ---

TEST_F(AlertApi, WhatFiresIsAcknowledgedGroupByGroupOrAltogether) {
  start_alerts();
  put_rule("r");
  for (const char* symbol : {"A", "B", "C"}) reject(symbol);
  wait_for_alerts(3);
  const std::string path = kAlerts + "/r/acknowledge";
  EXPECT_EQ(answer("POST", path, R"({"group":{"symbol":"B"},"by":"asha"})")["acknowledged"], 1);
  for (const json& alert : wait_for_alerts(3)) {
    EXPECT_EQ(alert["acknowledged_by"],
              alert["group"]["symbol"] == "B" ? json("asha") : json(nullptr));
  }
  EXPECT_GE(answer("POST", path)["acknowledged"], 2);
  for (const json& alert : wait_for_alerts(3)) {
    EXPECT_FALSE(alert["acknowledged_by"].is_null());
    EXPECT_FALSE(alert["acknowledged_at"].is_null());
  }
  expect_error(ask("POST", path, R"({"group":{"host":"B"}})"), 400, "invalid_parameter", "/group");
  expect_error(ask("POST", path, R"({"who":"me"})"), 400, "invalid_parameter", "/who");
  expect_error(ask("POST", kAlerts + "/none/acknowledge"), 404, "not_found", "rule");
}

TEST_F(AlertApi, ASilenceIsShownAndEnds) {
  start_alerts();
  put_rule("r");
  reject("A");
  wait_for_alerts(1);
  const std::string path = kAlerts + "/r/silence";
  const std::string before = format_rfc3339(now() + std::chrono::minutes(59));
  const json silenced = answer("POST", path, R"({"for":"1h","reason":"known"})");
  EXPECT_GT(silenced["silenced_until"].get<std::string>(), before);
  EXPECT_GT(answer("GET", kAlerts + "/r")["rule"]["silenced_until"].get<std::string>(), before);
  EXPECT_TRUE(answer("DELETE", path)["silenced_until"].is_null());
  EXPECT_TRUE(answer("GET", kAlerts + "/r")["rule"]["silenced_until"].is_null());
  answer("POST", path, R"({"for":"2h","group":{"symbol":"A"}})");
  EXPECT_FALSE(wait_for_alerts(1)[0]["silenced_until"].is_null());
  EXPECT_TRUE(
      answer("POST", path, R"({"for":"0s","group":{"symbol":"A"}})")["silenced_until"].is_null());
  EXPECT_TRUE(wait_for_alerts(1)[0]["silenced_until"].is_null());
  expect_error(ask("POST", path, "{}"), 400, "invalid_parameter", "/for");
  expect_error(ask("DELETE", kAlerts + "/none/silence"), 404, "not_found", "rule");
}

// --- deliveries ---

TEST_F(AlertApi, DeadLettersAreListedSentAgainAndForgotten) {
  start_alerts();
  put_rule("r", {dead_url()});
  reject("A");
  reject("B");
  const json dead = wait_for_dead(2);
  EXPECT_EQ(dead[0]["rule"], "r");
  EXPECT_EQ(dead[0]["alert_state"], "firing");
  EXPECT_EQ(dead[0]["target"], "http://127.0.0.1:1");
  EXPECT_EQ(dead[0]["group"], json({{"symbol", "A"}}));
  EXPECT_GE(dead[0]["attempts"], 1);
  EXPECT_EQ(dead[0]["last_error"].get<std::string>().find("hunter2"), std::string::npos);
  EXPECT_EQ(answer("GET", kDeliveries + "?limit=1")["count"], 1);
  EXPECT_EQ(answer("GET", kDeliveries + "?rule=other")["count"], 0);
  EXPECT_EQ(answer("GET", kDeliveries + "?target=http://127.0.0.1:1")["count"], 2);

  const std::string first = dead[0]["id"];
  EXPECT_EQ(answer("POST", kDeliveries + "/" + first + "/resend")["resent"], 1);
  EXPECT_EQ(wait_for_dead(2).size(), 2U);  // it has died again
  EXPECT_EQ(answer("POST", "/api/telemetry/alert-dead-letters/resend?rule=other")["resent"], 0);
  EXPECT_EQ(answer("POST", "/api/telemetry/alert-dead-letters/resend?rule=r")["resent"], 2);
  wait_for_dead(2);
  EXPECT_EQ(answer("DELETE", kDeliveries + "/" + first), json({{"ok", true}}));
  EXPECT_EQ(wait_for_dead(1)[0]["group"], json({{"symbol", "B"}}));
  expect_error(ask("DELETE", kDeliveries + "/" + first), 404, "not_found", "id");
  expect_error(ask("POST", kDeliveries + "/" + first + "/resend"), 404, "not_found", "id");
}

TEST_F(AlertApi, TargetsSayHowTheyDo) {
  RawServer target({});
  start_alerts();
  put_rule("r", {url_of(target)});
  reject("A");
  ASSERT_TRUE(wait_until([&] {
    const json targets = answer("GET", kAlerts + "?parts=targets")["targets"];
    return targets.size() == 1 && targets[0]["delivered_total"] == 1;
  }));
  const json told = answer("GET", kAlerts)["targets"][0];
  EXPECT_EQ(told["format"], "json");
  EXPECT_EQ(told["queued"], 0);
  EXPECT_TRUE(told["last_error"].is_null());
  EXPECT_FALSE(told["last_delivered_at"].is_null());
}

// --- who may ---

/// A request for each operation on alerts, with a body that would do.
struct Asked {
  std::string_view method;
  std::string target, body;
};
std::vector<Asked> all_requests() {
  std::vector<Asked> out;
  for (const Operation& operation : operations()) {
    if (operation.tag != "Alerts") continue;
    std::string path(operation.path);
    if (const std::size_t brace = path.find('{'); brace != std::string::npos) {
      path.replace(brace, path.find('}') + 1 - brace, "r");
    }
    out.push_back({operation.method, path,
                   operation.body ? std::string(operation.body->example) : std::string()});
  }
  return out;
}

TEST_F(AlertApi, ReadersSeeAndOnlyAdminsChange) {
  TestGrants grants;
  grants.add(grant_named("reader", Scope::read));
  start_alerts(quick(), grants.hooks());
  put_rule("r", {dead_url()});
  EXPECT_EQ(all_requests().size(), 12U);
  for (const Asked& asked : all_requests()) {
    const TestResponse response = ask(asked.method, asked.target, asked.body, "reader");
    EXPECT_EQ(response.status, asked.method == "GET" ? 200 : 403) << asked.target;
  }
  EXPECT_EQ(answer("GET", kAlerts + "/r")["rule"]["enabled"], true);
}

TEST_F(AlertApi, AddressesAreShownInFullToAdminsOnly) {
  TestGrants grants;
  grants.add(grant_named("reader", Scope::read));
  start_alerts(quick(), grants.hooks());
  put_rule("r", {dead_url()});
  reject("A");
  wait_for_dead(1);
  for (const std::string& path : {kAlerts, kAlerts + "/r", kDeliveries}) {
    const std::string shown = ask("GET", path, {}, "reader").body;
    EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
    EXPECT_NE(shown.find("http://127.0.0.1:1"), std::string::npos) << shown;
    const bool in_full = ask("GET", path).body.find("hunter2") != std::string::npos;
    EXPECT_EQ(in_full, path != kDeliveries) << path;
  }
}

TEST_F(AlertApi, WhoIsNarrowedToSomeEventsIsRefusedEverywhere) {
  TestGrants grants;
  auth::Grant grant = grant_named("narrow", Scope::admin);
  grant.narrowing.symbol = {"NIFTY"};
  grants.add(std::move(grant));
  start_alerts(quick(), grants.hooks());
  put_rule("r");
  for (const Asked& asked : all_requests()) {
    expect_error(ask(asked.method, asked.target, asked.body, "narrow"), 403, "forbidden");
  }
}

TEST_F(AlertApi, WhereThereAreNoAlertsEveryRequestSaysSo) {
  start();
  for (const Asked& asked : all_requests()) {
    expect_error(ask(asked.method, asked.target, asked.body), 404, "alerts_off");
  }
  EXPECT_EQ(get("/metrics").body.find("tapedeck_alert"), std::string::npos);
}

TEST_F(AlertApi, WhatIsChangedGoesToTheAuditLogAndCarriesTheCallersName) {
  char name[] = "/tmp/tapedeck-alerts-XXXXXX";
  const std::filesystem::path folder = mkdtemp(name);
  auth::StoredKey wanted;
  wanted.name = "asha";
  wanted.scopes = static_cast<std::uint8_t>(Scope::admin);
  const auto key = auth::KeyFile(folder / "keys.json").create(wanted, to_ns(now())).value();
  ServerOptions options;
  options.auth.emplace();
  options.auth->files.keys = folder / "keys.json";
  options.auth->audit =
      std::make_shared<auth::AuditLog>(auth::AuditOptions{.path = folder / "audit.log"});
  const auto audit = options.auth->audit;
  start_alerts(quick(), {}, std::move(options));
  const auto send = [&](std::string_view method, const std::string& path, const std::string& body) {
    const TestResponse response = ask(method, path, body, key.text);
    EXPECT_LT(response.status, 300) << response.body;
    return json::parse(response.body);
  };
  send("PUT", kAlerts + "/r", R"({"when":{"event_type":"order_event"},"every":true})");
  reject("A");
  ASSERT_TRUE(
      wait_until([&] { return send("GET", kAlerts + "?state=firing", "")["alerts"].size() == 1; }));
  send("POST", kAlerts + "/r/acknowledge", "");
  EXPECT_EQ(send("GET", kAlerts + "/r", "")["alerts"][0]["acknowledged_by"], "asha");
  send("POST", kAlerts + "/r/silence", R"({"for":"1h"})");
  send("DELETE", kAlerts + "/r/silence", "");
  send("DELETE", kAlerts + "/r", "");
  audit->flush();
  std::ifstream file(folder / "audit.log");
  const std::string log{std::istreambuf_iterator<char>(file), {}};
  for (const char* action : {"alert_rule_put", "alert_acknowledged", "alert_silenced",
                             "alert_unsilenced", "alert_rule_deleted"}) {
    EXPECT_NE(log.find(action), std::string::npos) << action << " in " << log;
  }
  server_.reset();
  std::filesystem::remove_all(folder);
}

// --- metrics ---

TEST_F(AlertApi, MetricsTellWhatFiresAndHowTargetsDo) {
  start_alerts();
  put_rule("quiet", {}, "info");
  put_rule("loud", {dead_url(), "http://127.0.0.1:1/other"}, "critical");
  reject("A");
  wait_for_alerts(2);
  wait_for_dead(2);
  const Exposition metrics(get("/metrics").body);
  EXPECT_EQ(metrics.value("tapedeck_alert_rules"), 2);
  EXPECT_EQ(metrics.value("tapedeck_alerts_firing", {{"severity", "critical"}}), 1);
  EXPECT_EQ(metrics.value("tapedeck_alerts_firing", {{"severity", "info"}}), 1);
  EXPECT_EQ(metrics.value("tapedeck_alerts_firing", {{"severity", "warning"}}), 0);
  EXPECT_EQ(metrics.value("tapedeck_alerts_pending", {{"severity", "info"}}), 0);
  EXPECT_EQ(metrics.value("tapedeck_alert_firings_total"), 2);
  EXPECT_GE(metrics.value("tapedeck_alert_events_total"), 1);
  EXPECT_EQ(metrics.value("tapedeck_alert_events_missed_total"), 0);
  EXPECT_EQ(metrics.value("tapedeck_alert_state_degraded"), 0);
  const std::map<std::string, std::string> target{{"target", "http://127.0.0.1:1"}};
  EXPECT_EQ(metrics.value("tapedeck_alert_deliveries_dead", target), 2);
  EXPECT_EQ(metrics.value("tapedeck_alert_deliveries_delivered_total", target), 0);
  EXPECT_GE(metrics.value("tapedeck_alert_deliveries_failed_total", target), 2);
}

}  // namespace
}  // namespace tapedeck::testing
