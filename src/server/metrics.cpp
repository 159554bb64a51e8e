#include "server/metrics.hpp"

#include <algorithm>
#include <string>

#include "server/process_figures.hpp"
#include "tapedeck/version.hpp"

namespace tapedeck {
namespace {

using Type = MetricsText::Type;

/// Types with a line of their own; the rest are summed up in one.
constexpr std::size_t kMaxTypesTold = 200;
/// Requests are not told apart below it.
constexpr std::int64_t kSmallestRequest_ns = 100'000;
constexpr std::int64_t kSmallestCommit_ns = 100'000;

}  // namespace

void ServerTotals::add(const WorkerMetrics& worker) {
  for (std::size_t i = 0; i < responses_by_class.size(); ++i) {
    responses_by_class[i] += worker.responses_by_class[i].get();
  }
  unauthorized_total += worker.unauthorized_total.get();
  rate_limited_total += worker.rate_limited_total.get();
  connections += worker.connections();
  connections_total += worker.accepted_total.get();
  secure_connections += worker.secure.get();
  received_bytes_total += worker.received_bytes_total.get();
  sent_bytes_total += worker.sent_bytes_total.get();
  streams += worker.streams.get();
  streams_total += worker.streams_total.get();
  deliveries_total += worker.deliveries_total.get();
  stream_bytes_total += worker.stream_bytes_total.get();
  gaps_total += worker.gaps_total.get();
  stalled_total += worker.stalled_total.get();
  posted_events_total += worker.posted_events_total.get();
  ws_sessions += worker.ws_sessions.get();
  ws_subscriptions += worker.ws_subscriptions.get();
  ws_sessions_total += worker.ws_sessions_total.get();
  stream_lag_events += worker.stream_lag_events.get();
  stream_lag_max_events = std::max(stream_lag_max_events, worker.stream_lag_max_events.get());
  delivery.add(worker.delivery.snapshot());
}

void write_build_metrics(MetricsText& out) {
  out.family("tapedeck_build_info", Type::gauge, "1; what is running is in the labels.");
  out.value({{"version", kVersion}, {"compiler", __VERSION__}}, std::uint64_t{1});
}

namespace {

void write_published(MetricsText& out, const BusFigures& bus) {
  if (bus.published_by_type.empty()) return;
  out.family("tapedeck_events_published_by_type_total", Type::counter,
             "Events that entered the log, by type; beyond 200 types the later ones are (other).");
  const auto& types = bus.published_by_type;
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (i < kMaxTypesTold) {
      out.value({{"type", types[i].first}}, types[i].second);
    } else {
      others += types[i].second;
    }
  }
  if (others > 0) out.value({{"type", "(other)"}}, others);
  if (bus.stats.event_counts.empty()) return;  // after a clear
  out.family("tapedeck_buffer_events_by_type", Type::gauge, "Events in the buffer, by type.");
  for (std::size_t i = 0; i < std::min(types.size(), kMaxTypesTold); ++i) {
    const auto count = bus.stats.event_counts.find(types[i].first);
    if (count != bus.stats.event_counts.end()) {
      out.value({{"type", count->first}}, count->second);
    }
  }
}

}  // namespace

void write_bus_metrics(MetricsText& out, const BusFigures& bus) {
  const BusStats& stats = bus.stats;
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::counter, help, value);
  };
  const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
    out.one(name, Type::gauge, help, value);
  };
  counter("tapedeck_events_published_total", "Events that entered the log.", stats.published_total);
  counter("tapedeck_events_dropped_total", "Events a full queue could not take.",
          stats.dropped_total);
  counter("tapedeck_events_rejected_total", "Events refused as invalid or too large.",
          stats.rejected_total);
  counter("tapedeck_events_evicted_total", "Events that left the buffer for newer ones.",
          stats.evicted_total);
  counter("tapedeck_clock_inversions_total", "Events that arrived behind a later one.",
          stats.clock_inversions_total);
  counter("tapedeck_callback_errors_total", "Exceptions that callbacks threw.",
          stats.callback_errors_total);
  counter("tapedeck_callback_missed_total", "Events that callbacks were too slow for.",
          stats.callback_missed_total);
  write_published(out, bus);
  gauge("tapedeck_buffer_events", "Events in the buffer.", stats.total_events);
  gauge("tapedeck_buffer_size", "Events the buffer holds at most.", stats.buffer_size);
  gauge("tapedeck_log_events", "Events in memory, those of the buffer included.", bus.log_events);
  gauge("tapedeck_publisher_threads", "Threads that have published and still run.",
        std::uint64_t{bus.publishers});
  gauge("tapedeck_callback_subscribers", "Callbacks in this process.", stats.subscribers);
  gauge("tapedeck_uptime_seconds", "Time since the bus was made.", stats.uptime_seconds);
  out.family("tapedeck_publish_to_log_seconds", Type::histogram,
             "From publish() in this process until readers can see the event; each eighth of a "
             "batch stands for those around it.");
  out.histogram({}, bus.publish_latency);
}

namespace {

void write_stream_metrics(MetricsText& out, const ServerTotals& server) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::counter, help, value);
  };
  out.one("tapedeck_streams", Type::gauge, "Open event streams.", server.streams);
  counter("tapedeck_streams_total", "Event streams opened.", server.streams_total);
  counter("tapedeck_stream_deliveries_total", "Events written to streams.",
          server.deliveries_total);
  counter("tapedeck_stream_bytes_total", "Bytes written to streams.", server.stream_bytes_total);
  counter("tapedeck_stream_gaps_total", "Times a stream was told that it missed events.",
          server.gaps_total);
  counter("tapedeck_stream_stalls_total", "Times a stream had to wait for its client.",
          server.stalled_total);
  out.one("tapedeck_stream_lag_events", Type::gauge,
          "Events that open streams have not looked at yet, all together, to the second.",
          server.stream_lag_events);
  out.one("tapedeck_stream_lag_max_events", Type::gauge,
          "Events that the stream furthest behind has not looked at yet.",
          server.stream_lag_max_events);
  out.family("tapedeck_stream_delivery_seconds", Type::histogram,
             "From publish, or receipt by POST, until the event is handed to a stream's socket; "
             "one stream of each round is measured.");
  out.histogram({}, server.delivery);
}

}  // namespace

void write_server_metrics(MetricsText& out, const ServerTotals& server) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::counter, help, value);
  };
  out.one("tapedeck_http_connections", Type::gauge, "Open HTTP connections, streams included.",
          server.connections);
  counter("tapedeck_http_connections_total", "HTTP connections accepted.",
          server.connections_total);
  out.family("tapedeck_connections", Type::gauge, "Open connections, by what they are for.");
  const std::uint64_t sse = server.streams - std::min(server.streams, server.ws_subscriptions);
  const std::uint64_t others = sse + server.ws_sessions;
  out.value({{"kind", "http"}}, server.connections - std::min(server.connections, others));
  out.value({{"kind", "sse"}}, sse);
  out.value({{"kind", "ws"}}, server.ws_sessions);
  out.one("tapedeck_ws_subscriptions", Type::gauge, "Subscriptions of open WebSockets.",
          server.ws_subscriptions);
  counter("tapedeck_ws_sessions_total", "WebSockets opened.", server.ws_sessions_total);
  out.one("tapedeck_tls_connections", Type::gauge, "Open connections with TLS.",
          server.secure_connections);
  out.family("tapedeck_http_responses_total", Type::counter, "HTTP responses, by class of status.");
  for (std::size_t i = 1; i < server.responses_by_class.size(); ++i) {
    out.value({{"class", std::to_string(i) + "xx"}}, server.responses_by_class[i]);
  }
  counter("tapedeck_http_unauthorized_total", "Requests answered 401: no or bad credentials.",
          server.unauthorized_total);
  counter("tapedeck_http_rate_limited_total", "Requests answered 429: too many.",
          server.rate_limited_total);
  counter("tapedeck_http_received_bytes_total", "Bytes of requests.", server.received_bytes_total);
  counter("tapedeck_http_sent_bytes_total", "Bytes of answers, streams not included.",
          server.sent_bytes_total);
  counter("tapedeck_posted_events_total", "Events accepted by POST.", server.posted_events_total);
  write_stream_metrics(out, server);
}

void write_request_metrics(MetricsText& out, std::span<const RouteLatency> routes) {
  const auto is_used = [](const RouteLatency& route) { return route.latency.count() > 0; };
  if (std::none_of(routes.begin(), routes.end(), is_used)) return;
  out.family("tapedeck_http_request_duration_seconds", Type::histogram,
             "From the last byte of a request until its answer is complete, or, for a stream, "
             "until it begins; routes that were never asked are left out.");
  for (const RouteLatency& route : routes) {
    if (!is_used(route)) continue;
    const std::string_view other = "other";
    out.histogram({{"method", route.method.empty() ? other : route.method},
                   {"route", route.path.empty() ? other : route.path}},
                  route.latency, kSmallestRequest_ns);
  }
}

void write_store_metrics(MetricsText& out, const store::StoreStats& store) {
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::counter, help, value);
  };
  const auto gauge = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.one(name, Type::gauge, help, value);
  };
  gauge("tapedeck_store_events", "Events in the history.", store.events);
  gauge("tapedeck_store_files", "Files of the history.", store.files);
  gauge("tapedeck_store_bytes", "Size of the history on disk.", store.bytes_on_disk);
  gauge("tapedeck_store_json_bytes", "Size of the stored events as JSON.", store.json_bytes);
  gauge("tapedeck_store_lag_events", "Events published and not on disk yet.", store.lag_events);
  counter("tapedeck_store_lost_total", "Events that could not be kept for the history.",
          store.lost_total);
  counter("tapedeck_store_commits_total", "Transactions written.", store.commits_total);
  counter("tapedeck_store_errors_total", "Transactions that failed.", store.errors_total);
  gauge("tapedeck_store_degraded", "1 while the history cannot be written.",
        store.degraded ? 1 : 0);
  out.family("tapedeck_store_commit_seconds", Type::histogram,
             "Time a transaction took until it was on disk.");
  out.histogram({}, store.commit_latency, kSmallestCommit_ns);
}

void write_process_metrics(MetricsText& out) {
  const auto process = read_process_figures();
  if (!process) return;
  out.one("process_cpu_seconds_total", Type::counter, "User and system CPU time.",
          process->cpu_seconds);
  out.one("process_resident_memory_bytes", Type::gauge, "Resident memory.",
          process->resident_bytes);
  out.one("process_virtual_memory_bytes", Type::gauge, "Virtual memory.", process->virtual_bytes);
  out.one("process_open_fds", Type::gauge, "Open file descriptors.", process->open_fds);
  out.one("process_max_fds", Type::gauge, "Most file descriptors there may be.", process->max_fds);
  out.one("process_start_time_seconds", Type::gauge, "When the process began, since 1970.",
          process->start_time_seconds);
}

}  // namespace tapedeck
