#include "server/stream_frames.hpp"

#include <fmt/format.h>

#include "event/json_writer.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck {
namespace {

std::string frame(Dialect dialect, std::string_view type, std::string_view last_id,
                  std::string_view members) {
  const std::string data = fmt::format(R"(data: {{"type":"{}","timestamp":"{}"{}{}}})", type,
                                       format_rfc3339(now()), members.empty() ? "" : ",", members);
  if (dialect == Dialect::plain) return data + "\n\n";
  std::string out = fmt::format("event: {}\n", type);
  if (!last_id.empty()) out += fmt::format("id: {}\n", last_id);
  return out + data + "\n\n";
}

}  // namespace

std::string stream_head(std::string_view allowed_origin, bool keep_alive,
                        std::string_view headers) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
      "X-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\n"
      "Vary: Accept-Encoding, Origin\r\n";
  if (!allowed_origin.empty()) {
    out += fmt::format("Access-Control-Allow-Origin: {}\r\n", allowed_origin);
  }
  out += headers;
  // The body has no length and ends with the connection (RFC 9112 §6.3).
  out += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  return out;
}

std::string connection_frame(Dialect dialect, std::string_view last_id,
                             std::chrono::seconds heartbeat) {
  const std::string members =
      fmt::format(R"("last_id":{},"heartbeat_seconds":{},"message":"connected to Tapedeck")",
                  last_id.empty() ? "null" : json::quoted(last_id), heartbeat.count());
  return (dialect == Dialect::eventsource ? "retry: 2000\n" : "") +
         frame(dialect, "connection", last_id, members);
}

std::string heartbeat_frame(Dialect dialect, std::string_view last_id) {
  return frame(dialect, "heartbeat", last_id, {});
}

std::string gap_frame(Dialect dialect, std::string_view requested, std::string_view oldest,
                      std::string_view last_id, std::optional<std::uint64_t> missed) {
  return frame(dialect, "gap", last_id,
               fmt::format(R"("requested":{},"oldest":{},"missed":{})", json::quoted(requested),
                           json::quoted(oldest), missed ? std::to_string(*missed) : "null"));
}

std::string end_frame(Dialect dialect, std::string_view last_id, std::string_view resume_id) {
  return frame(dialect, "end", resume_id, fmt::format(R"("last_id":{})", json::quoted(last_id)));
}

std::string shutdown_frame(Dialect dialect, std::chrono::milliseconds retry) {
  return (dialect == Dialect::eventsource ? fmt::format("retry: {}\n", retry.count()) : "") +
         frame(dialect, "shutdown", {}, {});
}

}  // namespace tapedeck
