// What a request that becomes a WebSocket leaves to it.
#pragma once

#include <string>

#include "auth/grant.hpp"
#include "server/ws_handshake.hpp"

namespace tapedeck {

struct ApiContext;

struct WsRequest {
  const ApiContext& api;
  WsAgreement agreement;
  auth::GrantPtr grant;
  std::string address;     ///< of the client, for the audit log
  std::string request_id;  ///< likewise
};

}  // namespace tapedeck
