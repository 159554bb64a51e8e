#include "app/config_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <stdexcept>

namespace tapedeck::app {
namespace {

std::string as_text(const toml::node& node, const std::string& where) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  throw std::runtime_error(where +
                           ": must be a string, a number, true or false, or a list of them");
}

void set_option(CLI::Option& option, const toml::node& node, const std::string& where) {
  if (const auto* list = node.as_array()) {
    for (const toml::node& element : *list) option.add_result(as_text(element, where));
  } else {
    option.add_result(as_text(node, where));
  }
  try {
    option.run_callback();
  } catch (const CLI::Error& error) {
    throw std::runtime_error(where + ": " + error.what());
  }
}

/// `[strategies.momentum]` with `stop_atr = 2.5` is `--strategy-set momentum.stop_atr=2.5`; a flag
/// that sets the same parameter wins.
void apply_strategies(const toml::table& strategies, const std::string& path, CLI::App& command) {
  CLI::Option* option = command.get_option_no_throw("--strategy-set");
  if (option == nullptr) return;  // a command without engines
  const std::vector<std::string> flags = option->results();
  for (const auto& [strategy, node] : strategies) {
    const std::string where =
        fmt::format("{}:{}: {}", path, node.source().begin.line, strategy.str());
    if (!node.is_table()) throw std::runtime_error(where + ": must be a table of parameters");
    for (const auto& [parameter, value] : *node.as_table()) {
      const std::string name = fmt::format("{}.{}=", strategy.str(), parameter.str());
      if (std::any_of(flags.begin(), flags.end(),
                      [&](const std::string& flag) { return flag.starts_with(name); })) {
        continue;
      }
      option->add_result(name +
                         as_text(value, fmt::format("{}:{}: {}", path, value.source().begin.line,
                                                    parameter.str())));
    }
  }
  option->run_callback();
}

void apply_table(const toml::table& table, const std::string& path, CLI::App& command,
                 const std::vector<std::string>& commands) {
  for (const auto& [key, node] : table) {
    const std::string where = fmt::format("{}:{}: {}", path, node.source().begin.line, key.str());
    if (node.is_table()) {
      if (key.str() == "strategies") {
        apply_strategies(*node.as_table(), path, command);
      } else if (key.str() == command.get_name()) {
        apply_table(*node.as_table(), path, command, commands);
      } else if (std::find(commands.begin(), commands.end(), key.str()) == commands.end()) {
        throw std::runtime_error(where + ": there is no such command");
      }
      continue;
    }
    std::string name(key.str());
    std::replace(name.begin(), name.end(), '_', '-');
    CLI::Option* option = command.get_option_no_throw("--" + name);
    if (option == nullptr || name == "config") {
      throw std::runtime_error(fmt::format(
          "{}: there is no such option; tapedeck {} --help lists them", where, command.get_name()));
    }
    if (option->count() == 0) set_option(*option, node, where);
  }
}

}  // namespace

void apply_config_file(const std::string& path, CLI::App& command) {
  std::vector<std::string> commands;
  for (const CLI::App* other : command.get_parent()->get_subcommands(nullptr)) {
    commands.push_back(other->get_name());
  }
  try {
    toml::table table = toml::parse_file(path);
    table.erase("alerts");  // no options: read_alert_config reads them
    apply_table(table, path, command, commands);
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(
        fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
  }
}

}  // namespace tapedeck::app
