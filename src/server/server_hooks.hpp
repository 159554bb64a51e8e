// ServerHooks: what others do for the server: who a caller is (ServerOptions::auth answers, or what
// a test puts in its place), and the alerts. Every member is optional; without the first two
// everybody may do everything, without the third there are no alerts.
// Called on worker threads, many at once.
#pragma once

#include <functional>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "server/http_message.hpp"

namespace tapedeck {

namespace alert {
class AlertService;
}

struct ServerHooks {
  /// Who makes a request, asked once for each, when Host and Origin have been found allowed. Must
  /// not block. An error (`unauthorized`, `rate_limited`) is the answer of every route that asks
  /// for a scope; its message must not repeat the credentials.
  std::function<Result<auth::GrantPtr>(const HttpRequest&)> authenticate{};
  /// Whether a grant still stands, asked every few seconds for those that streams hold.
  std::function<bool(const auth::Grant&)> is_current{};
  /// Rules and alerts for the API to show and change; must outlive the server. nullptr: there are
  /// none, and what is asked about them is answered 404, `alerts_off`.
  alert::AlertService* alerts = nullptr;
};

/// Whether what is kept open with a grant may stay open.
bool still_stands(const ServerHooks& hooks, const auth::Grant& grant);

/// Sets the request's grant, or `refusal` and a grant that may do nothing.
void identify(const ServerHooks& hooks, HttpRequest& request);

}  // namespace tapedeck
