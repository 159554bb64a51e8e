// AuthGate: who makes an HTTP request, by an Authenticator, and whether a browser's cookie may
// speak for the page that sends it. Any thread.
#pragma once

#include "auth/authenticator.hpp"
#include "server/http_message.hpp"

namespace tapedeck {

/// What a request brings to show who makes it.
auth::Credentials credentials_of(const HttpRequest& request);

class AuthGate {
 public:
  /// @throws std::invalid_argument when a file of credentials cannot be used
  explicit AuthGate(auth::AuthOptions options);

  /// @return the grant; or unauthorized, locked_out, or origin_not_allowed for a cookie that comes
  /// with a request of a page that is not this server's own: another port of the same host is
  /// another program, and browsers send it the cookie all the same.
  Result<auth::GrantPtr> identify(const HttpRequest& request);

  auth::Authenticator& authenticator() noexcept { return authenticator_; }
  /// null: nothing is recorded
  auth::AuditLog* audit() const noexcept { return audit_.get(); }

 private:
  const std::shared_ptr<auth::AuditLog> audit_;
  auth::Authenticator authenticator_;
};

/// Tells the audit log, if there is one, what somebody who was let in has done.
struct AuditedCaller {
  std::string_view grant, address, request_id;
};
void record(AuthGate* gate, const AuditedCaller& caller, std::string_view action,
            std::string_view detail = {});
inline void record(AuthGate* gate, const HttpRequest& request, std::string_view action,
                   std::string_view detail = {}) {
  record(gate, {request.grant->id, request.remote_address, request.request_id}, action, detail);
}

}  // namespace tapedeck
