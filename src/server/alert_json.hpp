// What answers about alerts look like: rules, alerts, targets, deliveries, runs over the past.
// Pure functions; any thread. Cost: the text.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "alert/alert_service.hpp"
#include "alert/dispatcher.hpp"
#include "base/error.hpp"

namespace tapedeck {

/// Whether addresses in `notify` are written in full: they may hold secrets, so only for who could
/// change them anyway.
enum class Addresses : bool { hidden, shown };

std::string rule_status_json(const alert::RuleStatus& status, Addresses addresses);
std::string alert_status_json(const alert::AlertStatus& status);
std::string target_status_json(const alert::TargetStatus& status);
std::string alert_figures_json(const alert::AlertFigures& figures);
std::string delivery_json(const alert::Delivery& delivery);

/// The whole answer to a run over the past.
std::string backtest_json(std::string_view rule, const alert::BacktestResult& result);
/// The whole answer to a message that was sent to try the targets.
using SentMessages = std::vector<std::pair<std::string, std::optional<Error>>>;
std::string sent_json(std::string_view rule, const SentMessages& sent);

/// UTC as text; null for 0, which is no moment here.
std::string moment_json(std::int64_t ns);

}  // namespace tapedeck
