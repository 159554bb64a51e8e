#include "server/server_hooks.hpp"

#include <memory>
#include <utility>

#include "tapedeck/time.hpp"

namespace tapedeck {

bool still_stands(const ServerHooks& hooks, const auth::Grant& grant) {
  if (grant.expires_ns != INT64_MAX && to_ns(now()) >= grant.expires_ns) return false;
  return !hooks.is_current || hooks.is_current(grant);
}

void identify(const ServerHooks& hooks, HttpRequest& request) {
  if (!hooks.authenticate) return;  // everybody
  static const auth::GrantPtr nobody = std::make_shared<const auth::Grant>();
  request.grant = nobody;
  auto grant = hooks.authenticate(request);
  if (grant && *grant != nullptr) {
    request.grant = std::move(grant).value();
  } else if (!grant) {
    request.refusal = std::move(grant).error();
  }
}

}  // namespace tapedeck
