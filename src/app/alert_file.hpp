// A file with an alert rule: JSON as the API takes it, or TOML as the configuration has it.
// Reads the file; any thread.
#pragma once

#include <string>

#include "base/error.hpp"

namespace tapedeck::app {

/// @param path `-`: standard input. What is called *.toml is TOML: the rule's keys, or a table
/// `[alerts.rules.NAME]`, whose name is the rule's.
/// @return JSON, which the server checks. Error codes: unreadable, malformed_toml.
Result<std::string> read_rule_file(const std::string& rule, const std::string& path);

/// The TOML of a rule as JSON. @param path for messages
/// Error code: malformed_toml.
Result<std::string> rule_json_of_toml(const std::string& rule, const std::string& toml,
                                      const std::string& path);

}  // namespace tapedeck::app
