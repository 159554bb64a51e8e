#include "server/router.hpp"

#include <algorithm>
#include <array>

#include "event/json_writer.hpp"

namespace tapedeck {
namespace {

struct CodeStatus {
  std::string_view code;
  int status;
};

constexpr std::array kStatuses = {
    CodeStatus{"malformed_target", 400},
    CodeStatus{"malformed_json", 400},
    CodeStatus{"malformed_request", 400},
    CodeStatus{"unknown_parameter", 400},
    CodeStatus{"invalid_parameter", 400},
    CodeStatus{"invalid_filter", 400},
    CodeStatus{"empty_batch", 400},
    CodeStatus{"missing_host", 400},
    CodeStatus{"invalid_handshake", 400},
    CodeStatus{"host_not_allowed", 403},
    CodeStatus{"origin_not_allowed", 403},
    CodeStatus{"not_found", 404},
    CodeStatus{"method_not_allowed", 405},
    CodeStatus{"request_timeout", 408},
    CodeStatus{"payload_too_large", 413},
    CodeStatus{"body_too_large", 413},
    CodeStatus{"batch_too_large", 413},
    CodeStatus{"unsupported_media_type", 415},
    CodeStatus{"invalid_event", 422},
    CodeStatus{"too_deep", 422},
    CodeStatus{"too_many_types", 422},
    CodeStatus{"idempotency_key_reused", 422},
    CodeStatus{"upgrade_required", 426},
    CodeStatus{"header_too_large", 431},
    CodeStatus{"too_many_connections", 503},
    CodeStatus{"shutting_down", 503},
    CodeStatus{"busy", 503},
    CodeStatus{"store_unreadable", 503},
    CodeStatus{"store_degraded", 503},
    CodeStatus{"store_slow", 503},
};

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

int status_of(std::string_view error_code) {
  for (const CodeStatus& known : kStatuses) {
    if (known.code == error_code) return known.status;
  }
  return 500;
}

HttpResponse error_response(int status, const Error& error, std::string_view members) {
  HttpResponse response;
  response.status = status;
  response.body = R"({"ok":false,"error":)" + json::quoted(error.message) + R"(,"code":)" +
                  json::quoted(error.code);
  if (!error.field.empty()) response.body += R"(,"field":)" + json::quoted(error.field);
  response.body += members;
  response.body += "}\n";
  return response;
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
  if (response.status != 204) {
    fmt::format_to(to, "Content-Type: {}\r\n", response.content_type);
    if (framing == BodyFraming::length) {
      fmt::format_to(to, "Content-Length: {}\r\n", response.body.size());
    } else if (framing == BodyFraming::chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  out += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nVary: Origin\r\n";
  if (!allowed_origin.empty()) {
    fmt::format_to(to,
                   "Access-Control-Allow-Origin: {}\r\n"
                   "Access-Control-Expose-Headers: Retry-After, Idempotency-Replayed, "
                   "Content-Disposition\r\n",
                   allowed_origin);
  }
  if (!keep_alive) out += "Connection: close\r\n";
  out += response.headers;
  out += "\r\n";
  if (!head_only && response.status != 204) out += response.body;
}

namespace {

/// Whether a request for `path` is one for `pattern`; see Route::path.
bool leads_to(std::string_view pattern, std::string_view path) {
  const std::size_t brace = pattern.find('{');
  if (brace == std::string_view::npos) return pattern == path;
  return path.size() > brace && path.starts_with(pattern.substr(0, brace)) &&
         path.find('/', brace) == std::string_view::npos;
}

}  // namespace

std::string Router::allowed_methods(std::string_view path) const {
  std::string methods;
  for (const Route& route : routes_) {
    if (!leads_to(route.path, path)) continue;
    if (!methods.empty()) methods += ", ";
    methods += route.method == "GET" ? std::string("GET, HEAD") : std::string(route.method);
  }
  if (!methods.empty()) methods += ", OPTIONS";
  return methods;
}

HttpResponse Router::dispatch(const HttpRequest& request, IoWorker& worker) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  const std::string_view path = request.parsed.path;
  for (const Route& route : routes_) {
    if (route.method == method && leads_to(route.path, path)) {
      return route.handler(request, worker);
    }
  }
  const std::string allowed = allowed_methods(path);
  if (allowed.empty()) {
    return error_response({"not_found",
                           "There is nothing at " + std::string(path.substr(0, 120)) +
                               "; the API is below /api/telemetry/.",
                           ""});
  }
  if (method == "OPTIONS") {
    HttpResponse response;
    response.status = 204;
    response.headers = "Allow: " + allowed + "\r\nAccess-Control-Allow-Methods: " + allowed +
                       "\r\nAccess-Control-Allow-Headers: Content-Type, Last-Event-ID, "
                       "Cache-Control, Idempotency-Key, Authorization, X-API-Key\r\n"
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
