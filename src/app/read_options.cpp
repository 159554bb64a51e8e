#include "app/read_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>

#include "app/time_words.hpp"

namespace tapedeck::app {
namespace {

constexpr const char* kTimeHelp =
    "Times: 2025-11-18T09:15:00+05:30, an event id, or in IST: 09:15, today, yesterday,\n"
    "2025-11-18, \"yesterday 15:30\", now; -30s, -15m, -2h, -3d, -1w ago.";

/// An option that is passed on as the parameter of the API of the same name.
CLI::Option* add_parameter(CLI::App& command, HttpClient::Parameters& parameters,
                           const std::string& name, const std::string& help) {
  std::string parameter = name;
  std::replace(parameter.begin(), parameter.end(), '-', '_');
  return command.add_option_function<std::string>(
      "--" + name,
      [&parameters, parameter](const std::string& value) {
        parameters.emplace_back(parameter, value);
      },
      help);
}

CLI::Option* add_time(CLI::App& command, HttpClient::Parameters& parameters,
                      const std::string& name, const std::string& help) {
  return command.add_option_function<std::string>(
      "--" + name,
      [&parameters, name](const std::string& value) {
        parameters.emplace_back(name, time_parameter(value, now()));
      },
      help);
}

void add_filters(CLI::App& command, HttpClient::Parameters& parameters,
                 std::initializer_list<const char*> names) {
  for (const char* name : names) {
    add_parameter(command, parameters, name, "only these, comma-separated");
  }
}

/// What every event can be selected by.
void add_event_filters(CLI::App& command, HttpClient::Parameters& parameters) {
  add_filters(command, parameters,
              {"event-type", "symbol", "exchange", "strategy", "engine", "engine-id", "host",
               "account", "mode", "run-id", "order-id", "correlation-id"});
  add_parameter(command, parameters, "filter",
                "only those of which it is true: payload.qty * payload.price > 1e6");
}

void add_json_flag(CLI::App& command, bool& json, const char* help) {
  command.add_flag("--json", json, help);
}

bool has(const HttpClient::Parameters& parameters, std::string_view name) {
  return std::any_of(parameters.begin(), parameters.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

/// A stream never ends by itself. One whose end lies in the past is a play-back at full speed.
void end_in_the_past(HttpClient::Parameters& parameters) {
  if (has(parameters, "speed") || !has(parameters, "since")) return;
  for (const auto& [name, value] : parameters) {
    if (name != "until") continue;
    const auto until = parse_rfc3339(value);
    if (until && *until > now()) return;
    parameters.emplace_back("speed", "0");
    return;
  }
}

}  // namespace

void add_url_option(CLI::App& command, std::string& url) {
  url = "http://localhost:9000";
  command.add_option("--url", url, "the server")->envname("TAPEDECK_URL")->capture_default_str();
}

ReadCommands::ReadCommands(CLI::App& app) {
  add_tail(app);
  add_query(app);
  add_latest(app);
  add_aggregates(app);
  add_trades(app);
  add_export(app);
}

void ReadCommands::add_tail(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "tail", "live events in the terminal (times in IST), or the past played back");
  tail_command_ = &command;
  add_url_option(command, tail_.url);
  add_json_flag(command, tail_.json, "NDJSON");
  add_event_filters(command, tail_.filters);
  CLI::Option* since = add_time(command, tail_.filters, "since", "begin with what was then");
  add_time(command, tail_.filters, "until", "end there; with --since");
  command.add_option_function<std::string>(
      "--last", [this](const std::string& value) { tail_.filters.emplace_back("replay", value); },
      "begin with the last N");
  CLI::Option* speed = add_parameter(
      command, tail_.filters, "speed",
      "play the past back, then end: 1 as it happened, 60 an hour a minute, 0 at once");
  speed->needs(since);
  add_parameter(command, tail_.filters, "gaps",
                "keep: play pauses of more than a minute as long as they were")
      ->check(CLI::IsMember({"keep", "shorten"}))
      ->needs(speed);
  command.footer(kTimeHelp);
}

void ReadCommands::add_query(CLI::App& app) {
  CLI::App& command = *app.add_subcommand("query", "the newest events that match, newest last");
  query_command_ = &command;
  add_url_option(command, query_.url);
  add_json_flag(command, query_.json, "NDJSON, an event a line");
  add_event_filters(command, query_.filters);
  add_time(command, query_.filters, "since", "from then on");
  add_time(command, query_.filters, "until", "up to then");
  auto* limit = command.add_option("--limit,-n", query_.limit, "events at most")
                    ->check(CLI::Range(std::size_t{1}, QueryOptions::kMaxLimit))
                    ->capture_default_str();
  auto* in = command.add_option("--in", query_.in, "only what is in the buffer, or the history")
                 ->check(CLI::IsMember({"buffer", "store"}));
  auto* cursor =
      command.add_option("--cursor", query_.cursor, "older ones, from where an answer ended");
  command.add_flag("--all", query_.all, "everything that matches, oldest first, as it comes")
      ->excludes(limit)
      ->excludes(in)
      ->excludes(cursor);
  command.footer(kTimeHelp);
}

void ReadCommands::add_latest(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "latest", "the newest event of each symbol, strategy, engine; or as of then");
  latest_command_ = &command;
  add_url_option(command, latest_.url);
  add_json_flag(command, latest_.json, "NDJSON, an event a line");
  add_event_filters(command, latest_.parameters);
  add_parameter(command, latest_.parameters, "by",
                "of each combination of these; default: type,symbol,strategy,engine");
  add_time(command, latest_.parameters, "at", "as it was at that moment");
  add_time(command, latest_.parameters, "since", "nothing older");
  command.footer(kTimeHelp);
}

void ReadCommands::add_aggregates(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("aggregates", "counts, sums, averages, percentiles by time");
  aggregates_command_ = &command;
  HttpClient::Parameters& parameters = aggregates_.parameters;
  add_url_option(command, aggregates_.url);
  add_json_flag(command, aggregates_.json, "the answer as JSON");
  add_parameter(command, parameters, "metric",
                "count (default), rate; sum, avg, min, max, p50, p90, p99 of a --field");
  add_parameter(command, parameters, "field", "a number in the payload, such as price");
  add_parameter(
      command, parameters, "group-by",
      "type, symbol, strategy, engine, engine_id, host, account, mode, status; or several");
  add_parameter(command, parameters, "interval", "1s, 1m (default), 5m, 1h, 1d");
  add_time(command, parameters, "since", "from then on; default: an hour before --until");
  add_time(command, parameters, "until", "up to then; default: now");
  add_event_filters(command, parameters);
  command.footer(kTimeHelp);
}

void ReadCommands::add_trades(CLI::App& app) {
  CLI::App& command = *app.add_subcommand(
      "trades", "decisions and what became of them, newest last; with an ID one of them in full");
  trades_command_ = &command;
  HttpClient::Parameters& parameters = trades_.parameters;
  add_url_option(command, trades_.url);
  add_json_flag(command, trades_.json, "the answer as JSON");
  command.add_option("id", trades_.id, "correlation id or order id");
  add_filters(command, parameters,
              {"symbol", "exchange", "strategy", "engine-id", "host", "account", "mode", "run-id",
               "order-id", "correlation-id"});
  add_parameter(
      command, parameters, "outcome",
      "vetoed, signalled, working, filled, partially_filled, rejected, cancelled, expired, "
      "unknown, error; or several");
  add_parameter(command, parameters, "side", "BUY or SELL");
  add_time(command, parameters, "since", "decided from then on");
  add_time(command, parameters, "until", "decided up to then");
  add_parameter(command, parameters, "limit", "trades at most, up to 1000; default 100")
      ->check(CLI::Range(1, 1000));
  add_parameter(command, parameters, "cursor", "older ones, from where an answer ended");
  command.footer(kTimeHelp);
}

void ReadCommands::add_export(CLI::App& app) {
  CLI::App& command =
      *app.add_subcommand("export", "everything that matches, oldest first, as NDJSON or CSV");
  export_command_ = &command;
  add_url_option(command, export_.url);
  add_event_filters(command, export_.filters);
  add_time(command, export_.filters, "since", "from then on");
  add_time(command, export_.filters, "until", "up to then");
  command
      .add_option("--format", export_.format,
                  "ndjson or csv; default: as the output's name ends, else ndjson")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  command.add_option("--columns", export_.columns,
                     "of CSV, comma-separated: id, type, timestamp, source.NAME, payload fields");
  command
      .add_option("--output,-o", export_.output,
                  "a file, written as FILE.part until it is whole; default: standard output")
      ->type_name("FILE");
  command.add_flag("--gzip", export_.gzip, "compress; a FILE.gz always is");
  command.footer(kTimeHelp);
}

std::optional<int> ReadCommands::run() {
  if (*tail_command_) {
    end_in_the_past(tail_.filters);
    return run_tail(tail_);
  }
  if (*query_command_) return run_query(query_);
  if (*latest_command_) return run_latest(latest_);
  if (*aggregates_command_) return run_aggregates(aggregates_);
  if (*trades_command_) {
    if (!trades_.id.empty() && !trades_.parameters.empty()) {
      throw std::invalid_argument("trades ID shows one trade; leave the other options out");
    }
    return run_trades(trades_);
  }
  if (*export_command_) return run_export(export_);
  return std::nullopt;
}

}  // namespace tapedeck::app
