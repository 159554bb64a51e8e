// What this machine is called. Any thread.
#pragma once

#include <string>

namespace tapedeck {

/// The host's name; "localhost" when the system has none.
std::string machine_name();

}  // namespace tapedeck
