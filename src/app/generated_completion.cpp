#include "app/generated_completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>

namespace tapedeck::app {
namespace {

void for_each_command(const CommandModel& command,
                      const std::function<void(const CommandModel&)>& visit) {
  visit(command);
  for (const CommandModel& inner : command.commands) for_each_command(inner, visit);
}

std::string last_word(const std::string& name) {
  return name.substr(name.rfind(' ') + 1);
}

/// In single quotes of a shell; fish reads `\'` inside of them, the others must leave them.
std::string quoted(const std::string& text, const char* apostrophe) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += apostrophe;
    } else {
      out += c;
    }
  }
  return out + '\'';
}

// --- bash ---

constexpr const char* kBashHead =
    R"sh(# bash completion for tapedeck, made by `tapedeck generate completion bash`

_tapedeck_words() { # words
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_tapedeck_list() { # words of which a comma list is made
    local before=
    [[ $cur != *,* ]] || before=${cur%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
    compopt -o nospace 2>/dev/null
}
_tapedeck_paths() { # -f or -d
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$cur")
}

_tapedeck() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= i
    COMPREPLY=()
    # bash makes three words of --option=value.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${COMP_WORDS[i]}" in
)sh";

std::string bash_action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format("_tapedeck_words '{}'", fmt::join(option.values, " "));
    case ValueKind::event_types:
      return fmt::format("{} '{}'", option.positional ? "_tapedeck_words" : "_tapedeck_list",
                         fmt::join(known_event_types(), " "));
    case ValueKind::file:
      return "_tapedeck_paths -f";
    case ValueKind::folder:
      return "_tapedeck_paths -d";
    default:
      return ":";  // anything may stand there
  }
}

std::string bash_words(const CommandModel& command) {
  std::string options;
  for (const OptionModel& option : command.options) {
    if (!option.positional) options += fmt::format("{} ", fmt::join(option.names, " "));
  }
  std::string commands;
  for (const CommandModel& inner : command.commands) commands += last_word(inner.name) + ' ';
  std::string other = ":";
  if (!commands.empty()) {
    other = fmt::format("_tapedeck_words '{}'", commands);
  } else {
    for (const OptionModel& option : command.options) {
      if (!option.positional) continue;
      other = bash_action(option);
      break;
    }
  }
  return fmt::format(
      "        '{}')\n            if [[ $cur == -* ]]; then\n"
      "                _tapedeck_words '{}'\n            else\n                {}\n"
      "            fi\n            ;;\n",
      command.name, options, other);
}

// --- zsh ---

/// In the description of a spec, brackets and colons have a meaning.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::choice:
      return fmt::format("({})", fmt::join(option.values, " "));
    case ValueKind::event_types:
      return option.positional
                 ? fmt::format("({})", fmt::join(known_event_types(), " "))
                 : fmt::format(" _values -s , type {}", fmt::join(known_event_types(), " "));
    case ValueKind::file:
      return "_files";
    case ValueKind::folder:
      return "_files -/";
    default:
      return " ";
  }
}

void append_zsh_option(std::string& out, const OptionModel& option, unsigned& position) {
  const auto add = [&](const std::string& spec) {
    out += " \\\n                " + quoted(spec, "'\\''");
  };
  if (option.positional) {
    const std::string place = option.repeatable ? "*" : std::to_string(++position);
    add(fmt::format("{}:{}:{}", place, zsh_text(option.names.front()), zsh_action(option)));
    return;
  }
  const std::string value = option.kind == ValueKind::none
                                ? ""
                                : fmt::format(":{}:{}", zsh_text(option.type), zsh_action(option));
  for (const std::string& name : option.names) {
    const bool takes_equals = option.kind != ValueKind::none && name.starts_with("--");
    add(fmt::format("{}{}{}[{}]{}", option.repeatable ? "*" : "", name, takes_equals ? "=" : "",
                    zsh_text(option.description), value));
  }
}

void append_zsh_commands(std::string& out, const CommandModel& program) {
  for (const CommandModel& command : program.commands) {
    out += fmt::format("        ({})\n", command.name);
    out += "            _arguments -s";
    unsigned position = 0;
    for (const OptionModel& option : command.options) append_zsh_option(out, option, position);
    for (const CommandModel& inner : command.commands) {
      out += fmt::format(" \\\n                '1:command:({})'", last_word(inner.name));
      for (const OptionModel& option : inner.options) append_zsh_option(out, option, position);
    }
    out += "\n            ;;\n";
  }
}

// --- fish ---

std::string fish_quoted(const std::string& text) {
  return quoted(text, "\\'");
}

std::string fish_action(const OptionModel& option) {
  switch (option.kind) {
    case ValueKind::none:
      return "";
    case ValueKind::choice:
      return fmt::format(" -x -a '{}'", fmt::join(option.values, " "));
    case ValueKind::event_types:
      return option.positional ? fmt::format(" -x -a '{}'", fmt::join(known_event_types(), " "))
                               : fmt::format(" -x -a '(__fish_append , {})'",
                                             fmt::join(known_event_types(), " "));
    case ValueKind::file:
      return " -r -F";
    case ValueKind::folder:
      return " -x -a '(__fish_complete_directories)'";
    default:
      return " -x";
  }
}

void append_fish_option(std::string& out, const std::string& condition, const OptionModel& option) {
  out += fmt::format("complete -c tapedeck -n {}", condition);
  if (!option.positional) {
    for (const std::string& name : option.names) {
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
  }
  out += fish_action(option);
  if (!option.positional) out += " -d " + fish_quoted(option.description);
  out += '\n';
}

}  // namespace

std::string bash_completion(const CommandModel& program) {
  std::string out = kBashHead;
  std::map<std::string, std::string> options_by_action;  // actions are few, options many
  std::string words;
  for_each_command(program, [&](const CommandModel& command) {
    words += bash_words(command);
    if (!command.name.empty()) {
      const bool nested = command.name.find(' ') != std::string::npos;
      out += fmt::format("            '{}{}') command='{}' ;;\n", nested ? "" : " ", command.name,
                         command.name);
    }
    for (const OptionModel& option : command.options) {
      if (option.positional || option.kind == ValueKind::none) continue;
      for (const std::string& name : option.names) {
        std::string& patterns = options_by_action[bash_action(option)];
        patterns += fmt::format("{}'{}:{}'", patterns.empty() ? "" : " | ", command.name, name);
      }
    }
  });
  out += "        esac\n    done\n    case \"$command:$prev\" in\n";
  for (const auto& [action, patterns] : options_by_action) {
    out += fmt::format("        {})\n            {}\n            return\n            ;;\n",
                       patterns, action);
  }
  out += "    esac\n    case \"$command\" in\n" + words;
  return out + "    esac\n}\ncomplete -F _tapedeck tapedeck\n";
}

std::string zsh_completion(const CommandModel& program) {
  std::string out =
      "#compdef tapedeck\n# zsh completion for tapedeck, made by `tapedeck generate completion "
      "zsh`\n\n"
      "_tapedeck() {\n    local curcontext=$curcontext state line\n    local -A opt_args\n"
      "    local -a commands\n    commands=(\n";
  for (const CommandModel& command : program.commands) {
    out += "        " + quoted(command.name + ':' + zsh_text(command.description), "'\\''") + '\n';
  }
  out += "    )\n    _arguments -C";
  unsigned position = 0;
  for (const OptionModel& option : program.options) append_zsh_option(out, option, position);
  out +=
      " \\\n        '1:command:->command' \\\n        '*::argument:->argument' && return\n"
      "    case $state in\n    (command)\n        _describe command commands\n        ;;\n"
      "    (argument)\n        curcontext=\"${curcontext%:*}-$words[1]:\"\n"
      "        case $words[1] in\n";
  append_zsh_commands(out, program);
  return out +
         "        esac\n        ;;\n    esac\n}\n\n"
         "if [ \"$funcstack[1]\" = _tapedeck ]; then\n    _tapedeck \"$@\"\nelse\n"
         "    compdef _tapedeck tapedeck\nfi\n";
}

std::string fish_completion(const CommandModel& program) {
  std::string out =
      "# fish completion for tapedeck, made by `tapedeck generate completion fish`\n\n"
      "complete -c tapedeck -f\n";
  for_each_command(program, [&](const CommandModel& command) {
    const bool is_program = command.name.empty();
    const std::string seen = "__fish_seen_subcommand_from " + last_word(command.name);
    std::string inner_names;
    for (const CommandModel& inner : command.commands) inner_names += ' ' + last_word(inner.name);
    for (const OptionModel& option : command.options) {
      append_fish_option(out, is_program ? "__fish_use_subcommand" : fish_quoted(seen), option);
    }
    const std::string none_yet =
        is_program ? "__fish_use_subcommand"
                   : fish_quoted(seen + "; and not __fish_seen_subcommand_from" + inner_names);
    for (const CommandModel& inner : command.commands) {
      out += fmt::format("complete -c tapedeck -n {} -a {} -d {}\n", none_yet,
                         last_word(inner.name), fish_quoted(inner.description));
    }
  });
  return out;
}

}  // namespace tapedeck::app
