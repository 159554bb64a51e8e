// A request as handlers see it, and the answer they give: plain data, so that only the session that
// parses HTTP sees Beast.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "query/query_string.hpp"

namespace tapedeck {

struct StreamRequest;

/// Views live until the handler returns.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  RequestTarget parsed;
  std::string_view host;
  std::string_view origin;
  std::string_view accept;
  std::string_view content_type;
  std::string_view last_event_id;
  std::string_view body;  ///< followed by EventDecoder::kPadding allocated bytes
  bool keep_alive = true;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string headers;                          ///< more header lines, each ending in CRLF
  std::shared_ptr<const StreamRequest> stream;  ///< the connection becomes this stream instead
};

/// The HTTP status that goes with an error code.
int status_of(std::string_view error_code);

/// The one error shape (contract §2).
HttpResponse error_response(int status, const Error& error);
inline HttpResponse error_response(const Error& error) {
  return error_response(status_of(error.code), error);
}
inline HttpResponse json_response(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

/// Appends status line, headers and body.
/// @param head_only the body is announced but not sent (HEAD).
void append_response(std::string& out, const HttpResponse& response, bool keep_alive,
                     bool head_only, std::string_view allowed_origin);

}  // namespace tapedeck
