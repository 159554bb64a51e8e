// What a rule would have done with events of the past. Reads the history: not for I/O threads.
#pragma once

#include "alert/alert_service.hpp"
#include "alert/compiled_rule.hpp"
#include "query/tape.hpp"

namespace tapedeck::alert {

/// Error codes: too_many_events, history_failed.
Result<BacktestResult> run_backtest(const Tape& tape, const CompiledRulePtr& rule,
                                    const BacktestQuery& query, const AlertLimits& limits,
                                    const market::TradingCalendar& calendar);

}  // namespace tapedeck::alert
