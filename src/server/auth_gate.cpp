#include "server/auth_gate.hpp"

#include <utility>

#include "server/access_rules.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

/// Whether the page that makes the request came from this server. A page's own GETs carry no
/// Origin.
bool is_own_page(const HttpRequest& request) {
  if (request.origin.empty()) return request.method == "GET" || request.method == "HEAD";
  return is_page_of(request.host, request.origin);
}

}  // namespace

auth::Credentials credentials_of(const HttpRequest& request) {
  return {request.authorization, request.api_key,        request.cookie,
          request.access_token,  request.remote_address, request.request_id};
}

AuthGate::AuthGate(auth::AuthOptions options)
    : audit_(options.audit), authenticator_(std::move(options)) {}

Result<auth::GrantPtr> AuthGate::identify(const HttpRequest& request) {
  auto grant = authenticator_.authenticate(credentials_of(request), to_ns(now()));
  if (grant && (*grant)->session != 0 && !is_own_page(request)) {
    return Error{"origin_not_allowed",
                 "The login's cookie counts for this server's own pages only; other pages show an "
                 "API key.",
                 "Origin"};
  }
  return grant;
}

void record(AuthGate* gate, const AuditedCaller& caller, std::string_view action,
            std::string_view detail) {
  if (gate == nullptr || gate->audit() == nullptr) return;
  gate->audit()->record({.action = action,
                         .grant = caller.grant,
                         .address = caller.address,
                         .request_id = caller.request_id,
                         .detail = detail,
                         .time_ns = to_ns(now())});
}

}  // namespace tapedeck
