#include "server/api.hpp"

#include <fmt/format.h>

#include "bus/access.hpp"
#include "event/schema.hpp"
#include "server/alert_call.hpp"
#include "server/api_handlers.hpp"
#include "server/asyncapi.hpp"
#include "server/io_worker.hpp"
#include "server/openapi.hpp"
#include "server/operation.hpp"
#include "server/static_files.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck {

namespace {

/// Wraps a handler that takes no parameters.
template <typename Fn>
auto without_parameters(Fn fn) {
  return [fn](const HttpRequest&, IoWorker&) { return fn(); };
}

void add_alert_routes(const ApiContext& api, std::vector<Route>& routes) {
  const auto add = [&](std::string_view method, std::string_view path, AlertHandler handler,
                       auth::Scope scope) {
    const auto answer = [&api, handler](const HttpRequest& request, IoWorker&) {
      return alert_response(api, request, handler);
    };
    routes.push_back({method, path, answer, scope});
  };
  using auth::Scope;
  add("GET", "/api/telemetry/alerts", get_alerts, Scope::read);
  add("GET", "/api/telemetry/alerts/{rule}", get_alert_rule, Scope::read);
  add("PUT", "/api/telemetry/alerts/{rule}", put_alert_rule, Scope::admin);
  add("DELETE", "/api/telemetry/alerts/{rule}", delete_alert_rule, Scope::admin);
  add("POST", "/api/telemetry/alerts/{rule}/test", test_alert_rule, Scope::admin);
  add("POST", "/api/telemetry/alerts/{rule}/acknowledge", acknowledge_alert, Scope::admin);
  add("POST", "/api/telemetry/alerts/{rule}/silence", silence_alert, Scope::admin);
  add("DELETE", "/api/telemetry/alerts/{rule}/silence", unsilence_alert, Scope::admin);
  add("GET", "/api/telemetry/alert-deliveries", get_deliveries, Scope::read);
  add("DELETE", "/api/telemetry/alert-deliveries/{id}", discard_delivery, Scope::admin);
  add("POST", "/api/telemetry/alert-deliveries/{id}/resend", resend_delivery, Scope::admin);
  add("POST", "/api/telemetry/alert-dead-letters/resend", resend_dead_letters, Scope::admin);
}

}  // namespace

std::vector<Route> api_routes(const ApiContext& api) {
  // Written once the routes are there, and from then on only read.
  const auto openapi = std::make_shared<std::string>();
  std::vector<Route> routes = {
      {"POST", "/login",
       [&api](const HttpRequest& request, IoWorker&) { return post_login(api, request); },
       auth::Scope::none},
      {"POST", "/logout",
       [&api](const HttpRequest& request, IoWorker&) { return post_logout(api, request); },
       auth::Scope::none},
      {"GET", "/session",
       [](const HttpRequest& request, IoWorker&) { return get_session(request); },
       auth::Scope::read},
      {"GET", "/api/telemetry/stream",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return open_stream(api, request, worker.options);
       }},
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
      {"DELETE", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker&) { return clear_events(api, request); },
       auth::Scope::admin},
      {"GET", "/api/telemetry/stats",
       [&api](const HttpRequest& request, IoWorker&) { return get_stats(api, request); }},
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
      {"GET", "/metrics",
       [&api](const HttpRequest& request, IoWorker&) { return get_metrics(api, request); }},
      // What the interface is, is no secret; tools read it before they have credentials.
      {"GET", "/openapi.json", without_parameters([openapi] { return json_response(*openapi); }),
       auth::Scope::none},
      {"GET", "/asyncapi.json",
       without_parameters([document = asyncapi_json()] { return json_response(document); }),
       auth::Scope::none},
  };
  add_alert_routes(api, routes);
  const std::vector<Route> pages = page_routes();
  routes.insert(routes.begin(), pages.begin(), pages.end());
  for (Route& route : routes) route.operation = find_operation(route.method, route.path);
  *openapi = openapi_json(routes, api.auth == nullptr);
  return routes;
}

}  // namespace tapedeck
