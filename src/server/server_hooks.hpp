// ServerHooks: what the program that starts a server puts into it beside the store: who a caller
// is. Every member is optional; without them everybody may do everything.
// Called on worker threads, many at once.
#pragma once

#include <functional>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "server/http_message.hpp"

namespace tapedeck {

struct ServerHooks {
  /// Who makes a request, asked once for each, when Host and Origin have been found allowed. Must
  /// not block. An error (`unauthorized`, `rate_limited`) is the answer of every route that asks
  /// for a scope; its message must not repeat the credentials.
  std::function<Result<auth::GrantPtr>(const HttpRequest&)> authenticate{};
};

/// Sets the request's grant, or `refusal` and a grant that may do nothing.
void identify(const ServerHooks& hooks, HttpRequest& request);

}  // namespace tapedeck
