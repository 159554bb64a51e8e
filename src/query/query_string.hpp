// Splits a request target into path and decoded parameters. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace tapedeck {

struct QueryParameter {
  std::string name;
  std::string value;
};

struct RequestTarget {
  std::string path;  // percent-decoded
  /// What is between the slashes of the path, each decoded by itself: an encoded slash (%2F) is
  /// part of a segment, not the end of one. "/" has one segment, which is empty.
  std::vector<std::string> segments;
  std::vector<QueryParameter> parameters;
};

/// @param target the origin-form of RFC 9112 §3.2.1: path and optional query.
/// Error code: malformed_target.
Result<RequestTarget> parse_target(std::string_view target);

}  // namespace tapedeck
