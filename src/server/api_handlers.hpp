// What answers each route of the API, one file a topic; the table of routes is in api.cpp.
// Handlers run on worker threads; what may touch the disk they leave to the read pool (`later`).
#pragma once

#include "server/api.hpp"
#include "server/http_message.hpp"

namespace tapedeck {

// api_events.cpp
HttpResponse get_events(const ApiContext& api, const HttpRequest& request);
HttpResponse clear_events(const ApiContext& api, const HttpRequest& request);
HttpResponse get_latest(const ApiContext& api, const HttpRequest& request);
// api_aggregates.cpp
HttpResponse get_aggregates(const ApiContext& api, const HttpRequest& request);
// api_trades.cpp
HttpResponse get_trades(const ApiContext& api, const HttpRequest& request);
HttpResponse get_trade(const ApiContext& api, const HttpRequest& request);
// api_status.cpp
HttpResponse get_stats(const ApiContext& api, const HttpRequest& request);
HttpResponse get_metrics(const ApiContext& api, const HttpRequest& request);
HttpResponse get_ready(const ApiContext& api);
// api_export.cpp
HttpResponse get_export(const ApiContext& api, const HttpRequest& request);
// api_publish.cpp
HttpResponse post_events(const ApiContext& api, const HttpRequest& request, IoWorker& worker);
HttpResponse post_command(const ApiContext& api, const HttpRequest& request, IoWorker& worker);
// api_login.cpp
HttpResponse post_login(const ApiContext& api, const HttpRequest& request);
HttpResponse post_logout(const ApiContext& api, const HttpRequest& request);
HttpResponse get_session(const HttpRequest& request);
// api_stream.cpp
/// @param options the worker's, which may have been changed since the server began
HttpResponse open_stream(const ApiContext& api, const HttpRequest& request,
                         const ServerOptions& options);
// api_ws.cpp
HttpResponse open_ws(const ApiContext& api, const HttpRequest& request);

}  // namespace tapedeck
