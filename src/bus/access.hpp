// BusAccess: what the server and the Python module need of a bus beyond its public face. Any
// thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "bus/collector.hpp"
#include "bus/event_log.hpp"
#include "bus/history.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

/// What the operator of a bus wants to know beyond its stats.
struct BusFigures {
  BusStats stats;
  /// Events of each type that entered the log; types in the order in which they became known.
  std::vector<std::pair<std::string, std::uint64_t>> published_by_type;
  std::size_t publishers = 0;                  ///< threads that have published and still run
  std::uint64_t log_events = 0;                ///< in memory, the buffer's included
  LatencyHistogram::Snapshot publish_latency;  ///< from publish() to the log
};

class BusAccess {
 public:
  static EventLog& log(TelemetryBus& bus) noexcept;
  /// Brings what has been published into the log, unless publishers are far ahead: for I/O threads,
  /// which must not be held up by a backlog.
  static void collect_share(TelemetryBus& bus);
  /// As get_stats(), after collect_share().
  static BusStats stats(TelemetryBus& bus);
  /// Grows several times a second as long as the collector thread moves.
  static std::uint64_t collector_rounds(const TelemetryBus& bus) noexcept;
  /// stats() and more.
  static BusFigures figures(TelemetryBus& bus);
  /// Appends events from outside, all or none. They are in the log when it returns.
  static Result<SeqRange> append(TelemetryBus& bus, std::span<const DecodedEvent> events);
  /// Changes BusOptions::buffer_size. A larger buffer fills up from now on.
  static void set_buffer_size(TelemetryBus& bus, std::size_t events);
  /// Where callbacks that fall off the log are caught up from; nullptr: nowhere. Returns when no
  /// callback reads the former one any more.
  static void set_history(TelemetryBus& bus, const History* history);
  /// `listener` is called after each commit by whoever collected; it must be quick and must not
  /// call the bus. @return a handle for remove_commit_listener, which waits for a running call to
  /// end.
  static std::size_t add_commit_listener(TelemetryBus& bus, std::function<void()> listener);
  static void remove_commit_listener(TelemetryBus& bus, std::size_t handle);
};

}  // namespace tapedeck
