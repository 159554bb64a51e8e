// Answers about alerts as text for a terminal, times in IST: what fires, rules, one rule, a run
// over the past, deliveries. Pure functions; any thread. Every one returns an error for an answer
// that is not Tapedeck's, and none of them lets what an event says command the terminal.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"

namespace tapedeck::app {

struct TextStyle {
  std::size_t width = 0;  ///< columns, to which lines are cut; 0: everything
  bool colour = false;
};

/// Of GET /alerts; empty when there are none.
Result<std::string> alerts_table(const std::string& answer, TextStyle style);
/// Of GET /alerts; empty when there are none.
Result<std::string> alert_rules_table(const std::string& answer, TextStyle style);
/// Of GET /alerts/{rule}: how it is, its definition as `put` takes it, its alerts.
Result<std::string> alert_rule_text(const std::string& answer, TextStyle style);
/// Of POST /alerts/{rule}/test: when it would have fired, and a line of totals.
Result<std::string> backtest_text(const std::string& answer, TextStyle style);
/// Of GET /alert-deliveries; empty when there are none.
Result<std::string> deliveries_table(const std::string& answer, TextStyle style);

}  // namespace tapedeck::app
