// What a stream says besides events (contract §3): connection, heartbeat, gap, shutdown. In the
// EventSource dialect each is a named event; in the plain one it is a data line like any other.
// Pure functions; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tapedeck {

enum class Dialect : std::uint8_t {
  eventsource,  ///< id lines and named events
  plain         ///< data lines only, for curl | sed | jq
};

/// @param headers more of them, each ending in CRLF
/// Without the blank line that ends it: the stream knows its encoding, which is a header too.
std::string stream_head(std::string_view allowed_origin, bool keep_alive,
                        std::string_view headers = {});

/// @param last_id what a client that reconnects before the first event resumes from; empty:
/// nothing.
std::string connection_frame(Dialect dialect, std::string_view last_id,
                             std::chrono::seconds heartbeat);
std::string heartbeat_frame(Dialect dialect, std::string_view last_id);
/// @param missed sequence numbers between requested and oldest; nothing when nobody can know.
std::string gap_frame(Dialect dialect, std::string_view requested, std::string_view oldest,
                      std::string_view last_id, std::optional<std::uint64_t> missed);
/// @param last_id the last event looked at.
/// @param resume_id what a client that reconnects by itself says.
std::string end_frame(Dialect dialect, std::string_view last_id, std::string_view resume_id);
/// @param retry when this client should come back; each gets another moment.
std::string shutdown_frame(Dialect dialect, std::chrono::milliseconds retry);

}  // namespace tapedeck
