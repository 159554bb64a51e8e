// TOML as the JSON that means the same, for what is read from the configuration and over the API
// alike, and back from a place in that JSON to a line of the file. Pure functions; any thread.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tapedeck::app {

/// Error code: invalid_value, for dates, times, inf and nan, which JSON does not have; the field is
/// a JSON pointer.
Result<std::string> toml_to_json(const toml::node& node);

/// Where the deepest part of a JSON pointer lies that the node has.
unsigned line_at(const toml::node& node, std::string_view pointer) noexcept;

}  // namespace tapedeck::app
