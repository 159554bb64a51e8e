// GET /ws: the connection becomes a WebSocket.
#include "server/api_handlers.hpp"
#include "server/ws_request.hpp"

namespace tapedeck {

HttpResponse open_ws(const ApiContext& api, const HttpRequest& request) {
  if (api.shutting_down.load(std::memory_order_acquire)) {
    return error_response({"shutting_down", "The server is shutting down; come back later.", ""});
  }
  auto agreement = agree_on_ws(request.ws, api.options.compression);
  if (!agreement) {
    HttpResponse response = error_response(agreement.error());
    if (response.status == 426) response.headers = kWsUpgradeHeaders;
    return response;
  }
  HttpResponse response;
  response.status = 101;
  response.ws = std::make_shared<WsRequest>(
      WsRequest{api, std::move(agreement).value(), request.grant,
                std::string(request.remote_address), std::string(request.request_id)});
  return response;
}

}  // namespace tapedeck
