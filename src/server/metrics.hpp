// Counters of the server, kept one set a worker thread and added up when somebody asks. Writing is
// for the owning thread, reading for any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "store/store.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck {

/// Counts up or down from one thread without a locked instruction.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct WorkerMetrics {
  std::array<Counter, 6> responses_by_class;  // [2] = 2xx, ...
  Counter accepted_total;  // counted by the acceptor's thread, the rest by the worker
  Counter closed_total;
  Counter streams;  // open now
  Counter streams_total;
  Counter deliveries_total;
  Counter stream_bytes_total;
  Counter gaps_total;
  Counter stalled_total;  // a write that the client's window stopped
  Counter posted_events_total;
  Counter ws_sessions;  // open now
  Counter ws_sessions_total;

  std::uint64_t connections() const noexcept {
    const std::uint64_t closed = closed_total.get();  // first: it never exceeds what was accepted
    return accepted_total.get() - closed;
  }
};

struct ServerTotals {
  std::array<std::uint64_t, 6> responses_by_class{};
  std::uint64_t connections = 0;
  std::uint64_t streams = 0;
  std::uint64_t streams_total = 0;
  std::uint64_t deliveries_total = 0;
  std::uint64_t stream_bytes_total = 0;
  std::uint64_t gaps_total = 0;
  std::uint64_t stalled_total = 0;
  std::uint64_t posted_events_total = 0;
  std::uint64_t ws_sessions = 0;
  std::uint64_t ws_sessions_total = 0;

  void add(const WorkerMetrics& worker);
};

/// Prometheus text exposition format 0.0.4.
std::string format_metrics(const BusStats& bus, const ServerTotals& server);
/// The same of the history.
std::string format_store_metrics(const store::StoreStats& store);

}  // namespace tapedeck
