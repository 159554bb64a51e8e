#include "app/kill_command.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "app/http_client.hpp"
#include "app/run_registry.hpp"
#include "event/json_writer.hpp"

namespace tapedeck::app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kDone = 0, kFailed = 1;
constexpr int kLookEveryMs = 10;
/// After the first engine's answer: the others of the same process follow at once.
constexpr auto kFurtherAnswers = std::chrono::milliseconds{250};

int fail(std::string_view sentence) {
  fmt::print(stderr, "tapedeck: {}\n", sentence);
  return kFailed;
}

bool is_chosen(const KillOptions& options, pid_t pid) {
  return options.pids.empty() ||
         std::find(options.pids.begin(), options.pids.end(), pid) != options.pids.end();
}

/// Waits until a run shows the wanted state, is gone, or time is up.
std::string outcome_of(const RunInfo& run, bool killed, Clock::time_point until) {
  for (;;) {
    const auto runs = list_runs();
    const auto now = std::find_if(runs.begin(), runs.end(),
                                  [&](const RunInfo& other) { return other.pid == run.pid; });
    if (now == runs.end()) return "the process has ended";
    if (now->commands != run.commands) {
      return now->killed == killed ? "" : "its engines have refused";
    }
    if (Clock::now() >= until) return "no answer from its engines";
    poll(nullptr, 0, kLookEveryMs);
  }
}

int kill_by_signal(const KillOptions& options) {
  if (options.command != "kill" && options.command != "resume") {
    return fail(options.command + " goes through the server; give --url");
  }
  const bool killing = options.command == "kill";
  std::vector<RunInfo> runs;
  for (RunInfo& run : list_runs()) {
    if (is_chosen(options, run.pid)) runs.push_back(std::move(run));
  }
  if (runs.empty()) {
    return fail("there is no such run of this user on this machine; use --url for another one");
  }
  // All signals first: the second run must not wait for the first.
  std::map<pid_t, std::string> problems;
  for (const RunInfo& run : runs) {
    if (::kill(run.pid, killing ? SIGUSR1 : SIGUSR2) != 0) {
      problems[run.pid] = std::strerror(errno);
    }
  }
  int code = kDone;
  const auto until = Clock::now() + std::chrono::milliseconds{options.timeout_ms};
  for (const RunInfo& run : runs) {
    std::string problem = problems[run.pid];
    if (problem.empty()) problem = outcome_of(run, killing, until);
    if (!problem.empty()) code = kFailed;
    fmt::print("{}: process {} ({}, account {}): {}\n", options.command, run.pid, run.url,
               run.account, problem.empty() ? "done" : problem);
  }
  return code;
}

std::string request_body(const KillOptions& options) {
  std::string body = "{\"command\":";
  json::append_string(body, options.command);
  body += ",\"target\":";
  json::append_string(body, options.target);
  body += ",\"by\":\"tapedeck\"";
  if (!options.reason.empty()) {
    body += ",\"reason\":";
    json::append_string(body, options.reason);
  }
  return body + "}";
}

/// Prints the answers to a request that are new.
/// @return how many were printed; `failed` is set when one is not `done`
std::size_t print_answers(const std::string& body, const std::string& id, std::size_t known,
                          bool& failed) {
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array events;
  if (parser.parse(body).get(answer) != simdjson::SUCCESS ||
      answer["events"].get(events) != simdjson::SUCCESS) {
    return known;
  }
  std::size_t seen = 0;
  for (const simdjson::dom::element event : events) {
    const auto text = [&](const char* name) {
      std::string_view value;
      return event["payload"][name].get(value) == simdjson::SUCCESS ? value : std::string_view();
    };
    if (text("request_id") != id || ++seen <= known) continue;
    fmt::print("{}: {}: {}{}{}\n", text("command"), text("target"), text("state"),
               text("reason").empty() ? "" : ": ", text("reason"));
    failed |= text("state") != "done";
  }
  return std::max(seen, known);
}

int kill_by_api(const KillOptions& options) {
  HttpClient client(options.url);
  const auto posted =
      client.post("/api/telemetry/commands", "application/json", request_body(options));
  if (!posted) return fail(posted.error().message);
  if (posted->status != 200) return fail(error_sentence(posted->status, posted->body));
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  std::string_view id_text;
  if (parser.parse(posted->body).get(answer) != simdjson::SUCCESS ||
      answer["id"].get(id_text) != simdjson::SUCCESS) {
    return fail("the server's answer names no command; is it Tapedeck?");
  }
  const std::string id(id_text);
  std::size_t answers = 0;
  bool failed = false;
  auto until = Clock::now() + std::chrono::milliseconds{options.timeout_ms};
  while (Clock::now() < until) {
    const auto found =
        client.get("/api/telemetry/events",
                   {{"event_type", "command_event"}, {"since", id}, {"limit", "1000"}});
    if (!found) return fail(found.error().message);
    const std::size_t before = answers;
    answers = print_answers(found->body, id, answers, failed);
    if (before == 0 && answers > 0) until = std::min(until, Clock::now() + kFurtherAnswers);
    poll(nullptr, 0, kLookEveryMs);
  }
  if (answers == 0) return fail("the command is published; no engine has answered");
  return failed ? kFailed : kDone;
}

}  // namespace

int run_kill(const KillOptions& options) {
  return options.url.empty() ? kill_by_signal(options) : kill_by_api(options);
}

}  // namespace tapedeck::app
