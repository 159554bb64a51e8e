// What a client asked of a stream, read from its request; see contract §3.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "query/event_query.hpp"
#include "server/http_message.hpp"
#include "server/options.hpp"
#include "server/stream_frames.hpp"

namespace tapedeck {

struct StreamRequest {
  EventQuery query;
  Dialect dialect = Dialect::plain;
  std::chrono::seconds heartbeat{15};
  std::chrono::milliseconds coalesce{0};
  std::optional<std::size_t> replay;
  std::string resume_after;  // Last-Event-ID; beats since and replay
};

Result<StreamRequest> parse_stream_request(const HttpRequest& request,
                                           const ServerOptions& options);

}  // namespace tapedeck
