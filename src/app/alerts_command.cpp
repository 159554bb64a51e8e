#include "app/alerts_command.hpp"

#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <set>
#include <stdexcept>

#include "alert/rule.hpp"
#include "app/alert_file.hpp"
#include "app/alert_tables.hpp"
#include "app/answer_fields.hpp"
#include "app/command_support.hpp"
#include "app/read_options.hpp"
#include "app/terminal_text.hpp"
#include "app/time_words.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::app {
namespace {

constexpr const char* kAlertsPath = "/api/telemetry/alerts";
constexpr const char* kDeliveriesPath = "/api/telemetry/alert-deliveries";
constexpr std::size_t kMostEpisodes = 1000;  // the server's limits
constexpr std::size_t kMostDeliveries = 1000;

TextStyle style() {
  return {terminal_width(), isatty(STDOUT_FILENO) == 1};
}

CLI::Validator duration() {
  return {[](const std::string& text) -> std::string {
            if (alert::parse_duration(text)) return {};
            return text + ": must be a whole number and s, m, h or d, such as 30m";
          },
          "DURATION"};
}

void add_member(std::string& body, std::string_view name, std::string_view json_value) {
  body += body.empty() ? "{" : ",";
  body += json::quoted(name);
  body += ':';
  body += json_value;
}

/// `{"symbol":"NIFTY"}` of `symbol=NIFTY`. @throws std::invalid_argument
std::string group_json(const std::vector<std::string>& values) {
  std::string out;
  std::set<std::string> names;
  for (const std::string& value : values) {
    const std::size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw std::invalid_argument(fmt::format("--group {}: must be name=value", value));
    }
    const std::string name = value.substr(0, equals);
    if (!names.insert(name).second) {
      throw std::invalid_argument(fmt::format("--group: {} is named twice", name));
    }
    add_member(out, name, json::quoted(value.substr(equals + 1)));
  }
  return out + "}";
}

/// The members that are not empty, as an object.
std::string body_of(const std::vector<std::pair<std::string_view, std::string>>& texts,
                    const std::vector<std::string>& group) {
  std::string body;
  for (const auto& [name, text] : texts) {
    if (!text.empty()) add_member(body, name, json::quoted(text));
  }
  if (!group.empty()) add_member(body, "group", group_json(group));
  return body.empty() ? "{}" : body + "}";
}

Result<std::string> sentence(std::string text) {
  return std::move(text) + "\n";
}

/// "1 delivery waits" or "3 deliveries wait".
std::string counted(std::uint64_t count, std::string_view one, std::string_view more) {
  return count == 1 ? fmt::format("1 {}", one) : fmt::format("{} {}", with_commas(count), more);
}

std::uint64_t count_in(const std::string& answer, const char* name) {
  simdjson::dom::parser parser;
  std::uint64_t count = 0;
  return parser.parse(answer)[name].get(count) == simdjson::SUCCESS ? count : 0;
}

bool flag_in(const std::string& answer, const char* name) {
  simdjson::dom::parser parser;
  bool flag = false;
  return parser.parse(answer)[name].get(flag) == simdjson::SUCCESS && flag;
}

/// What the targets of a rule said. @param failed set when one of them did not take its message
Result<std::string> sent_text(const std::string& answer, bool& failed) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(answer).get(root) != simdjson::SUCCESS) return not_tapedeck();
  std::string out;
  for (const auto sent : list_at(root, "sent")) {
    const bool delivered = flag_at(sent, "delivered");
    failed = failed || !delivered;
    out += fmt::format("{}: {}\n", printable(text_at(sent, "target")),
                       delivered ? "delivered" : printable(text_at(sent, "error")));
  }
  return out;
}

}  // namespace

AlertsCommand::AlertsCommand(CLI::App& app) {
  CLI::App& alerts =
      *app.add_subcommand("alerts", "what fires now; rules, deliveries, trying and silencing");
  alerts.require_subcommand(0, 1);
  bare_ = {&alerts, &AlertsCommand::list, {}};
  add_list_options(bare_);
  add_reading(alerts);
  add_rule_changes(alerts);
  add_backtest(alerts);
  add_acting(alerts);
  add_deliveries(alerts);
}

AlertsCommand::Command& AlertsCommand::add(CLI::App& parent, const char* name, const char* what,
                                           Action action) {
  return commands_.emplace_back(Command{parent.add_subcommand(name, what), action, {}});
}

AlertsCommand::Command& AlertsCommand::add_for_rule(CLI::App& parent, const char* name,
                                                    const char* what, Action action) {
  Command& command = add(parent, name, what, action);
  add_common(command);
  command.app->add_option("rule", command.arguments.name, "the rule's name")->required();
  return command;
}

void AlertsCommand::add_common(Command& command) {
  add_url_option(*command.app, command.arguments.url);
  command.app->add_flag("--json", command.arguments.json, "the answer as JSON");
}

void AlertsCommand::add_list_options(Command& command) {
  add_common(command);
  CLI::App& app = *command.app;
  app.add_flag("--all", command.arguments.all, "also what fired lately and is over");
  app.add_option("--severity", command.arguments.severity,
                 "only info, warning, critical; or several");
  app.add_option("--rule", command.arguments.rule, "only of these rules, comma-separated");
}

void AlertsCommand::add_whose(Command& command) {
  command.app->add_option("--target", command.arguments.target, "only to this target");
  command.app->add_option("--rule", command.arguments.rule, "only of this rule");
}

void AlertsCommand::add_who(Command& command) {
  command.app->add_option("--group", command.arguments.group,
                          "only this group, as name=value; may be repeated");
  command.app->add_option("--by", command.arguments.by, "who does it")->envname("USER");
}

void AlertsCommand::add_reading(CLI::App& alerts) {
  add_list_options(add(alerts, "list", "what is pending or fires", &AlertsCommand::list));
  add_common(add(alerts, "rules", "the rules and how they are", &AlertsCommand::rules));
  add_for_rule(alerts, "show", "a rule's definition and its alerts", &AlertsCommand::show);
}

void AlertsCommand::add_rule_changes(CLI::App& alerts) {
  Command& put = add_for_rule(alerts, "put", "makes or replaces a rule", &AlertsCommand::put);
  put.app->add_option("file", put.arguments.file, "JSON, or a .toml; - is standard input")
      ->required();
  add_for_rule(alerts, "delete", "removes a rule", &AlertsCommand::remove);
}

void AlertsCommand::add_backtest(CLI::App& alerts) {
  Command& command =
      add_for_rule(alerts, "backtest", "when a rule would have fired", &AlertsCommand::backtest);
  const auto add_time = [&](const std::string& name, const std::string& help) {
    command.app->add_option_function<std::string>(
        "--" + name,
        [&arguments = command.arguments, name](const std::string& value) {
          arguments.times.emplace_back(name, time_parameter(value, now()));
        },
        help);
  };
  add_time("since", "from then on; default: as far back as there is");
  add_time("until", "up to then; default: now");
  command.app->add_option("--file", command.arguments.file,
                          "a draft to try instead, JSON or .toml; - is standard input");
  command.app->add_option("--limit,-n", command.arguments.limit, "firings shown at most")
      ->check(CLI::Range(std::size_t{1}, kMostEpisodes))
      ->capture_default_str();
  command.app->footer(
      "Times: 2025-11-18T09:15:00+05:30, or in IST: 09:15, today, yesterday, 2025-11-18,\n"
      "\"yesterday 15:30\", now; -30s, -15m, -2h, -3d, -1w ago.");
}

void AlertsCommand::add_acting(CLI::App& alerts) {
  add_who(
      add_for_rule(alerts, "ack", "says that somebody looks at it", &AlertsCommand::acknowledge));
  Command& quiet =
      add_for_rule(alerts, "silence", "nothing is sent for a time", &AlertsCommand::silence);
  add_who(quiet);
  quiet.app->add_option("--for", quiet.arguments.how_long, "30m, 1h, 2d")
      ->required()
      ->check(duration());
  quiet.app->add_option("--reason", quiet.arguments.reason, "why, for others");
  add_who(add_for_rule(alerts, "unsilence", "ends a silence", &AlertsCommand::unsilence));
  add_for_rule(alerts, "test", "sends a message to the rule's targets", &AlertsCommand::test);
}

void AlertsCommand::add_deliveries(CLI::App& alerts) {
  Command& all = add(alerts, "deliveries", "what waits to be told, and what was given up",
                     &AlertsCommand::deliveries);
  add_common(all);
  all.app->add_flag("--dead", all.arguments.dead, "only what was given up");
  all.app->add_option("--limit,-n", all.arguments.limit, "how many at most")
      ->check(CLI::Range(std::size_t{1}, kMostDeliveries))
      ->capture_default_str();
  add_whose(all);
  Command& again = add(alerts, "resend", "tries what was given up again", &AlertsCommand::resend);
  add_common(again);
  again.app->add_option("id", again.arguments.name, "of a delivery");
  again.app->add_flag("--all", again.arguments.all, "all that were given up");
  add_whose(again);
  Command& discard = add(alerts, "discard", "forgets a delivery", &AlertsCommand::discard);
  add_common(discard);
  discard.app->add_option("id", discard.arguments.name, "of a delivery")->required();
}

std::optional<int> AlertsCommand::run() {
  if (!*bare_.app) return std::nullopt;
  const Command* chosen = &bare_;
  for (const Command& command : commands_) {
    if (*command.app) chosen = &command;
  }
  given_ = chosen->arguments;
  return (this->*chosen->action)();
}

// --- asking and printing ---

std::string AlertsCommand::rule_path(std::string_view action) const {
  return fmt::format("{}/{}{}{}", kAlertsPath, url_part(given_.name), action.empty() ? "" : "/",
                     action);
}

Result<std::string> AlertsCommand::ask(std::string_view method, const std::string& path,
                                       const HttpClient::Parameters& parameters,
                                       const std::string& body) const {
  HttpClient client(given_.url);
  auto answer = client.send(method, path, parameters, body);
  if (!answer) return std::move(answer).error();
  if (answer->status != 200 && answer->status != 201) {
    return Error{"refused", error_sentence(answer->status, answer->body), ""};
  }
  return std::move(answer->body);
}

/// Prints an answer, as it is or as text.
/// @param when_empty what is said on standard error when there is no text
int AlertsCommand::print(const Result<std::string>& answer,
                         const std::function<Result<std::string>(const std::string&)>& text,
                         const char* when_empty) const {
  if (!answer) return fail(answer.error().message);
  const Result<std::string> shown = given_.json ? answer : text(*answer);
  if (!shown) return fail(shown.error().message);
  std::cout << *shown;
  if (shown->empty()) fmt::print(stderr, "tapedeck: {}\n", when_empty);
  return finish_output();
}

// --- the commands ---

int AlertsCommand::list() {
  HttpClient::Parameters parameters = {{"parts", "alerts,status"}};
  if (!given_.all) parameters.emplace_back("state", "pending,firing");
  if (!given_.severity.empty()) parameters.emplace_back("severity", given_.severity);
  if (!given_.rule.empty()) parameters.emplace_back("rule", given_.rule);
  const auto answer = ask("GET", kAlertsPath, parameters);
  const int code = print(
      answer, [](const std::string& text) { return alerts_table(text, style()); },
      given_.all ? "nothing has fired" : "nothing fires");
  if (code == kExitDone && flag_in(*answer, "truncated")) {
    fmt::print(stderr, "tapedeck: that is not all: narrow it with --severity or --rule\n");
  }
  return code;
}

int AlertsCommand::rules() {
  return print(
      ask("GET", kAlertsPath, {{"parts", "rules"}}),
      [](const std::string& text) { return alert_rules_table(text, style()); },
      "there are no rules");
}

int AlertsCommand::show() {
  return print(
      ask("GET", rule_path()),
      [](const std::string& text) { return alert_rule_text(text, style()); }, "");
}

int AlertsCommand::put() {
  const auto rule = read_rule_file(given_.name, given_.file);
  if (!rule) return fail(rule.error().message);
  return print(
      ask("PUT", rule_path(), {}, *rule),
      [this](const std::string& text) {
        return sentence(fmt::format("rule {} is {}", given_.name,
                                    flag_in(text, "created") ? "made" : "replaced"));
      },
      "");
}

int AlertsCommand::remove() {
  return print(
      ask("DELETE", rule_path()),
      [this](const std::string&) { return sentence(fmt::format("rule {} is gone", given_.name)); },
      "");
}

int AlertsCommand::backtest() {
  std::string draft;
  if (!given_.file.empty()) {
    auto read = read_rule_file(given_.name, given_.file);
    if (!read) return fail(read.error().message);
    draft = std::move(read).value();
  }
  HttpClient::Parameters parameters = given_.times;
  parameters.emplace_back("limit", std::to_string(given_.limit));
  return print(
      ask("POST", rule_path("test"), parameters, draft),
      [](const std::string& text) { return backtest_text(text, style()); }, "");
}

int AlertsCommand::acknowledge() {
  const std::string body = body_of({{"by", given_.by}}, given_.group);
  return print(
      ask("POST", rule_path("acknowledge"), {}, body),
      [](const std::string& text) {
        return sentence(
            counted(count_in(text, "acknowledged"), "alert acknowledged", "alerts acknowledged"));
      },
      "");
}

int AlertsCommand::silence() {
  const std::string body = body_of(
      {{"for", given_.how_long}, {"by", given_.by}, {"reason", given_.reason}}, given_.group);
  return print(
      ask("POST", rule_path("silence"), {}, body),
      [this](const std::string& text) -> Result<std::string> {
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        if (parser.parse(text).get(root) != simdjson::SUCCESS) return not_tapedeck();
        const std::string_view until = text_at(root, "silenced_until");
        return sentence(until.empty() ? fmt::format("{} is silent no more", given_.name)
                                      : fmt::format("{} is silent until {} IST", given_.name,
                                                    ist_date_and_time(until)));
      },
      "");
}

int AlertsCommand::unsilence() {
  given_.how_long = "0s";
  return silence();
}

int AlertsCommand::test() {
  bool failed = false;
  const int code = print(
      ask("POST", rule_path("test"), {{"send", "true"}}),
      [&](const std::string& text) { return sent_text(text, failed); },
      "the rule names no target in notify, so nothing was sent");
  return failed ? kExitFailed : code;
}

int AlertsCommand::deliveries() {
  HttpClient::Parameters parameters = {{"limit", std::to_string(given_.limit)}};
  if (given_.dead) parameters.emplace_back("state", "dead");
  if (!given_.target.empty()) parameters.emplace_back("target", given_.target);
  if (!given_.rule.empty()) parameters.emplace_back("rule", given_.rule);
  return print(
      ask("GET", kDeliveriesPath, parameters),
      [](const std::string& text) { return deliveries_table(text, style()); },
      given_.dead ? "nothing was given up" : "nothing waits");
}

int AlertsCommand::resend() {
  if (given_.all == !given_.name.empty()) {
    throw std::invalid_argument("alerts resend: give the id of a delivery, or --all");
  }
  if (!given_.all && (!given_.target.empty() || !given_.rule.empty())) {
    throw std::invalid_argument("alerts resend ID: --target and --rule go with --all");
  }
  HttpClient::Parameters parameters;
  if (!given_.target.empty()) parameters.emplace_back("target", given_.target);
  if (!given_.rule.empty()) parameters.emplace_back("rule", given_.rule);
  const std::string path =
      given_.all ? "/api/telemetry/alert-dead-letters/resend"
                 : fmt::format("{}/{}/resend", kDeliveriesPath, url_part(given_.name));
  return print(
      ask("POST", path, parameters),
      [](const std::string& text) {
        return sentence(
            counted(count_in(text, "resent"), "delivery waits again", "deliveries wait again"));
      },
      "");
}

int AlertsCommand::discard() {
  return print(
      ask("DELETE", fmt::format("{}/{}", kDeliveriesPath, url_part(given_.name))),
      [this](const std::string&) {
        return sentence(fmt::format("delivery {} is forgotten", given_.name));
      },
      "");
}

}  // namespace tapedeck::app
