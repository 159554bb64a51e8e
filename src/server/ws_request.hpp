// What a request that becomes a WebSocket leaves to it.
#pragma once

#include "auth/grant.hpp"
#include "server/ws_handshake.hpp"

namespace tapedeck {

struct ApiContext;

struct WsRequest {
  const ApiContext& api;
  WsAgreement agreement;
  auth::GrantPtr grant;
};

}  // namespace tapedeck
