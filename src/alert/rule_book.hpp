// RuleBook: the rules there are, of the configuration and of the API, and where the latter are
// kept. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert_status.hpp"
#include "alert/compiled_rule.hpp"
#include "base/error.hpp"
#include "base/value_store.hpp"

namespace tapedeck::alert {

class RuleBook {
 public:
  struct Entry {
    CompiledRulePtr compiled;
    Origin origin = Origin::config;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  /// @param store nullptr: the API's rules are not kept
  RuleBook(std::size_t max_rules, ValueStore* store) : max_rules_(max_rules), store_(store) {}

  /// The API's rules of former runs. @param log gets a sentence about each that is left out
  void load(const std::function<void(std::string_view)>& log);
  const Entries& entries() const noexcept { return entries_; }

  /// Takes the place of all rules of the configuration. What the API made of the same name is
  /// hidden as long as the configuration has it.
  /// @return why nothing has changed
  std::optional<Error> set_configured(std::vector<Rule> rules);
  /// @return whether it is new. Error codes: rule_is_configured, too_many_rules.
  Result<bool> put(CompiledRulePtr rule);
  /// Error codes: not_found, rule_is_configured.
  std::optional<Error> erase(std::string_view name);

 private:
  void save(const std::string& name, const Entry* entry);

  const std::size_t max_rules_;
  ValueStore* const store_;
  Entries entries_;
  std::map<std::string, CompiledRulePtr, std::less<>> of_api_;
};

}  // namespace tapedeck::alert
