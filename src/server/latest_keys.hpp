// The keys that GET /latest can tell events apart by (`by=`), besides `type`, which is no Key.
// A constant; any thread.
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "event/frame.hpp"

namespace tapedeck {

inline constexpr std::array<std::pair<std::string_view, Key>, 11> kLatestKeys = {{
    {"symbol", Key::symbol},
    {"exchange", Key::exchange},
    {"strategy", Key::strategy},
    {"engine", Key::engine},
    {"order_id", Key::order_id},
    {"correlation_id", Key::correlation_id},
    {"host", Key::host},
    {"engine_id", Key::engine_id},
    {"run_id", Key::run_id},
    {"account", Key::account},
    {"mode", Key::mode},
}};

}  // namespace tapedeck
