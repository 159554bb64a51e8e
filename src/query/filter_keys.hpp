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
};

inline constexpr std::array kFilterKeys = {
    FilterKey{"event_type", &Filter::event_type},
    FilterKey{"symbol", &Filter::symbol},
    FilterKey{"exchange", &Filter::exchange},
    FilterKey{"strategy", &Filter::strategy},
    FilterKey{"engine", &Filter::engine},
    FilterKey{"engine_id", &Filter::engine_id},
    FilterKey{"host", &Filter::host},
    FilterKey{"account", &Filter::account},
    FilterKey{"mode", &Filter::mode},
    FilterKey{"run_id", &Filter::run_id},
    FilterKey{"order_id", &Filter::order_id},
    FilterKey{"correlation_id", &Filter::correlation_id},
};

}  // namespace tapedeck
