// Silences: for which rules and groups nothing is sent at the moment. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/value_store.hpp"

namespace tapedeck::alert {

class Silences {
 public:
  /// @param store nullptr: nothing is kept
  explicit Silences(ValueStore* store) : store_(store) {}

  void load();
  /// @param group_id CompiledRule::group_id; empty: the whole rule
  /// @param until_ns wall clock; not after now: ends it
  void set(std::string_view rule, std::string_view group_id, std::int64_t until_ns,
           std::int64_t now_ns);
  /// Until when; 0: not silenced.
  std::int64_t until(std::string_view rule, std::string_view group_id, std::int64_t now_ns) const;
  /// Of the rule as a whole.
  std::int64_t rule_until(std::string_view rule, std::int64_t now_ns) const;
  /// Forgets what is over. @return whether there was any
  bool expire(std::int64_t now_ns);
  void forget_rule(std::string_view rule);

 private:
  std::int64_t find(const std::string& key, std::int64_t now_ns) const;
  void save(const std::string& key, std::int64_t until_ns);

  ValueStore* const store_;
  std::map<std::string, std::int64_t> until_;  // by rule, a separator and group
};

}  // namespace tapedeck::alert
