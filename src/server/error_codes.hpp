// The codes of errors (contract §2): the HTTP status each has, when it is given and by which
// requests. One table serves the answers and the document at /openapi.json. Immutable; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tapedeck {

/// Which requests may be answered with a code.
enum class ErrorReach : std::uint8_t {
  every_request,
  needs_scope,  ///< those whose route asks for a scope, and those whose Operation names the code
  no_route,     ///< those that no route is for
  some_routes   ///< those whose Operation names the code
};

struct ErrorCode {
  std::string_view code;
  int status;
  ErrorReach reach;
  std::string_view when;  ///< a sentence for people
};

std::span<const ErrorCode> error_codes();
/// nullptr: there is no such code.
const ErrorCode* find_error_code(std::string_view code);

/// The reason phrase of a status line.
std::string_view reason_of(int status);

}  // namespace tapedeck
