// POST /events and POST /commands: what comes from outside, all or none, with the answer when the
// events are in memory or, if asked for, on disk.
#include <fmt/format.h>

#include "bus/access.hpp"
#include "query/command_request.hpp"
#include "query/event_query.hpp"
#include "server/api_handlers.hpp"
#include "server/auth_gate.hpp"
#include "server/io_worker.hpp"
#include "server/publish.hpp"
#include "server/publish_rules.hpp"

namespace tapedeck {
namespace {

using Accepted = IdempotencyKeys::Accepted;

/// How the body is written, by its Content-Type. curl's default for -d counts as JSON: people type
/// `curl -d '{...}'`.
Result<BatchFormat> batch_format(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  if (type == "application/x-ndjson" || type == "application/ndjson" ||
      type == "application/jsonl") {
    return BatchFormat::ndjson;
  }
  if (type.empty() || type == "application/json" || type == "application/x-www-form-urlencoded" ||
      type == "text/plain") {
    return BatchFormat::json;
  }
  return Error{"unsupported_media_type",
               "Events come as application/json or application/x-ndjson, not " +
                   std::string(type.substr(0, 80)) + ".",
               "Content-Type"};
}

/// @return whether the answer is to wait for the disk.
Result<bool> read_ack(const ApiContext& api, const HttpRequest& request) {
  bool durable = false;
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (parameter.name != "ack") {
      if (auto error = reject_unknown(parameter)) return std::move(*error);
      continue;
    }
    durable = parameter.value == "durable";
    if (durable && !api.store.when_durable) return no_disk_to_wait_for();
    if (parameter.value == "memory" || durable) continue;
    return Error{"invalid_parameter",
                 fmt::format("ack={}: must be memory or durable.", parameter.value.substr(0, 40)),
                 "ack"};
  }
  return durable;
}

HttpResponse accepted_response(const Accepted& accepted, bool replayed) {
  HttpResponse response = json_response(R"({"ok":true)" + range_members(accepted) + "}\n");
  if (replayed) response.headers = "Idempotency-Replayed: true\r\n";
  return response;
}

HttpResponse not_durable_response(const Accepted& accepted, const Error& error) {
  return error_response(status_of(error.code), error, range_members(accepted));
}

/// The answer once the events are on disk.
HttpResponse when_on_disk(const ApiContext& api, const Accepted& accepted, bool replayed) {
  HttpResponse response;
  response.awaits = [&api, accepted, replayed](HttpResponse::Reply reply) {
    const auto degraded = [accepted](std::string_view why) {
      return not_durable_response(accepted, not_durable(accepted, "store_degraded", why));
    };
    const bool taken = api.store.when_durable(
        accepted.range.last, [accepted, replayed, reply, degraded](std::optional<Error> error) {
          reply(error ? degraded(error->message) : accepted_response(accepted, replayed));
        });
    if (!taken) reply(degraded("The store is not writing."));
  };
  response.patience = api.options.durable_timeout;
  response.too_late = [accepted] {
    return not_durable_response(
        accepted, not_durable(accepted, "store_slow", "The disk did not take the events in time."));
  };
  return response;
}

struct Permitted {
  std::span<const DecodedEvent> events;
  std::optional<HttpResponse> refused;  ///< the answer when they may not be published
};

/// The events as the caller may publish them, now.
/// @param stamped keeps what is written into them
Permitted permit(const ApiContext& api, const HttpRequest& request,
                 std::span<const DecodedEvent> events, StampedEvents& stamped) {
  const auto allowed = apply_publish_rules(*request.grant, events, stamped);
  if (!allowed) return {{}, error_response(allowed.error())};
  const auto refusal = api.limits.check_publish(*request.grant, events.size(), request.body.size(),
                                                std::chrono::steady_clock::now());
  if (refusal) return {{}, refusal_response(*refusal)};
  return {*allowed, std::nullopt};
}

}  // namespace

HttpResponse post_events(const ApiContext& api, const HttpRequest& request, IoWorker& worker) {
  const auto durable = read_ack(api, request);
  if (!durable) return error_response(durable.error());
  if (request.idempotency_key) {
    if (auto error = IdempotencyKeys::refuse_key(*request.idempotency_key)) {
      return error_response(*error);
    }
  }
  const auto format = batch_format(request.content_type);
  if (!format) return error_response(format.error());
  const auto events = worker.decoder.decode(request.body, *format);
  if (!events) return error_response(events.error());
  StampedEvents stamped;
  Permitted permitted = permit(api, request, *events, stamped);
  if (permitted.refused) return std::move(*permitted.refused);
  const bool known = request.grant != auth::everybody();
  const auto outcome = accept_events(
      api,
      {request.body, *format, request.idempotency_key, known ? request.grant->id : std::string()},
      permitted.events);
  if (!outcome) return error_response(outcome.error());
  if (!outcome->replayed) worker.metrics.posted_events_total.add(events->size());
  if (*durable && may_lack_disk(api, outcome->accepted)) {
    return when_on_disk(api, outcome->accepted, outcome->replayed);
  }
  return accepted_response(outcome->accepted, outcome->replayed);
}

HttpResponse post_command(const ApiContext& api, const HttpRequest& request, IoWorker& worker) {
  const auto text = command_event_of(request.body);
  if (!text) return error_response(text.error());
  const auto events = worker.decoder.decode_copy(*text, BatchFormat::json);
  if (!events) return error_response(events.error());
  StampedEvents stamped;
  Permitted permitted = permit(api, request, *events, stamped);
  if (permitted.refused) return std::move(*permitted.refused);
  const auto range = BusAccess::append(api.bus, permitted.events);
  if (!range) return error_response(range.error());
  record(api.auth, request, "command", events->front().payload);
  return json_response(fmt::format("{{\"ok\":true,\"id\":\"{}\"}}\n",
                                   format_event_id(BusAccess::log(api.bus).epoch(), range->first)));
}

}  // namespace tapedeck
