// The options of `tapedeck run` that are about the engines: feed, strategies, money, limits and the
// paper broker.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "desk/engine_run_options.hpp"

namespace tapedeck::app {

/// What the command line says before it is put into place.
struct RunArguments {
  desk::EngineRunOptions engines;
  std::vector<std::string> strategy_set;  ///< NAME.PARAMETER=VALUE
  std::string decide_on;                  ///< timeframe
  std::string pnl_basis = "average";
  double entry_cutoff_minutes = 30;
  double square_off_minutes = 15;
  double ack_latency_ms = 25;
  std::string instruments;  ///< the dump
  universe::UniverseOptions universe;
  std::vector<std::string> universe_lists;  ///< NAME=FILE
  std::vector<std::string> strikes;         ///< UNDERLYING[:RANK[:N]]
  bool exit_at_end = false;
  bool list_strategies = false;
};

void add_run_options(CLI::App& command, RunArguments& arguments);

/// Call after parsing and after the configuration file.
/// @throws std::invalid_argument with a sentence that says what to do.
desk::EngineRunOptions engine_options(const RunArguments& arguments);

/// Every strategy with its parameters, for people.
std::string strategy_list();

}  // namespace tapedeck::app
