// Grants for tests of the server: the key that a request brings names one of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "auth/grant.hpp"
#include "server/server_hooks.hpp"

namespace tapedeck::testing {

inline auth::Grant grant_named(const std::string& name, auth::Scope scope = auth::Scope::admin) {
  auth::Grant grant;
  grant.id = "key:" + name;
  grant.name = name;
  grant.scopes = static_cast<std::uint8_t>(scope);
  return grant;
}

/// Who is who: by X-API-Key; without one, everybody.
class TestGrants {
 public:
  void add(auth::Grant grant) {
    const std::string name = grant.name;
    grants_[name] = std::make_shared<const auth::Grant>(std::move(grant));
  }
  const auth::Grant& of(const std::string& name) const { return *grants_.at(name); }
  /// Of the grants there are now.
  ServerHooks hooks() const {
    return {
        .authenticate = [grants = grants_](const HttpRequest& request) -> Result<auth::GrantPtr> {
          if (request.api_key.empty()) return auth::everybody();
          const auto known = grants.find(std::string(request.api_key));
          if (known == grants.end()) return Error{"unauthorized", "There is no such key.", ""};
          return known->second;
        }};
  }

 private:
  std::map<std::string, auth::GrantPtr> grants_;
};

inline std::string key_header(const std::string& name) {
  return name.empty() ? std::string() : "X-API-Key: " + name + "\r\n";
}

}  // namespace tapedeck::testing
