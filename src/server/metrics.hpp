// Counters of the server, kept one set a worker thread and added up when somebody asks. Writing is
// for the owning thread, reading for any. What of it and of others is told as metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/counter.hpp"
#include "base/latency_histogram.hpp"
#include "bus/access.hpp"
#include "server/metrics_text.hpp"
#include "store/store.hpp"

namespace tapedeck {

struct WorkerMetrics {
  std::array<Counter, 6> responses_by_class;  // [2] = 2xx, ...
  Counter unauthorized_total;                 // of them, 401
  Counter rate_limited_total;                 // of them, 429
  Counter accepted_total;  // counted by the acceptor's thread, the rest by the worker
  Counter closed_total;
  Counter secure;                // connections with TLS, open now
  Counter received_bytes_total;  // of requests, as they came from the socket
  Counter sent_bytes_total;      // of answers, streams not included
  Counter streams;               // open now
  Counter streams_total;
  Counter deliveries_total;
  Counter stream_bytes_total;
  Counter gaps_total;
  Counter stalled_total;  // a write that the client's window stopped
  Counter posted_events_total;
  Counter ws_sessions;       // open now
  Counter ws_subscriptions;  // likewise; they count among streams
  Counter ws_sessions_total;
  Counter stream_lag_events;      // of all streams that follow, as of the last tick
  Counter stream_lag_max_events;  // of the one that is furthest behind
  LatencyHistogram delivery;      // from publish to the socket of a stream
  /// By place in the table of routes; one more for what no route answers.
  std::unique_ptr<LatencyHistogram[]> requests;

  void count_response(int status) noexcept {
    responses_by_class[static_cast<std::size_t>(status / 100)].add();
    if (status == 401) unauthorized_total.add();
    if (status == 429) rate_limited_total.add();
  }
  std::uint64_t connections() const noexcept {
    const std::uint64_t closed = closed_total.get();  // first: it never exceeds what was accepted
    return accepted_total.get() - closed;
  }
};

struct ServerTotals {
  std::array<std::uint64_t, 6> responses_by_class{};
  std::uint64_t unauthorized_total = 0;
  std::uint64_t rate_limited_total = 0;
  std::uint64_t connections = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t secure_connections = 0;
  std::uint64_t received_bytes_total = 0;
  std::uint64_t sent_bytes_total = 0;
  std::uint64_t streams = 0;
  std::uint64_t streams_total = 0;
  std::uint64_t deliveries_total = 0;
  std::uint64_t stream_bytes_total = 0;
  std::uint64_t gaps_total = 0;
  std::uint64_t stalled_total = 0;
  std::uint64_t posted_events_total = 0;
  std::uint64_t ws_sessions = 0;
  std::uint64_t ws_subscriptions = 0;
  std::uint64_t ws_sessions_total = 0;
  std::uint64_t stream_lag_events = 0;
  std::uint64_t stream_lag_max_events = 0;
  LatencyHistogram::Snapshot delivery;

  void add(const WorkerMetrics& worker);
};

/// How long requests of one route took. An empty route: what no route answers.
struct RouteLatency {
  std::string_view method;
  std::string_view path;
  LatencyHistogram::Snapshot latency;
};

void write_build_metrics(MetricsText& out);
void write_bus_metrics(MetricsText& out, const BusFigures& bus);
void write_server_metrics(MetricsText& out, const ServerTotals& server);
void write_request_metrics(MetricsText& out, std::span<const RouteLatency> routes);
void write_store_metrics(MetricsText& out, const store::StoreStats& store);
/// Nothing where there is no /proc.
void write_process_metrics(MetricsText& out);

}  // namespace tapedeck
