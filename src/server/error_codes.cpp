#include "server/error_codes.hpp"

#include <algorithm>
#include <array>

#include "server/http_message.hpp"

namespace tapedeck {
namespace {

using enum ErrorReach;

constexpr std::array kCodes = {
    ErrorCode{"malformed_request", 400, every_request, "The request is no valid HTTP/1.1."},
    ErrorCode{"malformed_target", 400, every_request, "The path or the query cannot be read."},
    ErrorCode{"https_required", 400, every_request, "This port speaks HTTPS only."},
    ErrorCode{"missing_host", 400, every_request, "The request has no Host header."},
    ErrorCode{"unknown_parameter", 400, every_request, "There is no parameter of this name here."},
    ErrorCode{"invalid_parameter", 400, some_routes, "A parameter has a value it cannot have."},
    ErrorCode{"invalid_filter", 400, some_routes,
              "The expression in filter has a mistake; the sentence names the column."},
    ErrorCode{"malformed_json", 400, some_routes, "The body is not the JSON it should be."},
    ErrorCode{"invalid_handshake", 400, some_routes, "A header of the WebSocket's is wrong."},
    ErrorCode{"empty_batch", 400, some_routes, "The body holds no event."},
    ErrorCode{"unauthorized", 401, needs_scope, "No credentials, or bad ones."},
    ErrorCode{"host_not_allowed", 403, every_request,
              "This server does not go by the name in the Host header."},
    ErrorCode{"origin_not_allowed", 403, every_request,
              "Pages of the origin in the Origin header may not call this server."},
    ErrorCode{"forbidden", 403, needs_scope, "The credentials do not allow this."},
    ErrorCode{"not_found", 404, some_routes, "There is nothing here."},
    ErrorCode{"alerts_off", 404, some_routes, "This server watches no alert rules."},
    ErrorCode{"method_not_allowed", 405, no_route,
              "The path has no such method; the header Allow lists those it has."},
    ErrorCode{"request_timeout", 408, every_request, "The request did not arrive in time."},
    ErrorCode{"rule_is_configured", 409, some_routes,
              "The rule is in the configuration and changes only there."},
    ErrorCode{"body_too_large", 413, every_request, "The body is larger than this server takes."},
    ErrorCode{"payload_too_large", 413, some_routes, "An event's payload is too large."},
    ErrorCode{"batch_too_large", 413, some_routes, "The batch holds too many events."},
    ErrorCode{"unsupported_media_type", 415, some_routes,
              "The Content-Type is none that is taken here."},
    ErrorCode{"invalid_event", 422, some_routes, "Well-formed, but no valid event or command."},
    ErrorCode{"invalid_rule", 422, some_routes,
              "Well-formed, but no valid alert rule; field points at what is wrong."},
    ErrorCode{"too_many_rules", 422, some_routes, "There is no room for another alert rule."},
    ErrorCode{"too_deep", 422, some_routes, "An event nests too many levels."},
    ErrorCode{"too_many_types", 422, some_routes, "The server knows too many types of events."},
    ErrorCode{"idempotency_key_reused", 422, some_routes,
              "The Idempotency-Key was used with another body."},
    ErrorCode{"upgrade_required", 426, some_routes, "No WebSocket of version 13 was asked for."},
    ErrorCode{"rate_limited", 429, every_request,
              "Too many requests; the header Retry-After says when to come back."},
    ErrorCode{"locked_out", 429, needs_scope,
              "Too many wrong credentials came from this address; Retry-After says how long to "
              "wait."},
    ErrorCode{"too_many_sessions", 429, some_routes, "There is no room for another login."},
    ErrorCode{"header_too_large", 431, every_request, "The header is larger than is taken."},
    ErrorCode{"internal_error", 500, every_request, "The server failed; its log says why."},
    ErrorCode{"too_many_connections", 503, every_request, "No more connections are accepted."},
    ErrorCode{"shutting_down", 503, some_routes, "The server is shutting down."},
    ErrorCode{"busy", 503, some_routes, "Too many reads of the history wait; ask again."},
    ErrorCode{"store_unreadable", 503, some_routes, "The history cannot be read."},
    ErrorCode{"store_degraded", 503, some_routes, "The history cannot be written."},
    ErrorCode{"store_slow", 503, some_routes, "The history did not answer in time."},
    ErrorCode{"store_failed", 503, some_routes, "The change cannot be kept over a restart."},
};

}  // namespace

std::span<const ErrorCode> error_codes() {
  return kCodes;
}

const ErrorCode* find_error_code(std::string_view code) {
  const auto* const found = std::find_if(
      kCodes.begin(), kCodes.end(), [&](const ErrorCode& known) { return known.code == code; });
  return found == kCodes.end() ? nullptr : &*found;
}

int status_of(std::string_view error_code) {
  const ErrorCode* const known = find_error_code(error_code);
  return known == nullptr ? 500 : known->status;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
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

}  // namespace tapedeck
