#include "server/api.hpp"

#include <fmt/format.h>

#include "bus/access.hpp"
#include "event/schema.hpp"
#include "query/event_query.hpp"
#include "server/api_handlers.hpp"
#include "server/io_worker.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck {

extern const std::string_view dashboard_page;

namespace {

/// Wraps a handler that takes no parameters.
template <typename Fn>
auto without_parameters(Fn fn) {
  return [fn](const HttpRequest& request, IoWorker&) {
    if (const auto error = refuse_parameters(request)) return error_response(*error);
    return fn();
  };
}

HttpResponse get_page() {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.headers =
      "Content-Security-Policy: default-src 'self'; script-src 'unsafe-inline'; "
      "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n";
  response.body = std::string(dashboard_page);
  return response;
}

}  // namespace

std::optional<Error> refuse_parameters(const HttpRequest& request) {
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (auto error = reject_unknown(parameter)) return error;
  }
  return std::nullopt;
}

std::vector<Route> api_routes(const ApiContext& api) {
  return {
      {"GET", "/", without_parameters([] { return get_page(); }), auth::Scope::none},
      {"GET", "/api/telemetry/stream",
       [&api](const HttpRequest& request, IoWorker&) { return open_stream(api, request); }},
      {"GET", "/api/telemetry/ws",
       [&api](const HttpRequest& request, IoWorker&) { return open_ws(api, request); }},
      {"GET", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker&) { return get_events(api, request); }},
      {"POST", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_events(api, request, worker);
       },
       auth::Scope::publish},
      {"POST", "/api/telemetry/commands",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_command(api, request, worker);
       },
       auth::Scope::admin},
      {"DELETE", "/api/telemetry/events", without_parameters([&api] {
         api.bus.clear_buffer();
         return json_response("{\"ok\":true}\n");
       }),
       auth::Scope::admin},
      {"GET", "/api/telemetry/stats", without_parameters([&api] { return get_stats(api); })},
      {"GET", "/api/telemetry/latest",
       [&api](const HttpRequest& request, IoWorker&) { return get_latest(api, request); }},
      {"GET", "/api/telemetry/aggregates",
       [&api](const HttpRequest& request, IoWorker&) { return get_aggregates(api, request); }},
      {"GET", "/api/telemetry/trades",
       [&api](const HttpRequest& request, IoWorker&) { return get_trades(api, request); }},
      {"GET", "/api/telemetry/trades/{id}",
       [&api](const HttpRequest& request, IoWorker&) { return get_trade(api, request); }},
      {"GET", "/api/telemetry/export",
       [&api](const HttpRequest& request, IoWorker&) { return get_export(api, request); }},
      {"GET", "/api/telemetry/schema", without_parameters([] {
         return json_response("{\"ok\":true,\"schema\":" + json_schema() + "}\n");
       })},
      {"GET", "/healthz", without_parameters([] { return json_response("{\"ok\":true}\n"); }),
       auth::Scope::none},
      {"GET", "/readyz", without_parameters([&api] { return get_ready(api); }), auth::Scope::none},
      {"GET", "/version", without_parameters([] {
         return json_response("{\"ok\":true,\"name\":\"tapedeck\",\"version\":\"" +
                              std::string(kVersion) + "\"}\n");
       }),
       auth::Scope::none},
      {"GET", "/metrics", without_parameters([&api] { return get_metrics(api); })},
  };
}

}  // namespace tapedeck
