// AlertConfigReader: collects what one or more TOML files say about alerts, then reads it, and goes
// on behind a mistake, so that all of them can be told at once. One thread.
#pragma once

#include <toml++/toml.h>

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/alert_options.hpp"
#include "base/error.hpp"

namespace tapedeck::app {

class AlertConfigReader {
 public:
  enum class Holds { anything, alerts_only };

  void add_file(const std::string& path, Holds holds);
  /// Call once. @param allow_addresses of the command line
  CheckedAlerts finish(const std::vector<std::string>& allow_addresses);

 private:
  struct File {
    std::string path;
    toml::table table{};
  };
  /// Something that was given, and where.
  struct Place {
    std::size_t file = 0;
    const toml::node* node = nullptr;
  };
  using Places = std::map<std::string, Place, std::less<>>;
  struct Problem {
    std::size_t file = 0;
    unsigned line = 0;  ///< 0: of the file as a whole
    std::string sentence;
  };

  void read_alerts(const toml::table& alerts);
  void add_tables(const toml::node& node, std::string_view what, Places& places);
  void add(std::string_view what, std::string_view name, const toml::node& node, Places& places);

  void read_limits();
  void read_delivery(const std::vector<std::string>& allow_addresses);
  void read_targets();
  void read_rules();
  void check_notify(const std::string& name, const alert::Rule& rule);
  std::string notify_problem(const std::string& entry, std::size_t number) const;

  /// The settings of these names as JSON, taken out of what is still to be read.
  /// @param names nothing: all
  std::string take_settings(const std::vector<std::string_view>* names);
  void complain_setting(const Error& error, const Places& places);
  void complain(const Place& place, std::string_view pointer, std::string sentence);

  std::deque<File> files_;
  Places settings_, targets_, rules_;
  Places taken_;  ///< of settings_, by the last take_settings()
  AlertConfig config_;
  std::vector<Problem> problems_;
};

}  // namespace tapedeck::app
