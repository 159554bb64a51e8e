// The options of serve and run about alerts, and the tables that say what is to be told to whom:
// `[alerts]` of the configuration file and of further files:
//
//   [alerts]                  delivery (dispatcher.hpp) and limits: max_rules (1 to 100000),
//                             max_groups (1 to 1000000), max_firings_per_minute (1 to 100000),
//                             max_resolved (0 to 100000), save_interval ("100ms" to "1m")
//   [alerts.heartbeat]        url, interval
//   [alerts.targets.NAME]     target.hpp
//   [alerts.rules.NAME]       rule.hpp
//
// Nothing may be given twice, in one file or in two. For the main thread of the command line.
#pragma once

#include <string>
#include <vector>

#include "alert/alert_service.hpp"
#include "alert/dispatcher.hpp"
#include "alert/rule.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

struct AlertArguments {
  std::vector<std::string> rule_files;
  std::vector<std::string> allow_addresses;  ///< beside those of the files
};
void add_alert_options(CLI::App& command, AlertArguments& arguments);

struct AlertConfig {
  std::vector<alert::Rule> rules;  ///< by file, then by name
  alert::DeliveryOptions delivery;
  alert::AlertLimits limits;
};

struct CheckedAlerts {
  AlertConfig config;                 ///< what could be read
  std::vector<std::string> problems;  ///< `FILE:LINE: rule NAME: sentence`, in order of the files
};
/// @param config_file may be empty
CheckedAlerts check_alert_config(const std::string& config_file, const AlertArguments& arguments);

/// @throws std::runtime_error with the first problem, and how many more there are.
AlertConfig read_alert_config(const std::string& config_file, const AlertArguments& arguments);
AlertConfig read_alert_config(const std::string& config_file,
                              const std::vector<std::string>& rule_files);

}  // namespace tapedeck::app
