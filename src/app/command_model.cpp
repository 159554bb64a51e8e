#include "app/command_model.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string_view>
#include <tuple>
#include <utility>

#include "tapedeck/events.hpp"

namespace tapedeck::app {
namespace {

/// `a,b,c` -> a, b, c
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (;;) {
    const std::size_t comma = text.find(',');
    words.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return words;
    text.remove_prefix(comma + 1);
  }
}

/// One of the colon-separated parts of CLI11's type name: what a check says of itself.
void read_check(std::string_view check, OptionModel& model) {
  if (check.starts_with('{') && check.ends_with('}')) {
    model.values = split(check.substr(1, check.size() - 2));
    model.kind = ValueKind::choice;
  } else if (const std::size_t in = check.find(" in ["); in != std::string_view::npos) {
    std::string range(check.substr(in + 5, check.size() - in - 6));
    if (const std::size_t dash = range.find(" - "); dash != std::string::npos) {
      range.replace(dash, 3, " to ");
    }
    model.range = std::move(range);
  } else if (check == "POSITIVE") {
    model.range = "more than 0";
  } else if (check == "NONNEGATIVE") {
    model.range = "0 or more";
  } else if (check == "FILE" || check == "DIR") {
    model.type = check;
  }
}

/// The type name is `TYPE:check:check`.
void read_type(std::string_view text, OptionModel& model) {
  const std::size_t colon = text.find(':');
  model.type = text.substr(0, colon);
  if (model.type.empty()) model.type = "TEXT";
  model.kind = ValueKind::text;
  while (text.find(':') != std::string_view::npos) {
    text.remove_prefix(text.find(':') + 1);
    read_check(text.substr(0, text.find(':')), model);
  }
  if (model.type == "FILE") model.kind = ValueKind::file;
  if (model.type == "DIR") model.kind = ValueKind::folder;
}

/// Defaults may lie in the home of whoever asks; the pages are for everybody.
std::string without_home(std::string text) {
  const char* home = std::getenv("HOME");
  const std::string prefix = home != nullptr ? std::string(home) + '/' : std::string();
  if (prefix.size() > 1 && text.starts_with(prefix)) text.replace(0, prefix.size() - 1, "~");
  return text;
}

OptionModel option_model(const CLI::Option& option) {
  OptionModel model;
  model.positional = option.get_positional();
  if (model.positional) model.names.push_back(option.get_name(true, false));
  if (!model.positional) {
    for (const std::string& name : option.get_lnames()) model.names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) model.names.push_back("-" + name);
  }
  model.required = option.get_required();
  model.variable = option.get_envname();
  model.description = option.get_description();
  if (option.get_items_expected_max() == 0) return model;  // a flag
  model.repeatable = option.get_items_expected_max() > 1;
  model.default_text = without_home(option.get_default_str());
  read_type(option.get_type_name(), model);
  const bool names_types =
      model.names.front() == "--event-type" || (model.positional && model.names.front() == "type");
  if (names_types) model.kind = ValueKind::event_types;
  return model;
}

CommandModel model_of(const CLI::App& app, const std::string& name) {
  CommandModel model{name, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) model.options.push_back(option_model(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;
    const std::string prefix = name.empty() ? "" : name + ' ';
    model.commands.push_back(model_of(*command, prefix + command->get_name()));
  }
  return model;
}

}  // namespace

CommandModel command_model(const CLI::App& app) {
  return model_of(app, "");
}

std::vector<std::string> known_event_types() {
  return []<std::size_t... I>(std::index_sequence<I...>) {
    return std::vector<std::string>{
        std::string(std::tuple_element_t<I, detail::KnownEvents>::type)...};
  }
  (std::make_index_sequence<detail::kKnownEventCount>{});
}

}  // namespace tapedeck::app
