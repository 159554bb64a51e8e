// The description of the REST API at /openapi.json (OpenAPI 3.1), written from the tables the
// server works with: routes and their scopes, operations, error codes, filter keys, event types.
// Pure functions; about a millisecond, at start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/json_text.hpp"
#include "server/router.hpp"

namespace tapedeck {

/// @param routes those without an Operation are left out
/// @param anonymous whether callers without credentials are served
/// @return the document, minified; the same routes give the same bytes
std::string openapi_json(const std::vector<Route>& routes, bool anonymous);

/// `{"title","version","description","license"...}` of a document.
JsonObject document_info(std::string_view title, std::string_view description);

/// Text of JSON without white space between its tokens.
std::string minified(const std::string& json_text);

}  // namespace tapedeck
