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

HttpResponse get_stats(const ApiContext& api) {
  const BusStats stats = BusAccess::stats(api.bus);
  const ServerTotals totals = api.totals();
  std::string out;
  out.reserve(1024);
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"ok":true,"total_events":{},"buffer_size":{},"event_types":[)",
                 stats.total_events, stats.buffer_size);
  for (const std::string& type : stats.event_types) {
    fmt::format_to(to, "{}\"{}\"", &type == &stats.event_types.front() ? "" : ",", type);
  }
  out += R"(],"event_counts":{)";
  const char* separator = "";
  for (const auto& [type, count] : stats.event_counts) {
    fmt::format_to(to, R"({}"{}":{})", separator, type, count);
    separator = ",";
  }
  const auto id = [&](std::uint64_t seq) {
    return seq == 0 ? std::string("null") : "\"" + format_event_id(stats.epoch, seq) + "\"";
  };
  fmt::format_to(
      to,
      R"(}},"published_total":{},"dropped_total":{},"evicted_total":{},"rejected_total":{},)"
      R"("subscribers":{},"events_per_second":{:.1f},"epoch":"{}","first_id":{},"last_id":{},)"
      R"("uptime_seconds":{:.3f},"store":{{"enabled":false}}}})"
      "\n",
      stats.published_total, stats.dropped_total, stats.evicted_total, stats.rejected_total,
      stats.subscribers + totals.streams, stats.events_per_second, stats.epoch, id(stats.first_seq),
      id(stats.last_seq), stats.uptime_seconds);
  return json_response(std::move(out));
}

HttpResponse get_metrics(const ApiContext& api) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = format_metrics(BusAccess::stats(api.bus), api.totals());
  return response;
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
      {"GET", "/", without_parameters([] { return get_page(); })},
      {"GET", "/api/telemetry/stream",
       [&api](const HttpRequest& request, IoWorker&) { return open_stream(api, request); }},
      {"GET", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker&) { return get_events(api, request); }},
      {"POST", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_events(api, request, worker);
       }},
      {"POST", "/api/telemetry/commands",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_command(api, request, worker);
       }},
      {"DELETE", "/api/telemetry/events", without_parameters([&api] {
         api.bus.clear_buffer();
         return json_response("{\"ok\":true}\n");
       })},
      {"GET", "/api/telemetry/stats", without_parameters([&api] { return get_stats(api); })},
      {"GET", "/api/telemetry/latest",
       [&api](const HttpRequest& request, IoWorker&) { return get_latest(api, request); }},
      {"GET", "/api/telemetry/export",
       [&api](const HttpRequest& request, IoWorker&) { return get_export(api, request); }},
      {"GET", "/api/telemetry/schema", without_parameters([] {
         return json_response("{\"ok\":true,\"schema\":" + json_schema() + "}\n");
       })},
      {"GET", "/healthz", without_parameters([] { return json_response("{\"ok\":true}\n"); })},
      {"GET", "/readyz", without_parameters([&api] {
         return api.shutting_down.load(std::memory_order_acquire)
                    ? error_response({"shutting_down", "The server is shutting down.", ""})
                    : json_response("{\"ok\":true}\n");
       })},
      {"GET", "/version", without_parameters([] {
         return json_response("{\"ok\":true,\"name\":\"tapedeck\",\"version\":\"" +
                              std::string(kVersion) + "\"}\n");
       })},
      {"GET", "/metrics", without_parameters([&api] { return get_metrics(api); })},
  };
}

}  // namespace tapedeck
