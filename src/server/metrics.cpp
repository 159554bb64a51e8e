#include "server/metrics.hpp"

#include <fmt/format.h>

#include <iterator>

namespace tapedeck {

void ServerTotals::add(const WorkerMetrics& worker) {
  for (std::size_t i = 0; i < responses_by_class.size(); ++i) {
    responses_by_class[i] += worker.responses_by_class[i].get();
  }
  connections += worker.connections();
  streams += worker.streams.get();
  streams_total += worker.streams_total.get();
  deliveries_total += worker.deliveries_total.get();
  stream_bytes_total += worker.stream_bytes_total.get();
  gaps_total += worker.gaps_total.get();
  stalled_total += worker.stalled_total.get();
  posted_events_total += worker.posted_events_total.get();
  ws_sessions += worker.ws_sessions.get();
  ws_sessions_total += worker.ws_sessions_total.get();
}

namespace {

void append_head(std::string& out, const char* name, const char* type, const char* help) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

template <typename Value>
void append_metric(std::string& out, const char* name, const char* type, const char* help,
                   Value value) {
  append_head(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

}  // namespace

std::string format_store_metrics(const store::StoreStats& store) {
  std::string out;
  const auto one = [&](const char* name, const char* type, const char* help, auto value) {
    append_metric(out, name, type, help, value);
  };
  one("tapedeck_store_events", "gauge", "Events in the history.", store.events);
  one("tapedeck_store_files", "gauge", "Files of the history.", store.files);
  one("tapedeck_store_bytes", "gauge", "Size of the history on disk.", store.bytes_on_disk);
  one("tapedeck_store_lag_events", "gauge", "Events published and not on disk yet.",
      store.lag_events);
  one("tapedeck_store_lost_total", "counter", "Events that could not be kept for the history.",
      store.lost_total);
  one("tapedeck_store_commits_total", "counter", "Transactions written.", store.commits_total);
  one("tapedeck_store_errors_total", "counter", "Transactions that failed.", store.errors_total);
  one("tapedeck_store_degraded", "gauge", "1 while the history cannot be written.",
      store.degraded ? 1 : 0);
  return out;
}

std::string format_metrics(const BusStats& bus, const ServerTotals& server) {
  std::string out;
  const auto head = [&](const char* name, const char* type, const char* help) {
    append_head(out, name, type, help);
  };
  const auto one = [&](const char* name, const char* type, const char* help, auto value) {
    append_metric(out, name, type, help, value);
  };
  one("tapedeck_events_published_total", "counter", "Events that entered the log.",
      bus.published_total);
  one("tapedeck_events_dropped_total", "counter", "Events a full queue could not take.",
      bus.dropped_total);
  one("tapedeck_events_rejected_total", "counter", "Events refused as invalid or too large.",
      bus.rejected_total);
  one("tapedeck_events_evicted_total", "counter", "Events that left the buffer for newer ones.",
      bus.evicted_total);
  one("tapedeck_clock_inversions_total", "counter", "Events that arrived behind a later one.",
      bus.clock_inversions_total);
  one("tapedeck_callback_errors_total", "counter", "Exceptions that callbacks threw.",
      bus.callback_errors_total);
  one("tapedeck_callback_missed_total", "counter", "Events that callbacks were too slow for.",
      bus.callback_missed_total);
  one("tapedeck_buffer_events", "gauge", "Events in the buffer.", bus.total_events);
  one("tapedeck_buffer_size", "gauge", "Events the buffer holds at most.", bus.buffer_size);
  one("tapedeck_uptime_seconds", "gauge", "Time since the bus was made.", bus.uptime_seconds);
  head("tapedeck_buffer_events_by_type", "gauge", "Events in the buffer, by type.");
  for (const auto& [type, count] : bus.event_counts) {
    fmt::format_to(std::back_inserter(out), "tapedeck_buffer_events_by_type{{type=\"{}\"}} {}\n",
                   type, count);
  }
  one("tapedeck_http_connections", "gauge", "Open HTTP connections, streams included.",
      server.connections);
  head("tapedeck_http_responses_total", "counter", "HTTP responses, by class of status.");
  for (std::size_t i = 1; i < server.responses_by_class.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "tapedeck_http_responses_total{{class=\"{}xx\"}} {}\n",
                   i, server.responses_by_class[i]);
  }
  one("tapedeck_streams", "gauge", "Open event streams.", server.streams);
  one("tapedeck_streams_total", "counter", "Event streams opened.", server.streams_total);
  one("tapedeck_stream_deliveries_total", "counter", "Events written to streams.",
      server.deliveries_total);
  one("tapedeck_stream_bytes_total", "counter", "Bytes written to streams.",
      server.stream_bytes_total);
  one("tapedeck_stream_gaps_total", "counter", "Times a stream was told that it missed events.",
      server.gaps_total);
  one("tapedeck_stream_stalls_total", "counter", "Times a stream had to wait for its client.",
      server.stalled_total);
  one("tapedeck_posted_events_total", "counter", "Events accepted by POST.",
      server.posted_events_total);
  return out;
}

}  // namespace tapedeck
