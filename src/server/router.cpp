#include "server/router.hpp"

#include <algorithm>

#include "event/json_writer.hpp"
#include "query/event_query.hpp"
#include "server/error_codes.hpp"
#include "server/narrowing.hpp"
#include "server/operation.hpp"

namespace tapedeck {
HttpResponse error_response(int status, const Error& error, std::string_view members) {
  HttpResponse response;
  response.status = status;
  response.body = R"({"ok":false,"error":)" + json::quoted(error.message) + R"(,"code":)" +
                  json::quoted(error.code);
  if (!error.field.empty()) response.body += R"(,"field":)" + json::quoted(error.field);
  response.body += members;
  response.body += "}\n";
  if (error.retry_after_seconds > 0) {
    response.headers = fmt::format("Retry-After: {}\r\n", error.retry_after_seconds);
  }
  return response;
}

HttpResponse not_found(const HttpRequest& request) {
  return error_response({"not_found",
                         "There is nothing at " + request.parsed.path.substr(0, 120) +
                             "; the API is below /api/telemetry/.",
                         ""});
}

HttpResponse busy_response() {
  HttpResponse response = error_response(
      {"busy", "Too many reads of the history are waiting; ask again in a second.", ""});
  response.headers = "Retry-After: 1\r\n";
  return response;
}

void append_response(std::string& out, const HttpResponse& response, bool keep_alive,
                     bool head_only, std::string_view allowed_origin, BodyFraming framing) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    fmt::format_to(to, "Content-Type: {}\r\n", response.content_type);
    if (framing == BodyFraming::length) {
      fmt::format_to(to, "Content-Length: {}\r\n", response.body.size());
    } else if (framing == BodyFraming::chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  fmt::format_to(to,
                 "Cache-Control: {}\r\nX-Content-Type-Options: nosniff\r\n"
                 "Vary: Accept-Encoding, Origin\r\n",
                 response.cache_control);
  if (!allowed_origin.empty()) {
    fmt::format_to(to,
                   "Access-Control-Allow-Origin: {}\r\n"
                   "Access-Control-Expose-Headers: Retry-After, Idempotency-Replayed, "
                   "Content-Disposition, X-Request-ID\r\n",
                   allowed_origin);
  }
  if (!keep_alive) out += "Connection: close\r\n";
  out += response.headers;
  out += "\r\n";
  if (!head_only && has_body) out += response.body;
}

namespace {

/// Whether a request for `path` is one for `pattern`; see Route::path.
bool leads_to(std::string_view pattern, const std::vector<std::string>& path) {
  for (const std::string& segment : path) {
    if (pattern.empty()) return false;
    pattern.remove_prefix(1);  // the slash
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view wanted = pattern.substr(0, end);
    if (wanted.starts_with('{') ? segment.empty() : segment != wanted) return false;
    pattern.remove_prefix(end);
  }
  return pattern.empty();
}

/// Which segment of a pattern is `{name}`; one beyond the last when none is.
std::size_t parameter_segment_of(std::string_view pattern) {
  const std::size_t brace = std::min(pattern.find('{'), pattern.size());
  const auto slashes = std::count(pattern.begin(), pattern.begin() + static_cast<long>(brace), '/');
  return static_cast<std::size_t>(slashes) - (brace < pattern.size() ? 1 : 0);
}

/// A parameter that the route's description does not have is a typo, say in a filter, that must not
/// silently return everything. Routes that are not described look for themselves.
std::optional<Error> refuse_parameters(const Route& route, const HttpRequest& request) {
  if (route.operation == nullptr || route.operation->any_query) return std::nullopt;
  for (const QueryParameter& given : request.parsed.parameters) {
    const auto& known = route.operation->parameters;
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const ParameterSpec& spec) {
      return spec.in == ParameterPlace::query && spec.name == given.name;
    });
    if (is_known) continue;
    if (auto error = reject_unknown(given)) return error;
  }
  return std::nullopt;
}

/// Why the caller may not use a route; nothing: he may.
std::optional<HttpResponse> refuse_caller(auth::Scope scope, const HttpRequest& request) {
  if (scope == auth::Scope::none) return std::nullopt;
  if (request.refusal) {
    HttpResponse response = error_response(*request.refusal);
    if (response.status == 401) response.headers += "WWW-Authenticate: Bearer\r\n";
    return response;
  }
  if (const auto error = refuse_scope(*request.grant, scope)) return error_response(*error);
  return std::nullopt;
}

}  // namespace

std::string Router::allowed_methods(const std::vector<std::string>& path) const {
  std::string methods;
  for (const Route& route : routes_) {
    if (!leads_to(route.path, path)) continue;
    if (!methods.empty()) methods += ", ";
    methods += route.method == "GET" ? std::string("GET, HEAD") : std::string(route.method);
  }
  if (!methods.empty()) methods += ", OPTIONS";
  return methods;
}

HttpResponse Router::dispatch(HttpRequest& request, IoWorker& worker) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  const std::vector<std::string>& path = request.parsed.segments;
  for (const Route& route : routes_) {
    if (route.method != method || !leads_to(route.path, path)) continue;
    request.route = &route;
    request.parameter_segment = parameter_segment_of(route.path);
    if (auto refused = refuse_caller(route.scope, request)) return std::move(*refused);
    if (const auto error = refuse_parameters(route, request)) return error_response(*error);
    return route.handler(request, worker);
  }
  const std::string allowed = allowed_methods(path);
  if (allowed.empty()) return not_found(request);
  if (method == "OPTIONS") {
    HttpResponse response;
    response.status = 204;
    response.headers = "Allow: " + allowed + "\r\nAccess-Control-Allow-Methods: " + allowed +
                       "\r\nAccess-Control-Allow-Headers: Content-Type, Last-Event-ID, "
                       "Cache-Control, Idempotency-Key, Authorization, X-API-Key, "
                       "X-Request-ID\r\n"
                       "Access-Control-Max-Age: 600\r\n";
    return response;
  }
  HttpResponse response = error_response(
      {"method_not_allowed",
       std::string(request.method.substr(0, 20)) + " is not possible here; " + allowed + " are.",
       ""});
  response.headers = "Allow: " + allowed + "\r\n";
  return response;
}

}  // namespace tapedeck
