// The description of what streams and sockets say, at /asyncapi.json (AsyncAPI 3.0): the
// Server-Sent Events of contract §3 and the WebSocket messages of §4, from the same tables as
// /openapi.json. Pure function; about a millisecond, at start.
#pragma once

#include <string>

namespace tapedeck {

/// @return the document, minified; always the same bytes
std::string asyncapi_json();

}  // namespace tapedeck
