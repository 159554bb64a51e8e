// Operations on events: publishing, reading, streaming, exporting.
#include "server/latest_keys.hpp"
#include "server/operation_tables.hpp"
#include "server/stream_request.hpp"

namespace tapedeck::tables {
namespace {

Operation stream() {
  Operation out{
      .method = "GET",
      .path = "/api/telemetry/stream",
      .id = "streamEvents",
      .tag = "Events",
      .summary = "Events as they happen, as Server-Sent Events",
      .description =
          "Never ends by itself, but for a play-back. Clients that ask for `text/event-stream` get "
          "ids and named events for all that is not telemetry; others get data lines only. "
          "`/asyncapi.json` describes the messages. `speed` plays the past back and needs a "
          "starting point: `since` or `Last-Event-ID`; `gaps` needs `speed`."};
  out.parameters = joined(
      filters(),
      {{.name = "replay",
        .kind = ParameterKind::integer,
        .description = "Send the last so many matching events first.",
        .max = StreamRequest::kMaxReplay},
       {.name = "heartbeat",
        .kind = ParameterKind::integer,
        .description = "Seconds of silence after which a heartbeat is sent.",
        .min = StreamRequest::kMinHeartbeatSeconds,
        .max = StreamRequest::kMaxHeartbeatSeconds},
       {.name = "coalesce_ms",
        .kind = ParameterKind::integer,
        .description = "Hold events back so many milliseconds to send them together.",
        .max = StreamRequest::kMaxCoalesceMs},
       {.name = "dialect",
        .kind = ParameterKind::word,
        .description = "Overrides what the Accept header says.",
        .words = {"eventsource", "plain"}},
       {.name = "last_event_id",
        .description = "Continue after this event, as the header Last-Event-ID does."},
       {.name = "lastEventId", .description = "The same, as EventSource polyfills spell it."},
       {.name = "speed",
        .kind = ParameterKind::number,
        .description = "Play the past back: 1 as it happened, 0 as fast as it can be read.",
        .max = static_cast<std::int64_t>(PlayRequest::kMaxSpeed)},
       {.name = "gaps",
        .kind = ParameterKind::word,
        .description = "What a play-back does with pauses of more than a minute.",
        .words = {"shorten", "keep"}},
       {.name = "Last-Event-ID",
        .description = "Continue after this event.",
        .in = ParameterPlace::header}});
  out.answers = {
      {.description = "The stream.", .content_type = "text/event-stream", .schema = "Text"},
      {.status = 204, .description = "The play-back is over; EventSource stops."}};
  out.errors = history_errors();
  out.errors.push_back("shutting_down");
  out.takes_access_token = true;
  return out;
}

Operation socket() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/ws",
                .id = "openSocket",
                .tag = "Events",
                .summary = "Events over a WebSocket, both ways",
                .description =
                    "A WebSocket handshake (RFC 6455, version 13); `permessage-deflate` and the "
                    "subprotocol `tapedeck.v1` may be offered. `/asyncapi.json` describes the "
                    "messages."};
  out.answers = {{.status = 101, .description = "The connection is a WebSocket now."}};
  out.errors = {"upgrade_required", "invalid_handshake", "shutting_down"};
  out.takes_access_token = true;
  return out;
}

Operation read() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/events",
                .id = "listEvents",
                .tag = "Events",
                .summary = "The newest matching events, newest last",
                .description = "`next` of an answer, given as `cursor`, pages towards older ones."};
  out.parameters = joined(
      filters(), {{.name = "limit",
                   .kind = ParameterKind::integer,
                   .description = "How many at most; more than 1000 counts as 1000.",
                   .min = 1,
                   .max = INT64_MAX,
                   .default_value = "100"},
                  {.name = "cursor",
                   .description = "The `next` of an earlier answer; of the history there is.",
                   .pattern = "^[0-9a-z]{1,32}-[0-9]{1,19}$",
                   .format = "event-cursor"},
                  {.name = "in",
                   .kind = ParameterKind::word,
                   .description = "Only the buffer, or all that is stored, cleared or not. "
                                  "A server without a history has no store.",
                   .words = {"buffer", "store"}}});
  out.answers = {{.description = "A page of events.", .schema = "EventPage"}};
  out.errors = history_errors();
  return out;
}

Operation publish() {
  Operation out{
      .method = "POST",
      .path = "/api/telemetry/events",
      .id = "publishEvents",
      .tag = "Events",
      .summary = "Publish events, all or none",
      .description =
          "One event, an array of them, or one a line (NDJSON). Bodies sent as text/plain "
          "or by a form are taken for JSON. A 503 with `accepted`, `first_id` and "
          "`last_id` says that the events are in memory but not known to be on disk."};
  out.parameters = {{.name = "ack",
                     .kind = ParameterKind::word,
                     .description = "Answer when the events are in memory, or on disk. A server "
                                    "without a history has memory only.",
                     .words = {"memory", "durable"},
                     .default_value = R"("memory")"},
                    {.name = "Idempotency-Key",
                     .description = "A batch sent again with the same key is accepted once, for 24 "
                                    "hours.",
                     .pattern = "^[!-~]{1,128}$",
                     .in = ParameterPlace::header}};
  out.body = BodySpec{
      "The events.",
      {{"application/json", "PostedEvents"},
       {"application/x-ndjson", "PostedLines"},
       {"application/ndjson", "PostedLines"},
       {"application/jsonl", "PostedLines"}},
      R"({"type":"signal_event","payload":{"symbol":"NIFTY","strategy_name":"momentum","signal":"BUY"}})"};
  out.answers = {{.description = "The events were accepted.",
                  .schema = "Accepted",
                  .headers = R"({"Idempotency-Replayed":{"description":"true: they had been )"
                             R"(accepted before.","schema":{"type":"string","enum":["true"]}}})"}};
  out.errors = {"invalid_parameter",
                "malformed_json",
                "empty_batch",
                "payload_too_large",
                "batch_too_large",
                "unsupported_media_type",
                "invalid_event",
                "too_deep",
                "too_many_types",
                "store_degraded",
                "idempotency_key_reused",
                "store_slow"};
  return out;
}

Operation clear() {
  return {.method = "DELETE",
          .path = "/api/telemetry/events",
          .id = "clearEvents",
          .tag = "Events",
          .summary = "Clear the buffer",
          .description =
              "Default reads begin after this moment. Streams go on; `in=store`, ranges "
              "and exports still reach what was before.",
          .answers = {{.description = "It is cleared.", .schema = "Done"}}};
}

Operation latest() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/latest",
                .id = "latestEvents",
                .tag = "Events",
                .summary = "The newest event of each key",
                .description =
                    "What a page needs when it opens. `at` and `until` are the same "
                    "bound: give one of them."};
  std::vector<std::string_view> keys = {"type"};
  for (const auto& [name, key] : kLatestKeys) keys.push_back(name);
  out.parameters = joined(
      filters(),
      {{.name = "by",
        .kind = ParameterKind::words,
        .description = "What tells events apart.",
        .words = keys,
        .default_value = R"(["type","symbol","strategy","engine"])"},
       {.name = "at", .kind = ParameterKind::time, .description = "As it was at that time."}});
  out.answers = {{.description = "The events, newest last.", .schema = "LatestEvents"}};
  out.errors = history_errors();
  return out;
}

Operation export_all() {
  Operation out{.method = "GET",
                .path = "/api/telemetry/export",
                .id = "exportEvents",
                .tag = "Events",
                .summary = "Everything that matches, oldest first, of any length",
                .description =
                    "An answer that cannot be completed is cut off, which clients report "
                    "as an error. `columns` is for `format=csv`."};
  out.parameters = joined(
      filters(), {{.name = "format",
                   .kind = ParameterKind::word,
                   .description = "An event a line, or a table.",
                   .words = {"ndjson", "csv"},
                   .default_value = R"("ndjson")"},
                  {.name = "columns",
                   .kind = ParameterKind::list,
                   .description = "Of id, type, timestamp, source.NAME, payload, and NAME or "
                                  "NAME.NAME of the payload; at most 200.",
                   .pattern = "^[^,.]+(\\.[^,.]+){0,7}$",
                   .example = R"(["timestamp","symbol","source.engine_id"])",
                   .unique = true}});
  const std::string_view download =
      R"({"Content-Disposition":{"description":"A name for the file.","schema":{"type":"string"}}})";
  out.answers = {{.description = "The events.",
                  .content_type = "application/x-ndjson",
                  .schema = "Text",
                  .headers = download},
                 {.description = "The events.",
                  .content_type = "text/csv",
                  .schema = "Text",
                  .headers = download}};
  out.errors = history_errors();
  return out;
}

}  // namespace

std::vector<Operation> event_operations() {
  return {stream(), socket(), read(), publish(), clear(), latest(), export_all()};
}

}  // namespace tapedeck::tables
