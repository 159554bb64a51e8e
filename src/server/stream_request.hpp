// What a client asked of a stream, read from its request; see contract §3.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "query/event_query.hpp"
#include "server/http_message.hpp"
#include "server/options.hpp"
#include "server/stream_frames.hpp"

namespace tapedeck {

/// How the past is to be played back as if it were live (`speed=`).
struct PlayRequest {
  static constexpr double kMaxSpeed = 1e6;

  double speed = 1;           ///< 1: as it happened; 0: as fast as it can be read
  bool keep_pauses = false;   ///< do not shorten nights
  std::uint64_t end_seq = 0;  ///< one past the last event; for the one who opens the stream to set
};

struct StreamRequest {
  static constexpr std::int64_t kMaxReplay = 1'000'000;
  static constexpr std::int64_t kMinHeartbeatSeconds = 1;
  static constexpr std::int64_t kMaxHeartbeatSeconds = 60;
  static constexpr std::int64_t kMaxCoalesceMs = 1000;

  EventQuery query;
  auth::GrantPtr grant = auth::everybody();  ///< whose it is; it ends when that no longer stands
  Dialect dialect = Dialect::plain;
  std::chrono::seconds heartbeat{15};
  std::chrono::milliseconds coalesce{0};
  std::optional<std::size_t> replay;
  std::string resume_after;  // Last-Event-ID; beats since and replay
  std::optional<PlayRequest> play;
  bool gzip = false;    // if there is a compressor for it
  bool at_end = false;  // resume_after was the id of an `end`
};

/// What the id of an `end` event has behind the id of the last event, so that the reconnect that
/// EventSource makes by itself is known for what it is.
inline constexpr std::string_view kEndMark = "-end";

/// Takes the parameter if it says which events are wanted or where to begin, which WebSocket
/// subscriptions say too. @return false when it does not.
Result<bool> read_subscription_parameter(const QueryParameter& parameter, StreamRequest& out);

Result<StreamRequest> parse_stream_request(const HttpRequest& request,
                                           const ServerOptions& options);

}  // namespace tapedeck
