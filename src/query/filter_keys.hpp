// The keys that events are filtered by, by the names callers give them: one list for HTTP and
// Python. A constant; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/filter.hpp"

namespace tapedeck {

struct FilterKey {
  std::string_view name;
  std::vector<std::string> Filter::*values;
  std::string_view meaning;  ///< which events a value selects, for people
};

inline constexpr std::array kFilterKeys = {
    FilterKey{"event_type", &Filter::event_type, "Events of this type."},
    FilterKey{"symbol", &Filter::symbol, "Events about this symbol (payload.symbol)."},
    FilterKey{"exchange", &Filter::exchange, "Events of this exchange (payload.exchange)."},
    FilterKey{"strategy", &Filter::strategy,
              "Events of this strategy (payload.strategy or payload.strategy_name)."},
    FilterKey{"engine", &Filter::engine,
              "Events of the engine of this name (payload.engine_name)."},
    FilterKey{"engine_id", &Filter::engine_id,
              "Events published by this engine (source.engine_id)."},
    FilterKey{"host", &Filter::host, "Events published on this host (source.host)."},
    FilterKey{"account", &Filter::account, "Events of this account (source.account)."},
    FilterKey{"mode", &Filter::mode, "Events of this mode (source.mode): paper, live or replay."},
    FilterKey{"run_id", &Filter::run_id, "Events of this run (source.run_id)."},
    FilterKey{"order_id", &Filter::order_id, "Events about this order (payload.order_id)."},
    FilterKey{"correlation_id", &Filter::correlation_id,
              "Events of this decision (payload.correlation_id)."},
};

}  // namespace tapedeck
