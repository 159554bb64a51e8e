#include "auth/grant.hpp"

namespace tapedeck::auth {

GrantPtr everybody() {
  static const GrantPtr grant = [] {
    auto made = std::make_shared<Grant>();
    made->id = made->name = "everybody";
    made->scopes = static_cast<std::uint8_t>(Scope::admin);
    return made;
  }();
  return grant;
}

}  // namespace tapedeck::auth
