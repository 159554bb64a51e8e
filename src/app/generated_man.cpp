#include "app/generated_man.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "tapedeck/version.hpp"

namespace tapedeck::app {
namespace {

const CommandModel& command_named(const CommandModel& program, const std::string& name) {
  return *std::find_if(program.commands.begin(), program.commands.end(),
                       [&](const CommandModel& command) { return command.name == name; });
}

bool has_option(const CommandModel& command, const OptionModel& option) {
  return std::find(command.options.begin(), command.options.end(), option) != command.options.end();
}

std::string header(const char* title, int section, const std::string& date) {
  return fmt::format(
      ".\\\" made by `tapedeck generate man`; do not edit\n.TH {} {} \"{}\" \"tapedeck {}\" "
      "\"Tapedeck\"\n",
      title, section, date, kVersion);
}

/// The word for a value: what may stand there.
std::string value_word(const OptionModel& option) {
  if (option.kind == ValueKind::choice) return fmt::format("{}", fmt::join(option.values, "|"));
  return option.type;
}

/// Sentences behind the description: range, default, variable.
std::string facts(const OptionModel& option) {
  std::string out;
  if (!option.range.empty()) out += "Range: " + roff_text(option.range) + ".\n";
  if (!option.default_text.empty()) out += "Default: " + roff_text(option.default_text) + ".\n";
  if (option.repeatable) out += "May be given several times.\n";
  if (!option.variable.empty()) {
    out += fmt::format("Variable:\n.BR {} .\n", roff_text(option.variable));
  }
  return out;
}

std::string description(const OptionModel& option) {
  return option.description.empty() ? "" : roff_text(option.description) + ".\n";
}

std::string option_entry(const OptionModel& option) {
  std::string names;
  for (const std::string& name : option.names) {
    if (!names.empty()) names += ", ";
    names += fmt::format("\\fB{}\\fR", roff_text(name));
  }
  if (option.kind != ValueKind::none && !option.positional) {
    names += fmt::format(" \\fI{}\\fR", roff_text(value_word(option)));
  }
  return ".TP\n" + names + '\n' + description(option) + facts(option);
}

std::string synopsis(const CommandModel& command) {
  std::string out = fmt::format(".B tapedeck {}\n", roff_text(command.name));
  if (!command.commands.empty()) return out + ".I COMMAND\n";
  out += ".RI [ OPTIONS ]\n";
  for (const OptionModel& option : command.options) {
    if (!option.positional) continue;
    const std::string name = roff_text(option.names.front()) + (option.repeatable ? "..." : "");
    out += option.required ? fmt::format(".I {}\n", name) : fmt::format(".RI [ {} ]\n", name);
  }
  return out;
}

/// Commands without commands of their own, in order.
std::vector<const CommandModel*> leaves(const CommandModel& program) {
  std::vector<const CommandModel*> found;
  for (const CommandModel& command : program.commands) {
    if (command.commands.empty()) found.push_back(&command);
    for (const CommandModel& inner : command.commands) found.push_back(&inner);
  }
  return found;
}

std::string command_section(const CommandModel& command, const CommandModel& serve) {
  std::string out = fmt::format(".SS tapedeck {}\n", roff_text(command.name));
  out += roff_text(command.description) + ".\n";
  const bool is_run = command.name == "run";
  if (is_run) out += ".PP\nIt has every option of\n.B tapedeck serve\nand these:\n";
  for (const OptionModel& option : command.options) {
    if (option.names.front() == "--help" || (is_run && has_option(serve, option))) continue;
    out += option_entry(option);
  }
  return out;
}

/// Every variable with the options it stands for.
std::string environment_section(const CommandModel& program) {
  std::map<std::string, std::string> options;
  for (const CommandModel* command : leaves(program)) {
    for (const OptionModel& option : command->options) {
      if (!option.variable.empty()) options[option.variable] = option.names.front();
    }
  }
  std::string out = ".SH ENVIRONMENT\n";
  for (const auto& [variable, option] : options) {
    out +=
        fmt::format(".TP\n.B {}\nDefault of\n.BR {} .\n", roff_text(variable), roff_text(option));
  }
  out +=
      ".TP\n.B NOTIFY_SOCKET\nA service manager that is told when Tapedeck serves, reloads and "
      "stops.\n"
      ".TP\n.B WATCHDOG_USEC\nThe manager is pinged within this time, as long as every thread "
      "that serves moves.\n"
      ".TP\n.BR LISTEN_PID ,\\  LISTEN_FDS\nA socket that the manager opened takes the place of\n"
      ".BR \\-\\-listen .\n";
  return out;
}

constexpr const char* kProgramEnd = R"(.SH FILES
.TP
.I ~/.local/share/tapedeck
The history, unless
.B \-\-data\-dir
names another folder.
.TP
.I /etc/tapedeck/tapedeck.toml
What the service of the Debian package reads.
.SH SIGNALS
.TP
.BR SIGINT ,\  SIGTERM
What was accepted is stored, streams are told and closed, the process ends with 0.
.TP
.B SIGHUP
The configuration is read again.
.TP
.BR SIGUSR1 ,\  SIGUSR2
The kill switch of
.B tapedeck run
and its way back.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed.
.TP
.B 2
Wrong usage.
.SH EXAMPLES
.EX
tapedeck run \-\-feed sim
tapedeck tail \-\-event\-type order_event
tapedeck publish signal_event symbol=NIFTY strategy_name=demo signal=BUY
curl \-N http://localhost:9000/api/telemetry/stream
.EE
.SH SEE ALSO
.BR tapedeck.toml (5)
)";

constexpr const char* kConfigStart = R"(.SH NAME
tapedeck.toml \- configuration of tapedeck serve and tapedeck run
.SH SYNOPSIS
.B tapedeck serve \-\-config
.I FILE
.SH DESCRIPTION
A TOML file whose keys are the long options of
.BR tapedeck (1),
with _ or \- between their words. A key at the top counts for both commands, one in the table
.B [serve]
or
.B [run]
for that command. Options on the command line win over variables, variables over the file. A key
that is no option is an error that names the line.
.PP
Parameters of strategies are in tables of their own:
.B [strategies.momentum]
with
.B stop_atr = 3
is
.BR "\-\-strategy\-set momentum.stop_atr=3" .
.SH EXAMPLE
.EX
buffer_size = 20000

[serve]
listen = "127.0.0.1:9000"
log_level = "warn"
.EE
)";

constexpr const char* kConfigEnd = R"(.SH FILES
.TP
.I /etc/tapedeck/tapedeck.toml
What the service of the Debian package reads.
.SH SEE ALSO
.BR tapedeck (1)
)";

std::string toml_type(const OptionModel& option) {
  std::string word = "string";
  if (option.kind == ValueKind::none) word = "true or false";
  if (option.type == "INT" || option.type == "UINT") word = "integer";
  if (option.type == "FLOAT") word = "number";
  return option.repeatable ? word + ", or a list of them" : word;
}

std::string key_entry(const OptionModel& option) {
  std::string key = option.names.front().substr(2);
  std::replace(key.begin(), key.end(), '-', '_');
  std::string out =
      fmt::format(".TP\n\\fB{}\\fR (\\fI{}\\fR)\n", roff_text(key), toml_type(option));
  out += description(option);
  if (!option.values.empty()) {
    out +=
        fmt::format("One of {}.\n", roff_text(fmt::format("{}", fmt::join(option.values, ", "))));
  }
  return out + facts(option);
}

bool is_key(const OptionModel& option) {
  const std::string& name = option.names.front();
  return !option.positional && name != "--help" && name != "--config" &&
         name != "--list-strategies";
}

}  // namespace

std::string roff_text(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c == '.' || c == '\'') && (i == 0 || text[i - 1] == '\n')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == 0xE2 && text.compare(i, 3, "…") == 0) {
      out += "...";
      i += 2;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

std::string program_page(const CommandModel& program, const std::string& date) {
  std::string out = header("TAPEDECK", 1, date);
  out += ".SH NAME\ntapedeck \\- real\\-time strategy and market telemetry\n.SH SYNOPSIS\n";
  const auto commands = leaves(program);
  for (const CommandModel* command : commands) {
    if (command != commands.front()) out += ".br\n";
    out += synopsis(*command);
  }
  out +=
      ".SH DESCRIPTION\nTapedeck takes the events of trading engines, orders and keeps them, and "
      "streams them to whoever\nasks: terminals, pages, programs. Each command has\n.BR "
      "\\-\\-help .\n.SH COMMANDS\n";
  const CommandModel& serve = command_named(program, "serve");
  std::string footers;
  for (const CommandModel* command : commands) {
    out += command_section(*command, serve);
    // Commands that read share their notes on how times are written.
    const bool own = !command->footer.empty() && command->footer != program.footer;
    if (own && footers.find(command->footer) == std::string::npos) footers += command->footer;
  }
  if (!footers.empty()) out += ".SH TIMES\n.EX\n" + roff_text(footers) + "\n.EE\n";
  return out + environment_section(program) + kProgramEnd;
}

std::string config_page(const CommandModel& program, const std::string& date) {
  std::string out = header("TAPEDECK.TOML", 5, date) + kConfigStart;
  const CommandModel& serve = command_named(program, "serve");
  const CommandModel& run = command_named(program, "run");
  out += ".SH KEYS OF BOTH COMMANDS\n";
  for (const OptionModel& option : serve.options) {
    if (is_key(option)) out += key_entry(option);
  }
  out += ".SH KEYS OF TAPEDECK RUN\n";
  for (const OptionModel& option : run.options) {
    if (is_key(option) && !has_option(serve, option)) out += key_entry(option);
  }
  return out + kConfigEnd;
}

}  // namespace tapedeck::app
