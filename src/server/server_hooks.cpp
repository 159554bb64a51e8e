#include "server/server_hooks.hpp"

#include <memory>
#include <utility>

namespace tapedeck {

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
