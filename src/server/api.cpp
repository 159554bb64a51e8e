#include "server/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bus/access.hpp"
#include "event/json_writer.hpp"
#include "event/schema.hpp"
#include "query/command_request.hpp"
#include "query/event_query.hpp"
#include "query/log_reader.hpp"
#include "server/io_worker.hpp"
#include "server/stream_request.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck {

extern const std::string_view dashboard_page;

namespace {

constexpr std::int64_t kDefaultLimit = 100;
constexpr std::int64_t kMaxLimit = 1000;
constexpr std::size_t kMaxLatest = 10'000;

std::optional<Error> refuse_parameters(const HttpRequest& request) {
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (auto error = reject_unknown(parameter)) return error;
  }
  return std::nullopt;
}

/// Wraps a handler that takes no parameters.
template <typename Fn>
auto without_parameters(Fn fn) {
  return [fn](const HttpRequest& request, IoWorker&) {
    if (const auto error = refuse_parameters(request)) return error_response(*error);
    return fn();
  };
}

HttpResponse get_stats(const ApiContext& api) {
  const BusStats stats = BusAccess::stats(api.bus);
  const ServerTotals totals = api.totals();
  std::string out;
  out.reserve(1024);
  auto to = std::back_inserter(out);
  fmt::format_to(to, R"({{"ok":true,"total_events":{},"buffer_size":{},"event_types":[)",
                 stats.total_events, stats.buffer_size);
  for (const std::string& type : stats.event_types) {
    fmt::format_to(to, "{}\"{}\"", &type == &stats.event_types.front() ? "" : ",", type);
  }
  out += R"(],"event_counts":{)";
  const char* separator = "";
  for (const auto& [type, count] : stats.event_counts) {
    fmt::format_to(to, R"({}"{}":{})", separator, type, count);
    separator = ",";
  }
  const auto id = [&](std::uint64_t seq) {
    return seq == 0 ? std::string("null") : "\"" + format_event_id(stats.epoch, seq) + "\"";
  };
  fmt::format_to(
      to,
      R"(}},"published_total":{},"dropped_total":{},"evicted_total":{},"rejected_total":{},)"
      R"("subscribers":{},"events_per_second":{:.1f},"epoch":"{}","first_id":{},"last_id":{},)"
      R"("uptime_seconds":{:.3f},"store":{{"enabled":false}}}})"
      "\n",
      stats.published_total, stats.dropped_total, stats.evicted_total, stats.rejected_total,
      stats.subscribers + totals.streams, stats.events_per_second, stats.epoch, id(stats.first_seq),
      id(stats.last_seq), stats.uptime_seconds);
  return json_response(std::move(out));
}

/// `{"ok":true,"events":[...],"count":n` of a selection, oldest first; the caller closes it.
std::string events_json(const Selection& selection) {
  std::size_t size = 128;
  for (const auto& item : selection.items) size += item.index->json_length() + 1;
  std::string out;
  out.reserve(size);
  out += R"({"ok":true,"events":[)";
  for (auto item = selection.items.rbegin(); item != selection.items.rend(); ++item) {
    if (item != selection.items.rbegin()) out += ',';
    out += item->json();
  }
  fmt::format_to(std::back_inserter(out), R"(],"count":{})", selection.items.size());
  return out;
}

struct EventsRequest {
  EventQuery query;
  std::size_t limit = kDefaultLimit;
  std::optional<EventId> cursor;
};

std::optional<Error> read_events_parameter(const QueryParameter& parameter, EventsRequest& out,
                                           bool paged) {
  const auto taken = read_filter_parameter(parameter, out.query);
  if (!taken) return taken.error();
  if (*taken) return std::nullopt;
  if (paged && parameter.name == "limit") {
    const auto limit = read_integer(parameter, 1, INT64_MAX);
    if (!limit) return limit.error();
    out.limit = static_cast<std::size_t>(std::min(*limit, kMaxLimit));
    return std::nullopt;
  }
  if (paged && parameter.name == "cursor") {
    out.cursor = parse_event_id(parameter.value);
    if (out.cursor) return std::nullopt;
    return Error{"invalid_parameter", "cursor must be the \"next\" of an earlier answer.",
                 "cursor"};
  }
  if (paged && parameter.name == "in") {
    if (parameter.value == "buffer") return std::nullopt;
    return Error{"invalid_parameter",
                 "in=" + parameter.value.substr(0, 40) +
                     ": this server keeps events in memory only; in=buffer is what there is.",
                 "in"};
  }
  return reject_unknown(parameter);
}

/// The sequence numbers to look at, narrowed by bounds that are ids. Another epoch's ids bound
/// nothing that is here: since an older history everything is newer.
struct Bounds {
  std::uint64_t first;
  std::uint64_t end;
};
Bounds bounds_of(const EventQuery& query, const EventLog& log, std::uint64_t first) {
  Bounds bounds{first, log.last_seq() + 1};
  if (query.since_id && query.since_id->epoch == log.epoch()) {
    bounds.first = std::max(std::max(log.first_seq(), log.floor_seq()), query.since_id->seq + 1);
  }
  if (query.until_id && query.until_id->epoch == log.epoch()) {
    bounds.end = std::min(bounds.end, query.until_id->seq);
  }
  return bounds;
}

HttpResponse get_events(const ApiContext& api, const HttpRequest& request) {
  EventsRequest wanted;
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (auto error = read_events_parameter(parameter, wanted, true)) return error_response(*error);
  }
  BusAccess::collect_share(api.bus);
  const EventLog& log = BusAccess::log(api.bus);
  Bounds bounds = bounds_of(wanted.query, log, log.buffer_first_seq());
  if (wanted.cursor) {
    if (wanted.cursor->epoch != log.epoch()) {
      return error_response({"invalid_parameter",
                             "The cursor belongs to another history; begin again without it.",
                             "cursor"});
    }
    bounds.end = std::min(bounds.end, wanted.cursor->seq);
  }
  const Selection selection =
      select_newest(log, compile(wanted.query), bounds.first, bounds.end, wanted.limit);
  std::string out = events_json(selection);
  if (selection.more) {
    fmt::format_to(std::back_inserter(out), R"(,"next":"{}")",
                   format_event_id(log.epoch(), selection.items.back().seq));
  }
  out += "}\n";
  return json_response(std::move(out));
}

constexpr std::array<std::pair<std::string_view, Key>, 11> kLatestKeys = {{
    {"symbol", Key::symbol},
    {"exchange", Key::exchange},
    {"strategy", Key::strategy},
    {"engine", Key::engine},
    {"order_id", Key::order_id},
    {"correlation_id", Key::correlation_id},
    {"host", Key::host},
    {"engine_id", Key::engine_id},
    {"run_id", Key::run_id},
    {"account", Key::account},
    {"mode", Key::mode},
}};

/// Reads a comma list; "type" is no Key.
std::optional<Error> read_latest_keys(const QueryParameter& parameter, LatestKeys& out) {
  out = {};
  std::string_view rest = parameter.value;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    const auto known = std::find_if(kLatestKeys.begin(), kLatestKeys.end(),
                                    [&](const auto& key) { return key.first == name; });
    if (name == "type") {
      out.by_type = true;
    } else if (known != kLatestKeys.end()) {
      out.keys.push_back(known->second);
    } else {
      return Error{"invalid_parameter",
                   "by=" + std::string(name.substr(0, 40)) +
                       ": must be a list of type, symbol, exchange, strategy, engine, order_id, "
                       "correlation_id, host, engine_id, run_id, account, mode.",
                   "by"};
    }
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

HttpResponse get_latest(const ApiContext& api, const HttpRequest& request) {
  EventsRequest wanted;
  LatestKeys keys{{Key::symbol, Key::strategy, Key::engine}, true};
  for (const QueryParameter& parameter : request.parsed.parameters) {
    const auto error = parameter.name == "by" ? read_latest_keys(parameter, keys)
                                              : read_events_parameter(parameter, wanted, false);
    if (error) return error_response(*error);
  }
  BusAccess::collect_share(api.bus);
  const EventLog& log = BusAccess::log(api.bus);
  const Bounds bounds = bounds_of(wanted.query, log, std::max(log.first_seq(), log.floor_seq()));
  std::unordered_set<std::string> seen;
  const Selection selection = select_latest(log, compile(wanted.query), bounds.first,
                                            log.last_seq() + 1, keys, seen, kMaxLatest);
  return json_response(events_json(selection) +
                       fmt::format(",\"truncated\":{}}}\n", selection.more));
}

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

HttpResponse post_events(const ApiContext& api, const HttpRequest& request, IoWorker& worker) {
  for (const QueryParameter& parameter : request.parsed.parameters) {
    if (parameter.name == "ack" && parameter.value == "memory") continue;
    if (parameter.name == "ack") {
      return error_response(
          {"invalid_parameter",
           "ack=" + parameter.value.substr(0, 40) +
               ": this server keeps events in memory only; ack=memory is what there is.",
           "ack"});
    }
    if (auto error = reject_unknown(parameter)) return error_response(*error);
  }
  const auto format = batch_format(request.content_type);
  if (!format) return error_response(format.error());
  const auto events = worker.decoder.decode(request.body, *format);
  if (!events) return error_response(events.error());
  const auto range = BusAccess::append(api.bus, *events);
  if (!range) return error_response(range.error());
  worker.metrics.posted_events_total.add(events->size());
  const std::string& epoch = BusAccess::log(api.bus).epoch();
  return json_response(
      fmt::format(R"({{"ok":true,"accepted":{},"first_id":"{}-{}","last_id":"{}-{}"}})"
                  "\n",
                  events->size(), epoch, range->first, epoch, range->last));
}

HttpResponse post_command(const ApiContext& api, const HttpRequest& request, IoWorker& worker) {
  if (const auto error = refuse_parameters(request)) return error_response(*error);
  const auto text = command_event_of(request.body);
  if (!text) return error_response(text.error());
  const auto events = worker.decoder.decode_copy(*text, BatchFormat::json);
  if (!events) return error_response(events.error());
  const auto range = BusAccess::append(api.bus, *events);
  if (!range) return error_response(range.error());
  return json_response(fmt::format("{{\"ok\":true,\"id\":\"{}\"}}\n",
                                   format_event_id(BusAccess::log(api.bus).epoch(), range->first)));
}

HttpResponse open_stream(const ApiContext& api, const HttpRequest& request) {
  if (api.shutting_down.load(std::memory_order_acquire)) {
    return error_response({"shutting_down", "The server is shutting down; come back later.", ""});
  }
  auto stream = parse_stream_request(request, api.options);
  if (!stream) return error_response(stream.error());
  BusAccess::collect_share(api.bus);  // "from now on" begins after what has been published
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = std::make_shared<StreamRequest>(std::move(stream).value());
  return response;
}

HttpResponse get_metrics(const ApiContext& api) {
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = format_metrics(BusAccess::stats(api.bus), api.totals());
  return response;
}

HttpResponse get_page() {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.headers =
      "Content-Security-Policy: default-src 'self'; script-src 'unsafe-inline'; "
      "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n";
  response.body = std::string(dashboard_page);
  return response;
}

}  // namespace

std::vector<Route> api_routes(const ApiContext& api) {
  return {
      {"GET", "/", without_parameters([] { return get_page(); })},
      {"GET", "/api/telemetry/stream",
       [&api](const HttpRequest& request, IoWorker&) { return open_stream(api, request); }},
      {"GET", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker&) { return get_events(api, request); }},
      {"POST", "/api/telemetry/events",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_events(api, request, worker);
       }},
      {"POST", "/api/telemetry/commands",
       [&api](const HttpRequest& request, IoWorker& worker) {
         return post_command(api, request, worker);
       }},
      {"DELETE", "/api/telemetry/events", without_parameters([&api] {
         api.bus.clear_buffer();
         return json_response("{\"ok\":true}\n");
       })},
      {"GET", "/api/telemetry/stats", without_parameters([&api] { return get_stats(api); })},
      {"GET", "/api/telemetry/latest",
       [&api](const HttpRequest& request, IoWorker&) { return get_latest(api, request); }},
      {"GET", "/api/telemetry/schema", without_parameters([] {
         return json_response("{\"ok\":true,\"schema\":" + json_schema() + "}\n");
       })},
      {"GET", "/healthz", without_parameters([] { return json_response("{\"ok\":true}\n"); })},
      {"GET", "/readyz", without_parameters([&api] {
         return api.shutting_down.load(std::memory_order_acquire)
                    ? error_response({"shutting_down", "The server is shutting down.", ""})
                    : json_response("{\"ok\":true}\n");
       })},
      {"GET", "/version", without_parameters([] {
         return json_response("{\"ok\":true,\"name\":\"tapedeck\",\"version\":\"" +
                              std::string(kVersion) + "\"}\n");
       })},
      {"GET", "/metrics", without_parameters([&api] { return get_metrics(api); })},
  };
}

}  // namespace tapedeck
