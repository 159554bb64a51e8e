#include "app/alert_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <stdexcept>

#include "app/alert_config_reader.hpp"

namespace tapedeck::app {

void add_alert_options(CLI::App& command, AlertArguments& arguments) {
  command
      .add_option("--alert-rules", arguments.rule_files,
                  "TOML file with tables [alerts.rules.NAME] and [alerts.targets.NAME], beside "
                  "those of --config; may be repeated")
      ->envname("TAPEDECK_ALERT_RULES");
  command.add_option("--alert-allow-address", arguments.allow_addresses,
                     "private address or CIDR that alerts may be sent to, beside those of "
                     "`allow_addresses`; may be repeated");
}

CheckedAlerts check_alert_config(const std::string& config_file, const AlertArguments& arguments) {
  AlertConfigReader reader;
  if (!config_file.empty()) reader.add_file(config_file, AlertConfigReader::Holds::anything);
  for (const std::string& file : arguments.rule_files) {
    reader.add_file(file, AlertConfigReader::Holds::alerts_only);
  }
  return reader.finish(arguments.allow_addresses);
}

AlertConfig read_alert_config(const std::string& config_file, const AlertArguments& arguments) {
  CheckedAlerts checked = check_alert_config(config_file, arguments);
  if (checked.problems.empty()) return std::move(checked.config);
  const std::size_t more = checked.problems.size() - 1;
  throw std::runtime_error(
      checked.problems.front() +
      (more == 0 ? "" : fmt::format(" ({} more; tapedeck check-config lists them)", more)));
}

AlertConfig read_alert_config(const std::string& config_file,
                              const std::vector<std::string>& rule_files) {
  return read_alert_config(config_file, AlertArguments{rule_files, {}});
}

}  // namespace tapedeck::app
