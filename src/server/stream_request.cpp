#include "server/stream_request.hpp"

#include <charconv>

#include "server/accept_encoding.hpp"

namespace tapedeck {
namespace {

/// What a request says of play-back, until all of it has been read.
struct PlayParameters {
  std::optional<double> speed;
  std::optional<bool> keep_pauses;
};

Result<Dialect> parse_dialect(const QueryParameter& parameter) {
  if (parameter.value == "eventsource") return Dialect::eventsource;
  if (parameter.value == "plain") return Dialect::plain;
  return Error{"invalid_parameter", "dialect must be eventsource or plain.", parameter.name};
}

/// Whether the parameter was one of play-back's.
Result<bool> read_play_parameter(const QueryParameter& parameter, PlayParameters& out) {
  if (parameter.name == "gaps") {
    out.keep_pauses = parameter.value == "keep";
    if (*out.keep_pauses || parameter.value == "shorten") return true;
    return Error{"invalid_parameter",
                 "gaps=" + parameter.value.substr(0, 40) + ": must be shorten or keep.", "gaps"};
  }
  if (parameter.name != "speed") return false;
  double speed = 0;
  const char* end = parameter.value.data() + parameter.value.size();
  const auto [stop, error] = std::from_chars(parameter.value.data(), end, speed);
  if (error != std::errc{} || stop != end || !(speed >= 0 && speed <= PlayRequest::kMaxSpeed)) {
    return Error{"invalid_parameter",
                 "speed=" + parameter.value.substr(0, 40) +
                     ": must be a number from 0 (as fast as it can be read) to 1000000.",
                 "speed"};
  }
  out.speed = speed;
  return true;
}

std::optional<Error> settle_play(const PlayParameters& given, StreamRequest& out) {
  if (!given.speed && given.keep_pauses) {
    return Error{"invalid_parameter", "gaps= says how the past is played back: it needs speed=.",
                 "gaps"};
  }
  if (!given.speed) return std::nullopt;
  const bool has_start = !out.resume_after.empty() || out.query.since_id || out.query.filter.since;
  if (!has_start) {
    return Error{"invalid_parameter",
                 "speed= plays the past back: say from when with since= or Last-Event-ID.",
                 "speed"};
  }
  out.play = PlayRequest{*given.speed, given.keep_pauses.value_or(false), 0};
  return std::nullopt;
}

/// Whether the parameter was one of a stream's over HTTP.
Result<bool> read_stream_parameter(const QueryParameter& parameter, StreamRequest& out) {
  if (parameter.name == "heartbeat") {
    const auto n = read_integer(parameter, StreamRequest::kMinHeartbeatSeconds,
                                StreamRequest::kMaxHeartbeatSeconds);
    if (!n) return n.error();
    out.heartbeat = std::chrono::seconds(*n);
  } else if (parameter.name == "dialect") {
    const auto dialect = parse_dialect(parameter);
    if (!dialect) return dialect.error();
    out.dialect = *dialect;
  } else if (parameter.name == "lastEventId") {
    if (out.resume_after.empty()) out.resume_after = parameter.value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<bool> read_subscription_parameter(const QueryParameter& parameter, StreamRequest& out) {
  auto taken = read_filter_parameter(parameter, out.query);
  if (!taken || *taken) return taken;
  if (parameter.name == "replay") {
    const auto n = read_integer(parameter, 0, StreamRequest::kMaxReplay);
    if (!n) return n.error();
    out.replay = static_cast<std::size_t>(*n);
  } else if (parameter.name == "coalesce_ms") {
    const auto n = read_integer(parameter, 0, StreamRequest::kMaxCoalesceMs);
    if (!n) return n.error();
    out.coalesce = std::chrono::milliseconds(*n);
  } else if (parameter.name == "last_event_id") {
    if (out.resume_after.empty()) out.resume_after = parameter.value;
  } else {
    return false;
  }
  return true;
}

Result<StreamRequest> parse_stream_request(const HttpRequest& request,
                                           const ServerOptions& options) {
  StreamRequest out;
  out.heartbeat = options.heartbeat;
  out.coalesce = options.coalesce;
  out.resume_after = std::string(request.last_event_id);
  if (request.accept.find("text/event-stream") != std::string_view::npos) {
    out.dialect = Dialect::eventsource;
  }
  out.gzip = options.compression && accepts_gzip(request.accept_encoding);
  PlayParameters play;
  for (const QueryParameter& parameter : request.parsed.parameters) {
    auto taken = read_subscription_parameter(parameter, out);
    if (taken && !*taken) taken = read_stream_parameter(parameter, out);
    if (taken && !*taken) taken = read_play_parameter(parameter, play);
    if (!taken) return std::move(taken).error();
    if (*taken) continue;
    if (auto error = reject_unknown(parameter)) return std::move(*error);
  }
  if (out.resume_after.ends_with(kEndMark)) {
    out.resume_after.resize(out.resume_after.size() - kEndMark.size());
    out.at_end = true;
  }
  if (const auto error = settle_play(play, out)) return *error;
  return out;
}

}  // namespace tapedeck
