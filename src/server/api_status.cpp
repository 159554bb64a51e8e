// How the server is: stats, metrics, readiness.
#include <fmt/format.h>

#include "bus/access.hpp"
#include "event/json_writer.hpp"
#include "server/alert_metrics.hpp"
#include "server/api_handlers.hpp"
#include "server/narrowing.hpp"

namespace tapedeck {
namespace {

/// null for 0, which numbers nothing.
std::string quoted_id(const Tape& tape, std::uint64_t seq) {
  return seq == 0 ? "null" : json::quoted(tape.id_of(seq));
}

void append_store(std::string& out, const ApiContext& api) {
  if (!api.store.stats) {
    out += R"({"enabled":false})";
    return;
  }
  const store::StoreStats stats = api.store.stats();
  fmt::format_to(
      std::back_inserter(out),
      R"({{"enabled":true,"events":{},"files":{},"bytes":{},"json_bytes":{},"first_id":{},)"
      R"("last_id":{},"lag_events":{},"lost_total":{},"degraded":{},"problem":{}}})",
      stats.events, stats.files, stats.bytes_on_disk, stats.json_bytes,
      quoted_id(api.tape, stats.first_seq), quoted_id(api.tape, stats.last_seq), stats.lag_events,
      stats.lost_total, stats.degraded,
      stats.problem.empty() ? "null" : json::quoted(stats.problem));
}

}  // namespace

namespace {

/// Leaves of what the buffer holds what the caller may see. The other figures are about the server
/// as a whole and name nobody; the events' ids tell as much. @throws HistoryError
void narrow_to(const Filter& within, const Tape& tape, BusStats& stats) {
  constexpr ReadLimits kSlice{10'000, std::size_t{4} << 20};
  CompiledFilter filter;
  filter.narrow(within);
  stats.total_events = 0;
  stats.event_counts.clear();
  stats.event_types.clear();
  SeqBounds left{tape.log().buffer_first_seq(), tape.end_seq()};
  while (left.first < left.end) {
    const Selection slice = tape.forward(filter, left, kSlice);
    for (const ScannedEvent& event : slice.items) {
      const FrameIndex& index = *event.index;
      ++stats.event_counts[std::string(event.frame + index.type_offset(), index.type_length)];
      ++stats.total_events;
    }
    if (slice.next <= left.first) break;
    left.first = slice.next;
  }
  for (const auto& [type, count] : stats.event_counts) stats.event_types.push_back(type);
}

HttpResponse stats_response(const ApiContext& api, const BusStats& stats) {
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
  const auto id = [&](std::uint64_t seq) { return quoted_id(api.tape, seq); };
  fmt::format_to(
      to,
      R"(}},"published_total":{},"dropped_total":{},"evicted_total":{},"rejected_total":{},)"
      R"("subscribers":{},"events_per_second":{:.1f},"epoch":"{}","first_id":{},"last_id":{},)"
      R"("uptime_seconds":{:.3f},"store":)",
      stats.published_total, stats.dropped_total, stats.evicted_total, stats.rejected_total,
      stats.subscribers + totals.streams, stats.events_per_second, stats.epoch, id(stats.first_seq),
      id(stats.last_seq), stats.uptime_seconds);
  append_store(out, api);
  out += "}\n";
  return json_response(std::move(out));
}

}  // namespace

HttpResponse get_stats(const ApiContext& api, const HttpRequest& request) {
  if (request.grant->narrowing.empty()) return stats_response(api, BusAccess::stats(api.bus));
  return later_response([&api, within = visible_to(*request.grant)] {
    BusStats stats = BusAccess::stats(api.bus);
    narrow_to(within, api.tape, stats);
    return stats_response(api, stats);
  });
}

HttpResponse get_metrics(const ApiContext& api, const HttpRequest& request) {
  if (const auto error = refuse_narrowed(*request.grant, "/metrics tells")) {
    return error_response(*error);
  }
  HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  MetricsText out;
  write_build_metrics(out);
  write_bus_metrics(out, BusAccess::figures(api.bus));
  write_server_metrics(out, api.totals());
  write_request_metrics(out, api.latencies());
  if (api.store.stats) write_store_metrics(out, api.store.stats());
  if (api.alerts != nullptr) write_alert_metrics(out, *api.alerts);
  api.engines.write(out, EngineBoard::Clock::now());
  write_process_metrics(out);
  response.body = out.take();
  return response;
}

HttpResponse get_ready(const ApiContext& api) {
  if (api.draining.load(std::memory_order_acquire)) {
    return error_response({"shutting_down", "The server is shutting down.", ""});
  }
  if (api.store.stats) {
    if (const store::StoreStats stats = api.store.stats(); stats.degraded) {
      return error_response(
          {"store_degraded",
           "The live stream goes on, but the history cannot be written: " + stats.problem, ""});
    }
  }
  return json_response("{\"ok\":true}\n");
}

}  // namespace tapedeck
