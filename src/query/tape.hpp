// Tape: everything that can be read of a bus as one run of events: the history behind the log, then
// the log. Where the one ends and the other begins is nobody's business but its own.
//
// Any thread; cheap to make. Reads that reach behind the log may touch the disk: not for I/O
// threads (see reaches_history()).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/access.hpp"
#include "bus/history.hpp"
#include "query/event_query.hpp"
#include "query/log_reader.hpp"

namespace tapedeck {

/// Sequence numbers to look at: first <= seq < end.
struct SeqBounds {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
};

/// Where a reader goes on after an id, and what it missed.
struct ResumePoint {
  std::uint64_t next = 0;
  bool gap = false;
  std::optional<std::uint64_t> missed{};  ///< with gap: how many; nothing when nobody can know
};

class Tape {
 public:
  /// @param history may be nullptr: memory only. Must outlive the tape.
  Tape(TelemetryBus& bus, const History* history) : log_(BusAccess::log(bus)), history_(history) {}

  const EventLog& log() const noexcept { return log_; }
  const History* history() const noexcept { return history_; }
  /// The oldest event that can be read; end_seq() when there is none.
  std::uint64_t oldest_seq() const;
  std::uint64_t end_seq() const noexcept { return log_.last_seq() + 1; }
  /// Whether reading from `seq` needs the history.
  bool reaches_history(std::uint64_t seq) const noexcept {
    return history_ != nullptr && seq < log_.first_seq() &&
           history_->first_seq() < log_.first_seq();
  }

  std::string id_of(std::uint64_t seq) const;
  /// The sequence number an id stands for; nothing for ids of histories that are not here.
  std::optional<std::uint64_t> seq_of(const EventId& id) const;
  ResumePoint resume_after(std::string_view id) const;
  /// The numbers a query's ids leave of `bounds`. An id of another history bounds nothing.
  SeqBounds narrow(const EventQuery& query, SeqBounds bounds) const;

  /// The newest `limits.events` matching events within bounds, newest first. `more`: older ones may
  /// match; they are before `next`. @throws HistoryError
  Selection newest(const CompiledFilter& filter, SeqBounds bounds, const ReadLimits& limits) const;
  /// The newest matching event of each identity, newest first. @throws HistoryError
  Selection latest(const CompiledFilter& filter, const LatestKeys& keys, SeqBounds bounds,
                   const ReadLimits& limits) const;
  /// Matching events, oldest first, as far as limits allow; go on at `next`. A read that finds the
  /// next numbers gone answers only how many (`missing`). @throws HistoryError
  Selection forward(const CompiledFilter& filter, SeqBounds bounds, const ReadLimits& limits) const;

 private:
  void take(Selection& out, HistorySlice&& slice) const;
  void forward_in_log(const CompiledFilter& filter, SeqBounds bounds, const ReadLimits& limits,
                      Selection& out) const;

  const EventLog& log_;
  const History* history_;
};

}  // namespace tapedeck
