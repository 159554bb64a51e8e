// `tapedeck alerts …`: what fires, the rules, trying them over the past, acknowledging and
// silencing, and what could not be delivered, all through the API of a running server. For the main
// thread of the command line. Each returns the process's exit code; errors are one sentence on
// standard error.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/http_client.hpp"

namespace CLI {
class App;
}

namespace tapedeck::app {

class AlertsCommand {
 public:
  /// Adds the commands to the program; it must outlive `app`'s use.
  explicit AlertsCommand(CLI::App& app);
  AlertsCommand(const AlertsCommand&) = delete;
  AlertsCommand& operator=(const AlertsCommand&) = delete;

  /// @return the exit code when one of them was given; nothing otherwise.
  /// @throws std::invalid_argument for wrong usage
  std::optional<int> run();

 private:
  /// What they are told, each some of it.
  struct Arguments {
    std::string url;
    bool json = false;
    std::string name;  ///< of a rule, or the id of a delivery
    std::string file, by, reason, how_long, target, rule, severity;
    std::vector<std::string> group;  ///< name=value
    HttpClient::Parameters times;    ///< since, until, limit
    std::size_t limit = 100;
    bool all = false;
    bool dead = false;
  };
  using Action = int (AlertsCommand::*)();
  /// With arguments of its own: variables are read for commands that were not given, too.
  struct Command {
    CLI::App* app = nullptr;
    Action action = nullptr;
    Arguments arguments;
  };

  Command& add(CLI::App& parent, const char* name, const char* what, Action action);
  Command& add_for_rule(CLI::App& parent, const char* name, const char* what, Action action);
  void add_reading(CLI::App& alerts);
  void add_rule_changes(CLI::App& alerts);
  void add_acting(CLI::App& alerts);
  void add_deliveries(CLI::App& alerts);
  void add_backtest(CLI::App& alerts);
  static void add_list_options(Command& command);
  static void add_common(Command& command);
  static void add_whose(Command& command);
  static void add_who(Command& command);

  int list();
  int rules();
  int show();
  int put();
  int remove();
  int backtest();
  int acknowledge();
  int silence();
  int unsilence();
  int test();
  int deliveries();
  int resend();
  int discard();

  std::string rule_path(std::string_view action = {}) const;
  Result<std::string> ask(std::string_view method, const std::string& path,
                          const HttpClient::Parameters& parameters = {},
                          const std::string& body = {}) const;
  int print(const Result<std::string>& answer,
            const std::function<Result<std::string>(const std::string&)>& text,
            const char* when_empty) const;

  Command bare_;                  ///< `tapedeck alerts` alone, which is as `list`
  std::deque<Command> commands_;  ///< CLI11 writes into them, so they stay where they are
  Arguments given_;               ///< of the one that runs
};

}  // namespace tapedeck::app
