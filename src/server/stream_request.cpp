#include "server/stream_request.hpp"

namespace tapedeck {
namespace {

Result<Dialect> parse_dialect(const QueryParameter& parameter) {
  if (parameter.value == "eventsource") return Dialect::eventsource;
  if (parameter.value == "plain") return Dialect::plain;
  return Error{"invalid_parameter", "dialect must be eventsource or plain.", parameter.name};
}

/// Whether the parameter was one of the stream's own.
Result<bool> read_stream_parameter(const QueryParameter& parameter, StreamRequest& out) {
  if (parameter.name == "replay") {
    const auto n = read_integer(parameter, 0, 1'000'000);
    if (!n) return n.error();
    out.replay = static_cast<std::size_t>(*n);
  } else if (parameter.name == "heartbeat") {
    const auto n = read_integer(parameter, 1, 60);
    if (!n) return n.error();
    out.heartbeat = std::chrono::seconds(*n);
  } else if (parameter.name == "coalesce_ms") {
    const auto n = read_integer(parameter, 0, 1000);
    if (!n) return n.error();
    out.coalesce = std::chrono::milliseconds(*n);
  } else if (parameter.name == "dialect") {
    const auto dialect = parse_dialect(parameter);
    if (!dialect) return dialect.error();
    out.dialect = *dialect;
  } else if (parameter.name == "last_event_id" || parameter.name == "lastEventId") {
    if (out.resume_after.empty()) out.resume_after = parameter.value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<StreamRequest> parse_stream_request(const HttpRequest& request,
                                           const ServerOptions& options) {
  StreamRequest out;
  out.heartbeat = options.heartbeat;
  out.coalesce = options.coalesce;
  out.resume_after = std::string(request.last_event_id);
  if (request.accept.find("text/event-stream") != std::string_view::npos) {
    out.dialect = Dialect::eventsource;
  }
  for (const QueryParameter& parameter : request.parsed.parameters) {
    auto taken = read_filter_parameter(parameter, out.query);
    if (taken && !*taken) taken = read_stream_parameter(parameter, out);
    if (!taken) return std::move(taken).error();
    if (*taken) continue;
    if (auto error = reject_unknown(parameter)) return std::move(*error);
  }
  return out;
}

}  // namespace tapedeck
