#include "app/alert_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace tapedeck::app {
namespace {

std::string all_of(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Result<std::string> rule_json_of_toml(const std::string& rule, const std::string& toml,
                                      const std::string& path) {
  try {
    toml::table document = toml::parse(toml, path);
    const toml::table* keys = &document;
    if (const toml::node* alerts = document.get("alerts")) {
      const auto named = toml::node_view<const toml::node>(alerts)["rules"][rule];
      if (!named.is_table()) {
        return Error{"malformed_toml",
                     fmt::format("{}: there is no table [alerts.rules.{}]", path, rule), ""};
      }
      keys = named.as_table();
    }
    std::ostringstream out;
    out << toml::json_formatter(*keys);
    return out.str();
  } catch (const toml::parse_error& error) {
    return Error{"malformed_toml",
                 fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()),
                 ""};
  }
}

Result<std::string> read_rule_file(const std::string& rule, const std::string& path) {
  std::string content;
  if (path == "-") {
    content = all_of(std::cin);
  } else {
    std::ifstream file(path);
    if (file) content = all_of(file);
    if (!file.is_open() || file.bad()) {
      return Error{"unreadable", fmt::format("cannot read {}: {}", path, std::strerror(errno)), ""};
    }
  }
  return path.ends_with(".toml") ? rule_json_of_toml(rule, content, path) : Result(content);
}

}  // namespace tapedeck::app
