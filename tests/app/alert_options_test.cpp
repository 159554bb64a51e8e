// Alerts as configuration files have them. Targets and delivery options are parsed by the same
// functions as everywhere; what is tested here is how files become them, and how mistakes are told.
#include "app/alert_options.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

#include "app/config_file.hpp"
#include "auth/temp_folder.hpp"

namespace tapedeck::app {
namespace {

using auth::testing::TempFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class AlertOptions : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    return folder_.write(name.c_str(), text).string();
  }
  std::vector<std::string> problems(const std::string& text) {
    return check_alert_config(file("td.toml", text), {}).problems;
  }
  /// "td.toml:3: " with the folder before it
  std::string at(int line, const char* name = "td.toml") const {
    return fmt::format("{}:{}: ", (folder_.path() / name).string(), line);
  }

  TempFolder folder_;
};

TEST_F(AlertOptions, ReadRulesTargetsDeliveryAndLimits) {
  const std::string path = file("td.toml", R"(
listen = "127.0.0.1:0"

[alerts]
request_timeout = "3s"
max_rules = 7
max_groups = 8
max_firings_per_minute = 9
max_resolved = 0
save_interval = "250ms"

[alerts.heartbeat]
url = "https://watchdog.example/ping"
interval = "30s"

[alerts.targets.desk]
url = "https://hooks.example/alerts"
max_per_minute = 5

[alerts.rules.slow_fill]
when = { event_type = "order_event", filter = 'payload.qty > 50' }
threshold = "avg(payload.fill_ms) > 250.5"
window = "5m"
group_by = ["symbol", "payload.product"]
market_hours = true
notify = ["desk", "https://hooks.example/other"]

[alerts.rules."a.b"]
when = 'type == "x"'
count = 5
window = "1m"
)");
  const AlertConfig config = read_alert_config(path, std::vector<std::string>{});
  ASSERT_EQ(config.rules.size(), 2U);
  EXPECT_EQ(config.rules[0].name, "a.b");
  EXPECT_EQ(config.rules[0].condition, alert::Condition(alert::Count{5, std::chrono::minutes(1)}));
  const alert::Rule& rule = config.rules[1];
  EXPECT_EQ(
      alert::rule_json(rule),
      R"({"name":"slow_fill","when":{"event_type":"order_event","filter":"payload.qty > 50"},)"
      R"("threshold":"avg(payload.fill_ms) > 250.5","window":"5m",)"
      R"("group_by":["symbol","payload.product"],"market_hours":true,)"
      R"("notify":["desk","https://hooks.example/other"]})");
  ASSERT_EQ(config.delivery.targets.size(), 1U);
  EXPECT_EQ(config.delivery.targets[0].name, "desk");
  EXPECT_EQ(config.delivery.targets[0].max_per_minute, 5U);
  EXPECT_EQ(config.delivery.request_timeout, std::chrono::seconds(3));
  EXPECT_EQ(config.delivery.heartbeat_url, "https://watchdog.example/ping");
  EXPECT_EQ(config.limits.max_rules, 7U);
  EXPECT_EQ(config.limits.max_groups, 8U);
  EXPECT_EQ(config.limits.max_firings_per_minute, 9U);
  EXPECT_EQ(config.limits.max_resolved, 0U);
  EXPECT_EQ(config.limits.save_interval, std::chrono::milliseconds(250));
}

TEST_F(AlertOptions, NeedNoFile) {
  const AlertConfig config = read_alert_config("", std::vector<std::string>{});
  EXPECT_TRUE(config.rules.empty());
  EXPECT_TRUE(config.delivery.targets.empty());
  EXPECT_EQ(config.limits.max_rules, alert::AlertLimits{}.max_rules);
}

TEST_F(AlertOptions, AreReadOfSeveralFiles) {
  const std::string config = file("td.toml", R"(
[alerts.targets.desk]
url = "https://hooks.example/alerts"
[alerts.rules.z]
when = {}
every = true
)");
  const std::string more = file("more.toml", R"(
[alerts.rules.a]
when = {}
every = true
notify = "desk"
)");
  const AlertConfig read = read_alert_config(config, std::vector{more});
  ASSERT_EQ(read.rules.size(), 2U);
  EXPECT_EQ(read.rules[0].name, "z");
  EXPECT_EQ(read.rules[1].name, "a");
}

TEST_F(AlertOptions, RefuseWhatIsGivenTwice) {
  const std::string first = file("a.toml",
                                 "[alerts]\nmax_rules = 5\n"
                                 "[alerts.targets.desk]\nurl = \"https://hooks.example/\"\n"
                                 "[alerts.rules.r]\nwhen = {}\nevery = true\n");
  const std::string second = file("b.toml",
                                  "[alerts]\nmax_rules = 6\n"
                                  "[alerts.targets.desk]\nurl = \"https://hooks.example/\"\n"
                                  "[alerts.rules.r]\nwhen = {}\nevery = true\n");
  EXPECT_THAT(
      check_alert_config("", {{first, second}, {}}).problems,
      ElementsAre(
          at(2, "b.toml") + "alerts max_rules: is there twice; " + first + ":2 has it already.",
          at(3, "b.toml") + "target desk: is there twice; " + first + ":3 has it already.",
          at(5, "b.toml") + "rule r: is there twice; " + first + ":5 has it already."));
}

TEST_F(AlertOptions, TellEveryMistakeWithItsLine) {
  EXPECT_THAT(problems(R"([alerts]
max_rules = 0
save_interval = "5m"
frobnicate = 5
[alerts.targets.desk]
url = "ftp://hooks.example/"
[alerts.rules.one]
when = { symbl = "A" }
every = true
[alerts.rules.two]
when = {}
every = true
cooldown = 5
[alerts.rules.three]
when = {}
absence = 00:30:00
[alerts.rules.four]
when = {}
threshold = "avg(payload.a) > 1"
)"),
              ElementsAre(AllOf(StartsWith(at(2) + "max_rules: must be a whole number from 1 to")),
                          StartsWith(at(3) + "save_interval: must be a duration"),
                          AllOf(StartsWith(at(4)), HasSubstr("frobnicate")),
                          AllOf(StartsWith(at(6) + "target desk: "), HasSubstr("http")),
                          at(8) + "rule one: There is no key \"symbl\" in when; did you mean "
                                  "symbol?",
                          StartsWith(at(13) + "rule two: cooldown: must be a duration such as"),
                          at(16) + "rule three: absence: dates and times are written in quotes "
                                   "here.",
                          at(17) + "rule four: window: say over which time, such as \"5m\"."));
}

TEST_F(AlertOptions, TellOfTargetsThatAreNotDefined) {
  const std::string rule = "[alerts.rules.r]\nwhen = {}\nevery = true\nnotify = \"phone\"\n";
  EXPECT_THAT(problems(rule),
              ElementsAre(at(4) + "rule r: notify: there is no target phone; none is defined, and "
                                  "URLs begin with https://."));
  EXPECT_THAT(problems(rule + "[alerts.targets.desk]\nurl = \"https://hooks.example/\"\n"
                              "[alerts.targets.pager]\nurl = \"https://hooks.example/\"\n"),
              ElementsAre(at(4) + "rule r: notify: there is no target phone; there are desk, "
                                  "pager."));
}

TEST_F(AlertOptions, ShowNoSecretsInMistakes) {
  const auto told = problems(
      "[alerts.rules.r]\nwhen = {}\nevery = true\n"
      "notify = [\"hooks.example/SECRET\", \"ftp://hooks.example/SECRET\"]\n");
  EXPECT_EQ(told.size(), 2U);
  for (const std::string& problem : told) EXPECT_THAT(problem, Not(HasSubstr("SECRET")));
}

TEST_F(AlertOptions, TellOfTablesThatAreNone) {
  EXPECT_THAT(problems("alerts = 5\n"), ElementsAre(at(1) + "alerts: must be a table."));
  EXPECT_THAT(problems("[alerts]\nrules = 5\n"),
              ElementsAre(at(2) + "must be tables [alerts.rules.NAME]."));
  EXPECT_THAT(problems("[alerts.rules]\nr = \"x\"\n"),
              ElementsAre(at(2) + "rule r: must be a table [alerts.rules.NAME]."));
  EXPECT_THAT(problems("[alerts.rules.\"a b\"]\nwhen = {}\nevery = true\n"),
              ElementsAre(StartsWith(at(1) + "rule \"a b\": name: ")));
  EXPECT_THAT(problems("[alerts\n"), ElementsAre(StartsWith(at(1))));
}

TEST_F(AlertOptions, RefuseNumbersThatJsonDoesNotHave) {
  EXPECT_THAT(problems("[alerts.rules.r]\nwhen = {}\ncount = inf\nwindow = \"1m\"\n"),
              ElementsAre(at(3) + "rule r: count: must be a finite number."));
}

TEST_F(AlertOptions, CountRules) {
  std::string text = "[alerts]\nmax_rules = 1\n[alerts.rules.a]\nwhen = {}\nevery = true\n";
  EXPECT_THAT(problems(text), IsEmpty());
  text += "[alerts.rules.b]\nwhen = {}\nevery = true\n";
  EXPECT_THAT(problems(text),
              ElementsAre("There are 2 alert rules, and max_rules of [alerts] is 1."));
}

TEST_F(AlertOptions, TakeOnlyAlertsOfAFileOfRules) {
  const std::string rules = file("more.toml", "listen = \"x\"\n[alerts.rules]\n");
  EXPECT_THAT(
      check_alert_config("", {{rules}, {}}).problems,
      ElementsAre(at(1, "more.toml") + "listen: a file of alert rules has tables [alerts…] only."));
  EXPECT_THAT(check_alert_config("", {{"/no/such/file.toml"}, {}}).problems,
              ElementsAre(StartsWith("/no/such/file.toml: ")));
}

TEST_F(AlertOptions, AreReadOrAllIsAsItWas) {
  const std::string path = file("td.toml",
                                "[alerts]\nmax_rules = 0\n[alerts.rules.r]\nwhen = {}\n"
                                "[alerts.rules.s]\nwhen = {}\n");
  try {
    read_alert_config(path, std::vector<std::string>{});
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                AllOf(StartsWith(at(2)), HasSubstr("(2 more; tapedeck check-config")));
  }
}

TEST_F(AlertOptions, OfTheCommandLineAllowAddresses) {
  const std::string path = file("td.toml", "[alerts]\nallow_addresses = [\"10.0.0.0/8\"]\n");
  const AlertConfig config = read_alert_config(path, AlertArguments{{}, {"127.0.0.1"}});
  EXPECT_THAT(config.delivery.addresses.allowed, ElementsAre("10.0.0.0/8", "127.0.0.1"));
  EXPECT_THAT(check_alert_config(path, {{}, {"nowhere"}}).problems,
              ElementsAre(AllOf(StartsWith("--alert-allow-address: "), HasSubstr("nowhere"))));
}

TEST_F(AlertOptions, AreOptionsOfACommandToo) {
  CLI::App app;
  AlertArguments arguments;
  add_alert_options(app, arguments);
  app.parse("--alert-rules a.toml --alert-rules b.toml --alert-allow-address ::1");
  EXPECT_THAT(arguments.rule_files, ElementsAre("a.toml", "b.toml"));
  EXPECT_THAT(arguments.allow_addresses, ElementsAre("::1"));
}

TEST_F(AlertOptions, InTheConfigurationAreNoOptionsOfACommand) {
  CLI::App app;
  CLI::App* serve = app.add_subcommand("serve");
  std::string listen;
  serve->add_option("--listen", listen);
  AlertArguments arguments;
  add_alert_options(*serve, arguments);
  apply_config_file(
      file("td.toml", "listen = \"x\"\nalert_rules = [\"a.toml\"]\n[alerts]\nmax_rules = 5\n"),
      *serve);
  EXPECT_EQ(listen, "x");
  EXPECT_THAT(arguments.rule_files, ElementsAre("a.toml"));
  EXPECT_THROW(apply_config_file(file("bad.toml", "[serve.alerts]\nmax_rules = 5\n"), *serve),
               std::runtime_error);
}

}  // namespace
}  // namespace tapedeck::app
