#include "alert/alert_service.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "bus/access.hpp"
#include "store/store_fixture.hpp"
#include "support/wait.hpp"

namespace tapedeck::alert {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using store::testing::TempFolder;
using tapedeck::testing::wait_until;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Nobody listens there, so what is sent stays in the list.
constexpr auto kNowhere = "http://127.0.0.1:9/";
constexpr auto kSlow = R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10",)"
                       R"("group_by":"symbol","notify":"http://127.0.0.1:9/"})";

class AlertServiceTest : public ::testing::Test {
 protected:
  AlertOptions options() {
    AlertOptions options;
    options.delivery.addresses.allowed = {"127.0.0.1"};
    options.file = folder_.path() / "alerts.db";
    options.wall_time = [this] { return now() + std::chrono::nanoseconds(wall_ahead_ns_.load()); };
    return options;
  }
  std::unique_ptr<AlertService> start(AlertOptions options) {
    auto service = std::make_unique<AlertService>(bus_, nullptr, std::move(options));
    service->start();
    return service;
  }
  void put(AlertService& service, std::string_view name, std::string_view rule) {
    const auto put = service.put_rule(name, rule);
    ASSERT_TRUE(put) << put.error().message;
  }
  void publish(std::string_view type, std::string_view symbol, double ms, Timestamp at = kNow) {
    Map payload{{"symbol", symbol}, {"ms", ms}};
    bus_.publish(GenericEvent{.event_type = type, .payload = payload}, at);
    bus_.flush();
  }
  /// "firing slow NIFTY", of each alert_event there is, oldest first.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const Event& event : bus_.get_recent_events("alert_event", 1000)) {
      const json payload = json::parse(event.payload);
      out.push_back(fmt::format("{} {} {}", payload.at("state").get<std::string>(),
                                payload.at("rule").get<std::string>(),
                                payload.value("symbol", "")));
    }
    return out;
  }
  bool wait_told(std::size_t count) {
    return wait_until([&] { return told().size() >= count; });
  }
  /// Everything published so far has been looked at.
  bool wait_looked(AlertService& service) {
    bus_.flush();
    return wait_until([&] { return service.figures().behind == 0; });
  }
  static std::vector<std::string> sent(AlertService& service) {
    std::vector<std::string> out;
    for (const Delivery& delivery : service.deliveries().list({})) {
      out.push_back(delivery.notification.state + " " + delivery.notification.rule);
    }
    return out;
  }

  TempFolder folder_;
  std::atomic<std::int64_t> wall_ahead_ns_{0};
  TelemetryBus bus_;
};

TEST_F(AlertServiceTest, PublishesAndSendsWhatFiresAndWhatIsOver) {
  const auto service = start(options());
  put(*service, "slow", kSlow);
  publish("x", "NIFTY", 5);
  publish("x", "NIFTY", 25);
  ASSERT_TRUE(wait_told(1));
  const Event event = bus_.get_recent_events("alert_event").front();
  const json payload = json::parse(event.payload);
  EXPECT_EQ(payload["rule"], "slow");
  EXPECT_EQ(payload["state"], "firing");
  EXPECT_EQ(payload["severity"], "warning");
  EXPECT_EQ(payload["value"], 25);
  EXPECT_EQ(payload["group"], json({{"symbol", "NIFTY"}}));
  EXPECT_EQ(payload["symbol"], "NIFTY");
  EXPECT_EQ(payload["event_id"].get<std::string>(),
            json::parse(bus_.get_recent_events("x", 1).front().json)["id"]);
  const auto alerts = service->alerts();
  ASSERT_EQ(alerts.size(), 1U);
  EXPECT_EQ(alerts[0].state, AlertState::firing);
  EXPECT_EQ(alerts[0].alert_id, payload["alert_id"]);
  EXPECT_EQ(service->rule("slow")->firing, 1U);
  publish("x", "NIFTY", 3);
  ASSERT_TRUE(wait_told(2));
  EXPECT_THAT(told(), ElementsAre("firing slow NIFTY", "resolved slow NIFTY"));
  EXPECT_TRUE(wait_until([&] { return sent(*service).size() == 2; }));
  EXPECT_THAT(sent(*service), ElementsAre("firing slow", "resolved slow"));
  EXPECT_EQ(service->alerts().front().state, AlertState::resolved);
}

TEST_F(AlertServiceTest, RulesAndWhatFiresSurviveARestart) {
  {
    const auto service = start(options());
    put(*service, "slow", kSlow);
    publish("x", "NIFTY", 25);
    ASSERT_TRUE(wait_told(1));
    ASSERT_TRUE(service->acknowledge("slow", std::nullopt, "anna"));
    ASSERT_FALSE(service->silence("slow", Group{{"symbol", "INFY"}}, 1h, "anna", ""));
  }
  const auto service = start(options());
  ASSERT_EQ(service->rules().size(), 1U);
  EXPECT_EQ(service->rules()[0].origin, Origin::api);
  ASSERT_EQ(service->alerts().size(), 1U);
  EXPECT_EQ(service->alerts()[0].state, AlertState::firing);
  EXPECT_EQ(service->alerts()[0].acknowledged_by, "anna");
  EXPECT_THAT(sent(*service), ElementsAre("firing slow"));  // waits from before, not once more
  publish("x", "INFY", 25);
  ASSERT_TRUE(wait_told(2));
  publish("x", "NIFTY", 5);
  ASSERT_TRUE(wait_told(3));
  EXPECT_THAT(told(), ElementsAre("firing slow NIFTY", "firing slow INFY", "resolved slow NIFTY"));
  EXPECT_TRUE(wait_until([&] { return sent(*service).size() == 2; }));
  EXPECT_THAT(sent(*service), ElementsAre("firing slow", "resolved slow"));  // INFY is silenced
}

TEST_F(AlertServiceTest, WhatWasPublishedWhileItWasAwayIsLookedAt) {
  {
    const auto service = start(options());
    put(*service, "slow", kSlow);
    publish("x", "NIFTY", 5);
    ASSERT_TRUE(wait_looked(*service));
  }
  publish("x", "NIFTY", 25);
  const auto service = start(options());
  ASSERT_TRUE(wait_told(1));
  EXPECT_THAT(told(), ElementsAre("firing slow NIFTY"));
}

TEST_F(AlertServiceTest, WindowsGoOnAfterARestart) {
  const auto rule = R"({"when":{"event_type":"x"},"count":3,"window":"1h"})";
  {
    const auto service = start(options());
    put(*service, "many", rule);
    publish("x", "A", 1);
    publish("x", "A", 1);
    ASSERT_TRUE(wait_looked(*service));
  }
  const auto service = start(options());
  publish("x", "A", 1);
  EXPECT_TRUE(wait_told(1));
}

TEST_F(AlertServiceTest, DeletedRulesAreOverAndStayDeleted) {
  {
    const auto service = start(options());
    put(*service, "slow", kSlow);
    publish("x", "NIFTY", 25);
    ASSERT_TRUE(wait_told(1));
    ASSERT_FALSE(service->delete_rule("slow"));
    ASSERT_TRUE(wait_told(2));
    EXPECT_EQ(service->delete_rule("slow")->code, "not_found");
  }
  EXPECT_THAT(told(), ElementsAre("firing slow NIFTY", "resolved slow NIFTY"));
  const auto service = start(options());
  EXPECT_THAT(service->rules(), IsEmpty());
  EXPECT_THAT(service->alerts(), IsEmpty());
}

TEST_F(AlertServiceTest, RulesOfTheConfigurationAreChangedThere) {
  AlertOptions configured = options();
  configured.rules.push_back(*parse_rule("slow", kSlow));
  const auto service = start(configured);
  EXPECT_EQ(service->put_rule("slow", kSlow).error().code, "rule_is_configured");
  EXPECT_EQ(service->delete_rule("slow")->code, "rule_is_configured");
  publish("x", "NIFTY", 25);
  ASSERT_TRUE(wait_told(1));
  ASSERT_FALSE(service->reload(configured.rules, configured.delivery));  // nothing is over
  publish("x", "INFY", 25);
  ASSERT_TRUE(wait_told(2));
  ASSERT_FALSE(service->reload({}, configured.delivery));
  ASSERT_TRUE(wait_told(4));
  EXPECT_THAT(service->rules(), IsEmpty());
}

TEST_F(AlertServiceTest, RefusesRulesThatItCannotUse) {
  AlertOptions few = options();
  few.limits.max_rules = 1;
  const auto service = start(few);
  EXPECT_EQ(service->put_rule("a", "{}").error().code, "invalid_rule");
  const auto unknown =
      service->put_rule("a", R"({"when":{},"every":true,"notify":["pager"]})").error();
  EXPECT_EQ(unknown.field, "/notify/0");
  put(*service, "a", kSlow);
  put(*service, "a", kSlow);
  EXPECT_EQ(service->put_rule("b", kSlow).error().code, "too_many_rules");
}

TEST_F(AlertServiceTest, NothingIsSentInASilenceAndWhatStillFiresAfterIt) {
  const auto service = start(options());
  put(*service, "slow", kSlow);
  ASSERT_FALSE(service->silence("slow", std::nullopt, 1h, "anna", "lunch"));
  publish("x", "NIFTY", 25);
  publish("x", "INFY", 25);
  ASSERT_TRUE(wait_told(2));
  publish("x", "INFY", 5);
  ASSERT_TRUE(wait_told(3));
  EXPECT_THAT(sent(*service), IsEmpty());
  EXPECT_GT(service->rule("slow")->silenced_until_ns, 0);
  wall_ahead_ns_ = std::chrono::nanoseconds(2h).count();
  EXPECT_TRUE(wait_until([&] { return !sent(*service).empty(); }));
  EXPECT_THAT(sent(*service), ElementsAre("firing slow"));  // NIFTY; INFY is over
  const json action = json::parse(bus_.get_recent_events("alert_action").front().payload);
  EXPECT_EQ(action["action"], "silence");
  EXPECT_EQ(action["by"], "anna");
  EXPECT_EQ(action["reason"], "lunch");
}

TEST_F(AlertServiceTest, AcknowledgesOneGroupOrAll) {
  const auto service = start(options());
  put(*service, "slow", kSlow);
  for (const char* symbol : {"A", "B", "C"}) publish("x", symbol, 25);
  ASSERT_TRUE(wait_told(3));
  EXPECT_EQ(*service->acknowledge("slow", Group{{"symbol", "B"}}, "anna"), 1U);
  EXPECT_EQ(service->acknowledge("slow", Group{{"symbol", "Z"}}, "anna").error().code, "not_found");
  EXPECT_EQ(service->acknowledge("none", std::nullopt, "anna").error().code, "not_found");
  EXPECT_EQ(*service->acknowledge("slow", std::nullopt, "otto"), 3U);
  EXPECT_EQ(bus_.get_recent_events("alert_action").size(), 2U);
}

TEST_F(AlertServiceTest, ClockThatIsSetNeitherFiresNorSilences) {
  const auto service = start(options());
  put(*service, "silent", R"({"when":{"event_type":"x"},"absence":"30m"})");
  put(*service, "held",
      R"({"when":{"event_type":"x"},"threshold":"last(payload.ms) > 10",)"
      R"("for":"10m"})");
  put(*service, "every", R"({"when":{"event_type":"y"},"every":true})");
  publish("x", "A", 25);
  ASSERT_TRUE(wait_looked(*service));
  for (const auto step : {2h, -2h, 0h}) {
    wall_ahead_ns_ = std::chrono::nanoseconds(step).count();
    const std::size_t before = told().size();
    const Timestamp just_before = now() + step - 1s;  // as the machine's clock then showed
    publish("y", "A", 1, just_before);
    ASSERT_TRUE(wait_told(before + 1)) << step.count();
  }
  for (const std::string& line : told()) EXPECT_TRUE(line.starts_with("firing every")) << line;
}

TEST_F(AlertServiceTest, OldEventsFireNothingButThoseOfASimulatedMarketAreNotOld) {
  AlertOptions simulated = options();
  simulated.market_time = [] { return now() - 7h; };
  const auto service = start(simulated);
  put(*service, "every", R"({"when":{"event_type":"x"},"every":true,"group_by":"symbol"})");
  publish("x", "OLD", 1, now() - 2min);
  publish("x", "MARKET", 1, now() - 7h);
  publish("x", "NEW", 1);
  ASSERT_TRUE(wait_told(2));
  ASSERT_TRUE(wait_looked(*service));
  EXPECT_THAT(told(), ElementsAre("firing every MARKET", "firing every NEW"));
  EXPECT_EQ(service->figures().old_total, 1U);
}

TEST_F(AlertServiceTest, RuleThatMatchesEverythingAtFullRateHoldsUpNobody) {
  const auto service = start(options());
  put(*service, "all", fmt::format(R"({{"when":{{}},"every":true,"notify":"{}"}})", kNowhere));
  put(*service, "slow", kSlow);
  constexpr std::uint64_t kEvents = 300'000;
  Map payload{{"symbol", "NIFTY"}, {"ms", 1.0}};
  for (std::uint64_t i = 0; i < kEvents; ++i) {
    ASSERT_TRUE(bus_.publish(GenericEvent{.event_type = "x", .payload = payload}));
    if (bus_.backlog_bytes() > (4U << 20)) bus_.flush();
  }
  publish("x", "LATE", 99);
  ASSERT_TRUE(wait_looked(*service));
  EXPECT_EQ(bus_.get_stats().dropped_total, 0U);
  EXPECT_EQ(service->rule("all")->matches_total, kEvents + 1);
  EXPECT_EQ(service->figures().missed_total, 0U);
  EXPECT_EQ(service->rule("slow")->firings_total, 1U);
  // Some at first, then one a second.
  EXPECT_LE(service->rule("all")->firings_total, 60U + 60U);
  EXPECT_GE(service->rule("all")->suppressed_total, kEvents - 120);
}

TEST_F(AlertServiceTest, WithoutAFileEverythingWorksUntilItEnds) {
  AlertOptions memory = options();
  memory.file.clear();
  {
    const auto service = start(memory);
    put(*service, "slow", kSlow);
    publish("x", "NIFTY", 25);
    ASSERT_TRUE(wait_told(1));
  }
  EXPECT_THAT(start(memory)->rules(), IsEmpty());
}

// --- trying ---

TEST_F(AlertServiceTest, BacktestShowsWhenARuleWouldHaveFired) {
  const Timestamp start_of = now() - 1h;
  for (int minute = 0; minute < 30; ++minute) {
    publish("x", "NIFTY", minute >= 10 && minute < 15 ? 50 : 1,
            start_of + std::chrono::minutes(minute));
  }
  const auto service = start(options());
  Rule rule = *parse_rule("slow", R"({"when":{"event_type":"x"},"group_by":"symbol","for":"90s",)"
                                  R"("threshold":"last(payload.ms) > 10"})");
  const auto result = service->backtest(rule, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->events, 30U);
  EXPECT_EQ(result->matches, 30U);
  ASSERT_EQ(result->episodes.size(), 1U);
  EXPECT_EQ(result->episodes[0].fired_ns, to_ns(start_of + 10min + 90s));
  EXPECT_EQ(result->episodes[0].resolved_ns, to_ns(start_of + 15min));
  EXPECT_THAT(told(), IsEmpty());

  rule = *parse_rule("gap", R"({"when":{"event_type":"x"},"absence":"10m"})");
  const auto gaps = service->backtest(rule, {.since = start_of, .until = start_of + 50min});
  ASSERT_EQ(gaps->episodes.size(), 1U);
  EXPECT_EQ(gaps->episodes[0].resolved_ns, 0);
  EXPECT_EQ(service->backtest(rule, {.max_events = 29}).error().code, "too_many_events");
  EXPECT_TRUE(service->backtest(rule, {.max_events = 30}));
}

TEST_F(AlertServiceTest, BacktestCountsWhatItDoesNotShow) {
  for (int i = 0; i < 50; ++i) publish("x", fmt::format("S{}", i), 50);
  const auto service = start(options());
  const auto result = service->backtest(*parse_rule("slow", kSlow), {.limit = 10});
  EXPECT_EQ(result->firings, 50U);
  EXPECT_EQ(result->episodes.size(), 10U);
}

TEST_F(AlertServiceTest, TestMessagesSayHowTheyWent) {
  const auto service = start(options());
  const auto results = service->send_test(*parse_rule("slow", kSlow));
  ASSERT_EQ(results.size(), 1U);
  ASSERT_TRUE(results[0].second);
  EXPECT_THAT(sent(*service), IsEmpty());
}

}  // namespace
}  // namespace tapedeck::alert
