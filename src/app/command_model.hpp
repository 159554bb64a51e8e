// The command line as data: what CLI11 knows of commands and options, in the shape that manual
// pages and completions are written from, so that neither can say anything the program does not do.
// Plain values; any thread.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace tapedeck::app {

/// What an option's value is, for completion.
enum class ValueKind : unsigned char { none, text, choice, event_types, file, folder };

struct OptionModel {
  std::vector<std::string> names;  ///< `--limit`, `-n`; of a positional its bare name
  bool positional = false;
  bool required = false;
  bool repeatable = false;  ///< takes several values
  ValueKind kind = ValueKind::none;
  std::string type;                 ///< `TEXT`, `UINT`, `FILE`…; empty for a flag
  std::vector<std::string> values;  ///< of a choice
  std::string range;                ///< `1 to 60`, `0 or more`; empty: any
  std::string default_text;         ///< empty: none
  std::string variable;             ///< environment; empty: none
  std::string description;
  bool operator==(const OptionModel&) const = default;
};

struct CommandModel {
  std::string name;  ///< the words after the program's name, such as `universe refresh`
  std::string description;
  std::string footer;
  std::vector<OptionModel> options;
  std::vector<CommandModel> commands;
};

/// All but what is hidden (of no group).
CommandModel command_model(const CLI::App& app);

/// The names of the event types the program knows.
std::vector<std::string> known_event_types();

}  // namespace tapedeck::app
