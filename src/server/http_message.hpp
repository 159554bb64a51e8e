// A request as handlers see it, and the answer they give: plain data, so that only the session that
// parses HTTP sees Beast.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/grant.hpp"
#include "base/error.hpp"
#include "query/query_string.hpp"
#include "server/ws_handshake.hpp"

namespace tapedeck {

struct Route;
struct StreamRequest;
struct WsRequest;

/// Views live until the handler returns.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  RequestTarget parsed;
  std::string_view host;
  std::string_view origin;
  std::string_view accept;
  std::string_view content_type;
  std::string_view accept_encoding;
  std::string if_none_match{};  ///< all lines of it
  std::string_view last_event_id;
  std::optional<std::string_view> idempotency_key;
  std::string_view body;  ///< followed by EventDecoder::kPadding allocated bytes
  bool keep_alive = true;
  std::string_view authorization;
  std::string_view api_key;  ///< X-API-Key
  std::string_view cookie;
  std::string_view request_id;      ///< X-Request-ID, or one made here
  std::string_view remote_address;  ///< of the client, as a number without the port
  bool secure = false;              ///< came over TLS
  std::string access_token{};       ///< of a stream's query, where a browser can set no header
  const Route* route = nullptr;     ///< what answers it, once that has been found
  auth::GrantPtr grant = auth::everybody();
  WsUpgradeFields ws;              ///< when an upgrade is asked for
  std::optional<Error> refusal{};  ///< why its credentials give it no grant

  std::size_t parameter_segment = 0;  ///< which segment of the path stands for `{name}`

  /// What stands for `{name}` in the path of the route that was found, decoded; it may hold any
  /// character, slashes too. Empty when the route has no such segment.
  std::string_view path_parameter() const noexcept {
    return parameter_segment < parsed.segments.size() ? parsed.segments[parameter_segment]
                                                      : std::string_view();
  }
};

/// The body of a long answer, piece by piece: appends the next piece of some 256 KiB, or nothing
/// when there was nothing to be found this time. @return false when there is no more. Called on the
/// read pool, one call at a time; a HistoryError ends the answer.
using BodySource = std::function<bool(std::string& out)>;

/// What a handler answers. It may leave the answer to others: `later` and `awaits` give another
/// HttpResponse that takes this one's place.
struct HttpResponse {
  using Reply = std::function<void(HttpResponse)>;

  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string_view cache_control = "no-store";
  bool as_is = false;                           ///< the body is compressed already where that pays
  std::string headers;                          ///< more header lines, each ending in CRLF
  std::shared_ptr<const StreamRequest> stream;  ///< the connection becomes this stream instead
  std::shared_ptr<const WsRequest> ws{};        ///< likewise, this WebSocket
  BodySource body_source;                       ///< sent instead of body, as far as it goes

  /// Run on the read pool, for what may touch the disk. A HistoryError becomes 503.
  std::function<HttpResponse()> later{};
  /// Called at once; it sees to it that `reply` is called, from any thread, if only after the
  /// server has gone. Only the first reply counts.
  std::function<void(Reply reply)> awaits{};
  /// How long `later` and `awaits` may take; 0: body_timeout. Then `too_late` is answered, or a
  /// 503 when there is none.
  std::chrono::milliseconds patience{0};
  std::function<HttpResponse()> too_late{};
};

/// The HTTP status that goes with an error code.
int status_of(std::string_view error_code);

/// The one error shape (contract §2).
/// @param members more members of the object: `,"name":value...`
HttpResponse error_response(int status, const Error& error, std::string_view members = {});
inline HttpResponse error_response(const Error& error) {
  return error_response(status_of(error.code), error);
}
inline HttpResponse json_response(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

inline HttpResponse later_response(std::function<HttpResponse()> later) {
  HttpResponse response;
  response.later = std::move(later);
  return response;
}
/// There is nothing at the path that was asked for.
HttpResponse not_found(const HttpRequest& request);
/// Too many reads wait already.
HttpResponse busy_response();

/// How the end of a body is told.
enum class BodyFraming : std::uint8_t {
  length,   ///< its length is known
  chunked,  ///< chunk by chunk
  close     ///< by the end of the connection (HTTP/1.0)
};

/// Appends status line, headers and body; of a body_source only the head.
/// @param head_only the body is announced but not sent (HEAD).
void append_response(std::string& out, const HttpResponse& response, bool keep_alive,
                     bool head_only, std::string_view allowed_origin,
                     BodyFraming framing = BodyFraming::length);

}  // namespace tapedeck
