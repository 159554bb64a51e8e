// The options of the commands that read a running server: tail, query, latest, aggregates, trades,
// export. Filters are the API's parameters; times may be words (time_words.hpp).
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "app/client_commands.hpp"
#include "app/export_command.hpp"
#include "app/query_commands.hpp"

namespace tapedeck::app {

/// --url (TAPEDECK_URL)
void add_url_option(CLI::App& command, std::string& url);

/// The subcommands with their options. Lives as long as the CLI::App, which writes into it.
class ReadCommands {
 public:
  explicit ReadCommands(CLI::App& app);
  ReadCommands(const ReadCommands&) = delete;
  ReadCommands& operator=(const ReadCommands&) = delete;

  /// Runs the one that was given. @return its exit code; nothing when it was none of these.
  std::optional<int> run();

 private:
  void add_tail(CLI::App& app);
  void add_query(CLI::App& app);
  void add_latest(CLI::App& app);
  void add_aggregates(CLI::App& app);
  void add_trades(CLI::App& app);
  void add_export(CLI::App& app);

  TailOptions tail_;
  QueryOptions query_;
  LatestOptions latest_;
  AggregatesOptions aggregates_;
  TradesOptions trades_;
  ExportOptions export_;
  CLI::App* tail_command_ = nullptr;
  CLI::App* query_command_ = nullptr;
  CLI::App* latest_command_ = nullptr;
  CLI::App* aggregates_command_ = nullptr;
  CLI::App* trades_command_ = nullptr;
  CLI::App* export_command_ = nullptr;
};

}  // namespace tapedeck::app
