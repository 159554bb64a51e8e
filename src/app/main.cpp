// The command line: one program, `tapedeck`, and its commands (contract §9).
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/alert_options.hpp"
#include "app/alerts_command.hpp"
#include "app/auth_options.hpp"
#include "app/check_config_command.hpp"
#include "app/client_commands.hpp"
#include "app/command_support.hpp"
#include "app/config_file.hpp"
#include "app/generate_command.hpp"
#include "app/history_options.hpp"
#include "app/keys_command.hpp"
#include "app/kill_command.hpp"
#include "app/read_options.hpp"
#include "app/run_options.hpp"
#include "app/serve_command.hpp"
#include "app/store_command.hpp"
#include "app/universe_command.hpp"
#include "server/server.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck::app {
namespace {

constexpr int kFailed = 1, kWrongUsage = 2;

struct CommonServe {
  std::string listen = "127.0.0.1:9000";
  std::string config;
  std::string collector = "balanced";
  unsigned heartbeat_s = 15;
  unsigned coalesce_ms = 0;
  unsigned drain_ms = 1500;
  unsigned drain_delay_ms = 0;
  std::string log_format = "text";
  HistoryArguments history;
  AuthArguments auth;
  AlertArguments alerts;
};

void split_listen(const std::string& text, ServerOptions& server) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    throw std::invalid_argument("--listen " + text +
                                ": must be address:port, such as 127.0.0.1:9000");
  }
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (address == "localhost" || address.empty()) address = "127.0.0.1";
  unsigned short port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc{} || stop != end || colon + 1 == text.size()) {
    throw std::invalid_argument("--listen " + text + ": the port must be a number from 0 to 65535");
  }
  server.listen_address = address;
  server.listen_port = port;
}

/// What one address and one key may take, and all together.
void add_limit_options(CLI::App& command, ServerOptions& server) {
  const auto usual = [](const std::string& what, double value) {
    return fmt::format("{}; default: {}, none for loopback and without auth; 0: no limit", what,
                       value);
  };
  const auto add = [&](const char* name, auto& value, const std::string& text) {
    command.add_option(name, value, text)->check(CLI::NonNegativeNumber);
  };
  add("--max-connections-per-address", server.max_connections_per_address,
      usual("open connections of one address", ServerOptions::kConnectionsPerAddress));
  add("--requests-per-second-per-address", server.requests_per_second_per_address,
      usual("requests of one address", ServerOptions::kRequestsPerSecondPerAddress));
  add("--requests-per-second", server.requests_per_second,
      usual("requests with one key", ServerOptions::kRequestsPerSecond));
  add("--publish-events-per-second", server.publish_events_per_second,
      usual("events published with one key", ServerOptions::kPublishEventsPerSecond));
  add("--publish-bytes-per-second", server.publish_bytes_per_second,
      usual("bytes published with one key", ServerOptions::kPublishBytesPerSecond));
  command
      .add_option("--max-subscriptions-per-connection", server.max_subscriptions_per_connection,
                  "subscriptions of one WebSocket")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--max-request-bytes-in-flight", server.max_request_bytes_in_flight,
                  "memory for request bodies and unsent answers of all; at least --max-body-bytes")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_log_options(CLI::App& command, CommonServe& common, ServeOptions& options) {
  command.add_option("--log-level", options.log.level, "what is told of diagnostics")
      ->envname("TAPEDECK_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  command.add_option("--log-format", common.log_format, "of diagnostics; json: one object a line")
      ->envname("TAPEDECK_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command
      .add_option("--log-file", options.log.file,
                  "where diagnostics go, opened again on SIGHUP; default: standard error")
      ->envname("TAPEDECK_LOG_FILE");
  command.add_flag("--access-log", options.server.access_log,
                   "tell of each request at log level info, not debug");
}

void add_serve_options(CLI::App& command, CommonServe& common, ServeOptions& options) {
  add_limit_options(command, options.server);
  command.add_option("--listen", common.listen, "address:port; port 0 picks a free one")
      ->envname("TAPEDECK_LISTEN")
      ->capture_default_str();
  command.add_option("--config", common.config, "TOML file with these options")
      ->envname("TAPEDECK_CONFIG")
      ->check(CLI::ExistingFile);
  add_history_options(command, common.history);
  add_auth_options(command, common.auth);
  add_alert_options(command, common.alerts);
  command
      .add_option("--held-bytes", options.bus.held_bytes,
                  "memory for encoded events beyond --log-bytes while the history lags")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 40))
      ->capture_default_str();
  command.add_option("--buffer-size", options.bus.buffer_size, "events that default reads see")
      ->envname("TAPEDECK_BUFFER_SIZE")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}))
      ->capture_default_str();
  command.add_option("--log-bytes", options.bus.log_bytes, "memory for encoded events, in bytes")
      ->envname("TAPEDECK_LOG_BYTES")
      ->check(CLI::Range(std::size_t{4} << 20, std::size_t{1} << 40))
      ->capture_default_str();
  command.add_option("--collector", common.collector, "how eagerly events are collected")
      ->envname("TAPEDECK_COLLECTOR")
      ->check(CLI::IsMember({"balanced", "low_latency", "economy"}))
      ->capture_default_str();
  command
      .add_option("--heartbeat", common.heartbeat_s, "seconds of quiet before a stream's heartbeat")
      ->check(CLI::Range(1U, 60U))
      ->capture_default_str();
  command.add_option("--coalesce-ms", common.coalesce_ms, "hold events back to send them together")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str();
  command
      .add_option("--max-connections", options.server.max_connections, "open connections at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--max-body-bytes", options.server.body_bytes, "largest request body")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--max-ws-message-bytes", options.server.ws_message_bytes,
                  "largest message of a WebSocket client, inflated or not")
      ->check(CLI::Range(std::size_t{1024}, std::size_t{1} << 30))
      ->capture_default_str();
  command.add_option("--max-header-bytes", options.server.header_bytes, "largest request header")
      ->check(CLI::Range(std::size_t{256}, std::size_t{1} << 20))
      ->capture_default_str();
  command.add_option("--io-threads", options.server.io_threads, "network threads; 0: one a core")
      ->check(CLI::Range(0U, 256U))
      ->capture_default_str();
  auto* certificate = command.add_option("--tls-cert", options.server.tls.certificate_file,
                                         "certificate with its chain (PEM): serves HTTPS");
  auto* key = command.add_option("--tls-key", options.server.tls.key_file,
                                 "its private key (PEM), which only its owner may read");
  certificate->needs(key);
  key->needs(certificate);
  command
      .add_option("--hsts-seconds", options.server.hsts_seconds,
                  "with TLS: browsers use https only for so long; 0: do not say")
      ->check(CLI::Range(0U, 63'072'000U))
      ->capture_default_str();
  command.add_flag("--compression,!--no-compression", options.server.compression,
                   "gzip and permessage-deflate for clients that accept them (the default)");
  command
      .add_option("--compression-level", options.server.compression_level,
                  "1 (quickest) to 9 (smallest)")
      ->check(CLI::Range(1, 9))
      ->capture_default_str();
  command.add_option("--allowed-host", options.server.allowed_hosts,
                     "name by which this server may be called (Host)");
  command.add_option("--allowed-origin", options.server.allowed_origins,
                     "web origin whose pages may call (scheme://host[:port])");
  command.add_option("--trusted-proxy", options.server.trusted_proxies,
                     "proxy whose word about the client's address is believed, an address or CIDR; "
                     "may be repeated");
  add_log_options(command, common, options);
  command
      .add_option("--drain-ms", common.drain_ms,
                  "how long clients have to go when the server stops, in ms")
      ->check(CLI::Range(0U, 600'000U))
      ->capture_default_str();
  command
      .add_option("--drain-delay-ms", common.drain_delay_ms,
                  "before that, how long only /readyz says that the server stops, in ms")
      ->check(CLI::Range(0U, 600'000U))
      ->capture_default_str();
}

/// `serve` or `run`, with what its options set; made anew to read the configuration again.
struct ServeCommand {
  ServeCommand(CLI::App& app, std::string_view name);
  /// Call after parsing: reads the configuration file and puts together what it and the flags say.
  ServeOptions complete();

  CLI::App* command = nullptr;
  CommonServe common;
  ServeOptions options;
  std::optional<RunArguments> arguments;  // run
};

ServeCommand::ServeCommand(CLI::App& app, std::string_view name) {
  const bool runs = name == "run";
  command = app.add_subcommand(std::string(name), runs ? "the server and the four engines"
                                                       : "the server; events come from outside");
  add_serve_options(*command, common, options);
  if (runs) add_run_options(*command, arguments.emplace());
}

ServeOptions ServeCommand::complete() {
  if (!common.config.empty()) apply_config_file(common.config, *command);
  split_listen(common.listen, options.server);
  options.server.heartbeat = std::chrono::seconds(common.heartbeat_s);
  options.server.coalesce = std::chrono::milliseconds(common.coalesce_ms);
  options.server.drain_timeout = std::chrono::milliseconds(common.drain_ms);
  options.server.drain_delay = std::chrono::milliseconds(common.drain_delay_ms);
  options.log.format = common.log_format == "json" ? LogFormat::json : LogFormat::text;
  options.bus.collector = common.collector == "low_latency" ? CollectorPolicy::low_latency
                          : common.collector == "economy"   ? CollectorPolicy::economy
                                                            : CollectorPolicy::balanced;
  if (arguments) {
    options.engines = engine_options(*arguments);
    options.exit_at_end = arguments->exit_at_end;
  }
  options.store = history_options(common.history);
  options.server.auth = auth_options(common.auth, common.history.store.folder);
  options.audit_log = audit_log_path(common.auth, common.history.store.folder);
  for (const CLI::Option* option : command->get_options()) {
    if (!option->get_lnames().empty()) {
      options.given[option->get_lnames().front()] = option->results();
    }
  }
  return options;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

/// The options of one command from arguments, on a command line of their own.
/// @param commands all there are, whose tables a configuration may have
/// @param with_variables whether the environment counts
ServeOptions read_serve_options(const std::string& name, std::vector<std::string> arguments,
                                const std::vector<std::string>& commands, bool with_variables) {
  CLI::App app("", "tapedeck");
  ServeCommand serve(app, name);
  for (const std::string& other : commands) {
    if (other != name) app.add_subcommand(other);
  }
  if (!with_variables) {
    for (CLI::Option* option : serve.command->get_options()) option->envname("");
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  app.parse(std::move(arguments));
  return serve.complete();
}

int serve(ServeCommand& command, const std::vector<std::string>& arguments,
          const std::vector<std::string>& commands) {
  ServeOptions options = command.complete();
  options.read_again = [name = command.command->get_name(), arguments, commands] {
    return read_serve_options(name, arguments, commands, true);
  };
  return run_serve(std::move(options));
}

int check_config(const CheckConfigOptions& options, const std::vector<std::string>& commands) {
  return run_check_config(options, [&] {
    const ServeOptions read = read_serve_options(
        options.command, {options.command, "--config", options.file}, commands, false);
    if (const auto problem = Server::problem(read.server)) {
      throw std::invalid_argument(problem->message);
    }
    return AlertArguments{read.given.at("alert-rules"), read.given.at("alert-allow-address")};
  });
}

void add_kill_options(CLI::App& command, KillOptions& options) {
  command.add_option("--pid", options.pids,
                     "only these processes; default: all runs of this user on this machine");
  command.add_option("--url", options.url,
                     "through this server instead of a signal to the engines' process");
  command.add_option("--target", options.target, "with --url: engine_id or name; * for all")
      ->capture_default_str();
  command.add_option("--reason", options.reason, "with --url: told to everybody");
  command.add_option("--timeout-ms", options.timeout_ms, "how long to wait for the engines")
      ->capture_default_str();
}

int dispatch(int argc, char** argv) {
  CLI::App app("Tapedeck: real-time strategy and market telemetry", "tapedeck");
  app.set_version_flag("--version", "tapedeck " + std::string(kVersion));
  app.require_subcommand(1);
  app.footer("docs: README.md, docs/; the page: http://localhost:9000/");

  // Options of their own for each command: variables are read for commands that were not given,
  // too.
  ServeCommand serve_command(app, "serve");
  ServeCommand run_command(app, "run");
  CheckConfigOptions check;
  CLI::App* check_command =
      app.add_subcommand("check-config", "whether a configuration file is in order");
  add_check_config_options(*check_command, check);

  ReadCommands read_commands(app);

  PublishOptions publish;
  CLI::App* publish_command =
      app.add_subcommand("publish", "publish one event, or NDJSON from standard input");
  add_url_option(*publish_command, publish.url);
  publish_command->add_flag("--json", publish.json, "the answers as JSON");
  publish_command->add_option("type", publish.type, "event type; none: NDJSON on standard input");
  publish_command->add_option("fields", publish.fields,
                              "payload as name=value; values may be JSON");
  publish_command->add_option("--payload", publish.payload, "payload as a JSON object");
  publish_command->add_option("--timestamp", publish.timestamp, "RFC 3339; default: now");

  KillOptions kill, resume;
  resume.command = "resume";
  CLI::App* kill_command =
      app.add_subcommand("kill", "the kill switch: cancels what is at work and blocks new entries");
  add_kill_options(*kill_command, kill);
  kill_command->add_option("--command", kill.command, "with --url: flatten or square_off instead")
      ->check(CLI::IsMember({"kill", "flatten", "square_off"}));
  CLI::App* resume_command = app.add_subcommand("resume", "takes the kill switch back");
  add_kill_options(*resume_command, resume);

  UniverseRefreshOptions refresh;
  CLI::App* universe_command = app.add_subcommand("universe", "what can be watched and traded");
  universe_command->require_subcommand(1);
  CLI::App* refresh_command = universe_command->add_subcommand(
      "refresh", "reads an instrument dump, judges it and keeps it for --instruments");
  add_universe_options(*refresh_command, refresh);

  BackupOptions backup{default_data_dir(), {}, false};
  CLI::App* backup_command =
      app.add_subcommand("backup", "copies the history, also while a server runs");
  add_backup_options(*backup_command, backup);
  RestoreOptions restore{{}, default_data_dir(), false};
  CLI::App* restore_command = app.add_subcommand("restore", "puts a backup back into a new folder");
  add_restore_options(*restore_command, restore);
  VerifyOptions verify{default_data_dir(), false};
  CLI::App* verify_command = app.add_subcommand("verify", "whether the history is sound");
  add_verify_options(*verify_command, verify);

  KeysCommand keys(app);
  AlertsCommand alerts(app);

  StatsOptions stats;
  CLI::App* stats_command = app.add_subcommand("stats", "what the server holds and has seen");
  add_url_option(*stats_command, stats.url);
  stats_command->add_flag("--json", stats.json, "the answer as JSON");

  GenerateOptions generate_options;
  const CLI::App* generate_command = add_generate_command(app, generate_options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "tapedeck: {}\nRun with --help for more information.\n", error.what());
    return kWrongUsage;
  }
  if (*generate_command) {
    fmt::print("{}", generate(app, generate_options));
    return finish_output();
  }
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (*serve_command.command) return serve(serve_command, words, names_of_commands(app));
  if (*run_command.command && run_command.arguments->list_strategies) {
    fmt::print("{}", strategy_list());
    return 0;
  }
  if (*run_command.command) return serve(run_command, words, names_of_commands(app));
  if (*check_command) return check_config(check, names_of_commands(app));
  if (const auto code = read_commands.run()) return *code;
  if (const auto code = keys.run()) return *code;
  if (const auto code = alerts.run()) return *code;
  if (*publish_command) return run_publish(publish);
  if (*kill_command) return run_kill(kill);
  if (*refresh_command) return run_universe_refresh(refresh);
  if (*resume_command) return run_kill(resume);
  if (*backup_command) return run_backup(backup);
  if (*restore_command) return run_restore(restore);
  if (*verify_command) return run_verify(verify);
  return run_stats(stats);
}

}  // namespace
}  // namespace tapedeck::app

int main(int argc, char** argv) {
  try {
    return tapedeck::app::dispatch(argc, argv);
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "tapedeck: {}\n", error.what());
    return tapedeck::app::kWrongUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "tapedeck: {}\n", error.what());
    return tapedeck::app::kFailed;
  }
}
