// Which events a reader wants: for each key a list of accepted values; an empty list accepts all.
// Plain data; compiled once by the reader that uses it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tapedeck/time.hpp"

namespace tapedeck {

/// All given keys must match (and); within a key any value will do (or).
struct Filter {
  std::vector<std::string> event_type{};
  std::vector<std::string> symbol{};
  std::vector<std::string> exchange{};
  std::vector<std::string> strategy{};  ///< payload.strategy or payload.strategy_name
  std::vector<std::string> engine{};    ///< payload.engine_name
  std::vector<std::string> engine_id{};
  std::vector<std::string> host{};
  std::vector<std::string> account{};
  std::vector<std::string> mode{};
  std::vector<std::string> run_id{};
  std::vector<std::string> order_id{};
  std::vector<std::string> correlation_id{};
  /// A condition in a subset of CEL (docs/contract.md), such as `payload.qty > 50`; empty: none.
  std::string expression{};
  std::optional<Timestamp> since{};  ///< event time, inclusive
  std::optional<Timestamp> until{};  ///< event time, inclusive
};

}  // namespace tapedeck
