// LogCursor: a sender's place in a bus's log, from which it copies events as the lines that are
// sent. Holds the log, so that what has not been copied is evicted last.
//
// fill() on the sender's thread, everything else on any. Cost: a copy of each event's JSON.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "bus/access.hpp"
#include "remote/batch.hpp"

namespace tapedeck::remote {

class LogCursor {
 public:
  /// Begins after what has been published. @throws std::length_error see EventLog::add_holder
  explicit LogCursor(TelemetryBus& bus);
  ~LogCursor();
  LogCursor(const LogCursor&) = delete;
  LogCursor& operator=(const LogCursor&) = delete;

  /// Appends events to the batch until it has `bytes` or `events`, or there are no more. Before the
  /// first event after a hole comes an `events_dropped` {count, reason}.
  /// @return whether the batch is full.
  bool fill(Batch& batch, std::size_t bytes, std::size_t events, std::string_view reason);

  /// What is not copied by now may be evicted.
  void let_go() noexcept { log_.hold_from(EventLog::kHoldNothing, holder_); }

  std::uint64_t next_seq() const noexcept { return next_.load(std::memory_order_acquire); }
  std::uint64_t last_seq() const noexcept { return log_.last_seq(); }
  bool has_more() const noexcept { return last_seq() >= next_seq(); }
  /// Events that are still in the log and have not been copied.
  std::uint64_t waiting() const noexcept;
  /// Events that were evicted before they could be copied.
  std::uint64_t missed() const noexcept;

 private:
  void tell_of_hole(Batch& batch, std::string_view reason);

  EventLog& log_;
  const std::size_t holder_;
  std::atomic<std::uint64_t> next_;
  std::atomic<std::uint64_t> missed_{0};
  std::uint64_t untold_ = 0;
};

/// `{"type":"events_dropped",…}` and \n, as the bus spells it.
std::string dropped_line(std::uint64_t count, std::string_view reason);

}  // namespace tapedeck::remote
