// `tapedeck alerts …` against a real server with a real service behind it.
#include "app/alerts_command.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alert/alert_service.hpp"
#include "auth/temp_folder.hpp"
#include "server/server.hpp"
#include "support/wait.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

/// A run of `tapedeck alerts ...` with what it says.
struct Said {
  int code = -1;
  std::string out, err;
};

alert::AlertOptions quick() {
  alert::AlertOptions options;
  options.delivery.addresses.allowed = {"127.0.0.1"};
  options.delivery.retry_for = std::chrono::seconds(0);
  return options;
}

class AlertsCommandTest : public ::testing::Test {
 protected:
  AlertsCommandTest()
      : alerts_(bus_, nullptr, quick()),
        server_(bus_, free_port(), nullptr, {}, {.alerts = &alerts_}) {
    alerts_.start();
    server_.start();
  }
  static ServerOptions free_port() {
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 1;
    return options;
  }

  Said alerts(std::vector<std::string> words, const std::string& input = "") {
    CLI::App app("tapedeck");
    AlertsCommand command(app);
    words.insert(words.begin(), "alerts");
    words.insert(words.end(), {"--url", fmt::format("http://127.0.0.1:{}", server_.port())});
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    std::istringstream in(input);
    std::streambuf* const before = std::cin.rdbuf(in.rdbuf());
    Said said;
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    try {
      app.parse(words);
      said.code = command.run().value_or(-1);
    } catch (const CLI::ParseError& error) {
      said = {2, "", error.what()};
    } catch (const std::invalid_argument& error) {
      said = {2, "", error.what()};
    }
    std::cout.flush();
    std::fflush(stdout);
    said.out = ::testing::internal::GetCapturedStdout();
    said.err += ::testing::internal::GetCapturedStderr();
    std::cin.rdbuf(before);
    return said;
  }
  std::string done(std::vector<std::string> words, const std::string& input = "") {
    const Said said = alerts(std::move(words), input);
    EXPECT_EQ(said.code, 0) << said.err;
    return said.out;
  }
  void put_rule(const std::string& notify = "") {
    const std::string rule =
        R"({"when":{"event_type":"order_event"},"every":true,"group_by":["symbol"],)"
        R"("message":"{{payload.symbol}} rejected")" +
        (notify.empty() ? "" : ",\"notify\":[\"" + notify + "\"]") + "}";
    EXPECT_EQ(done({"put", "rejects", "-"}, rule), "rule rejects is made\n");
  }
  void reject(std::string_view symbol) {
    bus_.publish(OrderEvent{
        .order_id = "o-1", .symbol = symbol, .side = "BUY", .status = "rejected", .qty = 1});
  }
  void wait_for_firing(std::size_t count) {
    EXPECT_TRUE(tapedeck::testing::wait_until([&] { return alerts_.figures().firing == count; }));
  }

  TelemetryBus bus_{BusOptions{}};
  alert::AlertService alerts_;
  Server server_;
};

TEST_F(AlertsCommandTest, WithoutAWordItShowsWhatFires) {
  EXPECT_THAT(alerts({}).err, HasSubstr("nothing fires"));
  put_rule();
  reject("NIFTY");
  wait_for_firing(1);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{}, {"list"}, {"--rule", "rejects"}}) {
    EXPECT_THAT(done(words), HasSubstr("firing  warning   rejects  symbol=NIFTY"));
  }
  EXPECT_THAT(alerts({"--severity", "critical"}).err, HasSubstr("nothing fires"));
  EXPECT_EQ(json::parse(done({"list", "--json"}))["alerts"][0]["summary"], "NIFTY rejected");
}

TEST_F(AlertsCommandTest, RulesAreListedShownReplacedAndDeleted) {
  EXPECT_THAT(alerts({"rules"}).err, HasSubstr("there are no rules"));
  put_rule();
  EXPECT_THAT(done({"rules"}), HasSubstr("rejects  quiet  warning   api"));
  const std::string shown = done({"show", "rejects"});
  const std::size_t from = shown.find('{'), to = shown.find("\n}\n") + 3;
  EXPECT_EQ(done({"put", "rejects", "-"}, shown.substr(from, to - from)),
            "rule rejects is replaced\n");
  EXPECT_EQ(done({"show", "rejects"}), shown);
  EXPECT_EQ(done({"delete", "rejects"}), "rule rejects is gone\n");
  const Said gone = alerts({"show", "rejects"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("There is no rule"));
}

TEST_F(AlertsCommandTest, ARuleMayBeAFileOfEitherKindAndItsMistakesAreTold) {
  const auth::testing::TempFolder folder;
  std::ofstream(folder / "r.toml")
      << "[alerts.rules.r]\nwhen = { event_type = 'x' }\nevery = true\n";
  EXPECT_EQ(done({"put", "r", (folder / "r.toml").string()}), "rule r is made\n");
  const Said wrong = alerts({"put", "r", "-"}, R"({"when":"true","every":true,"severty":"info"})");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean severity?"));
  EXPECT_EQ(alerts({"put", "r", "/no/such/file"}).code, 1);
  EXPECT_EQ(alerts({"put", "r"}).code, 2);
}

TEST_F(AlertsCommandTest, ADraftIsTriedOverThePast) {
  reject("A");
  reject("B");
  bus_.flush();
  const std::string draft =
      R"({"when":{"event_type":"order_event"},"every":true,"group_by":"symbol"})";
  const std::string text = done({"backtest", "draft", "--file", "-", "--since", "-1h"}, draft);
  EXPECT_THAT(text, HasSubstr("symbol=A"));
  EXPECT_THAT(text, HasSubstr("2 firings from 2 matches"));
  EXPECT_THAT(done({"backtest", "draft", "--file", "-", "--until", "yesterday"}, draft),
              HasSubstr("0 firings"));
  EXPECT_EQ(alerts({"backtest", "draft"}).code, 1);
  EXPECT_EQ(alerts({"backtest", "draft", "--limit", "1001"}).code, 2);
}

TEST_F(AlertsCommandTest, WhatFiresIsAcknowledgedAndSilenced) {
  put_rule();
  reject("A");
  reject("B");
  wait_for_firing(2);
  EXPECT_EQ(done({"ack", "rejects", "--group", "symbol=A", "--by", "asha"}),
            "1 alert acknowledged\n");
  EXPECT_THAT(done({}), HasSubstr("acknowledged by asha"));
  EXPECT_THAT(done({"silence", "rejects", "--for", "1h", "--reason", "known"}),
              HasSubstr("rejects is silent until "));
  EXPECT_THAT(done({"rules"}), HasSubstr("2 firing"));
  EXPECT_EQ(done({"unsilence", "rejects"}), "rejects is silent no more\n");
  EXPECT_EQ(alerts({"silence", "rejects", "--for", "soon"}).code, 2);
  EXPECT_EQ(alerts({"silence", "rejects"}).code, 2);
  EXPECT_EQ(alerts({"ack", "rejects", "--group", "A"}).code, 2);
  EXPECT_EQ(alerts({"ack", "rejects", "--group", "a=1", "--group", "a=2"}).code, 2);
  const Said wrong = alerts({"ack", "rejects", "--group", "host=A"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("group must name symbol"));
}

TEST_F(AlertsCommandTest, ATestFailsWhenATargetDoes) {
  put_rule();
  const Said none = alerts({"test", "rejects"});
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.err, HasSubstr("no target"));
  done({"delete", "rejects"});
  put_rule("http://127.0.0.1:1/hook?token=hunter2");
  const Said said = alerts({"test", "rejects"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.out, HasSubstr("http://127.0.0.1:1: "));
  EXPECT_THAT(said.out + said.err, Not(HasSubstr("hunter2")));
}

TEST_F(AlertsCommandTest, DeadLettersAreListedSentAgainAndDiscarded) {
  EXPECT_THAT(alerts({"deliveries"}).err, HasSubstr("nothing waits"));
  put_rule("http://127.0.0.1:1/hook");
  reject("A");
  json dead;
  const auto wait_for_dead = [&] {
    EXPECT_TRUE(tapedeck::testing::wait_until([&] {
      dead = json::parse(done({"deliveries", "--dead", "--json"}))["deliveries"];
      return dead.size() == 1;
    }));
  };
  wait_for_dead();
  const std::string id = dead[0]["id"];
  EXPECT_THAT(done({"deliveries", "--dead"}), HasSubstr(id));
  EXPECT_EQ(done({"resend", "--all", "--rule", "rejects"}), "1 delivery waits again\n");
  wait_for_dead();
  EXPECT_EQ(done({"resend", id}), "1 delivery waits again\n");
  wait_for_dead();
  EXPECT_EQ(done({"discard", id}), "delivery " + id + " is forgotten\n");
  EXPECT_EQ(alerts({"discard", id}).code, 1);
  EXPECT_EQ(alerts({"resend"}).code, 2);
  EXPECT_EQ(alerts({"resend", id, "--all"}).code, 2);
  EXPECT_EQ(alerts({"resend", id, "--rule", "r"}).code, 2);
}

TEST_F(AlertsCommandTest, AServerThatIsNotThereIsTold) {
  server_.stop();
  const Said said = alerts({"rules"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.err, HasSubstr("cannot reach"));
}

}  // namespace
}  // namespace tapedeck::app
