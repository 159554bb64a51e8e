// The chapters of the table of operations, put together by operation.cpp. Pure functions.
#pragma once

#include <vector>

#include "server/operation.hpp"

namespace tapedeck::tables {

// Parameters that several operations share.
/// The keys of kFilterKeys but those in `without`.
std::vector<ParameterSpec> filter_keys(const std::vector<std::string_view>& without = {});
/// since and until, as times or, unless `kind` says otherwise, ids too.
std::vector<ParameterSpec> bounds(ParameterKind kind = ParameterKind::time_or_id);
ParameterSpec expression();
/// All of them: what selects events.
std::vector<ParameterSpec> filters();
std::vector<ParameterSpec> joined(std::vector<ParameterSpec> first,
                                  const std::vector<ParameterSpec>& second);

// Codes that several operations share.
/// What a read may answer that looks into the history, and takes parameters.
std::vector<std::string_view> history_errors();

std::vector<Operation> event_operations();    // publishing and reading events
std::vector<Operation> figure_operations();   // aggregates and trades
std::vector<Operation> alert_operations();    // rules, alerts, deliveries
std::vector<Operation> service_operations();  // stats, commands, schema, health, documents

}  // namespace tapedeck::tables
