// Playback: hands out the events of the past at the pace at which they happened, times a factor.
// Sequence order is kept; event time only ever moves forward: an event stamped earlier than what
// has been played goes out at once.
//
// Lives with its session on the worker's thread. Holds one slice of events.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "server/stream_past.hpp"
#include "server/stream_request.hpp"

namespace tapedeck {

/// When each event is due, counted from the first. No clock of its own.
class Pacing {
 public:
  /// Pauses of event time beyond kLongPauseNs count as kShortPauseNs, unless they are kept. A step
  /// back by more than that (a replay of another day in between) is where time goes on from.
  static constexpr std::int64_t kLongPauseNs = 60'000'000'000;
  static constexpr std::int64_t kShortPauseNs = 1'000'000'000;

  /// @param speed 1: as it happened; 0: at once.
  Pacing(double speed, bool keep_pauses) : speed_(speed), keep_pauses_(keep_pauses) {}

  /// Of the next event, from the first one on. Call once an event, in order.
  std::chrono::nanoseconds due(std::int64_t timestamp_ns);

 private:
  double speed_;
  bool keep_pauses_;
  bool begun_ = false;
  std::int64_t reached_ns_ = 0;  // event time
  double played_ns_ = 0;         // of event time, long pauses shortened
};

class Playback {
 public:
  using Clock = std::chrono::steady_clock;

  Playback(boost::asio::io_context& context, const PlayRequest& request)
      : timer_(context), pacing_(request.speed, request.keep_pauses), end_(request.end_seq) {}

  /// One past the last event to look at.
  std::uint64_t end() const noexcept { return end_; }
  bool empty() const noexcept { return at_ == slice_.events.size(); }
  /// @param slice to play when the one before has been.
  void take(PastSlice&& slice);
  /// Appends the events that are due at `now`. @return how many.
  std::size_t append_due(Clock::time_point now, std::string& out);
  /// Everything before it has been handed out or does not match.
  std::uint64_t next_seq() const noexcept { return empty() ? slice_.next : slice_.events[at_].seq; }
  /// Calls `then` when the next event is due, unless it has been asked to already.
  template <typename Then>
  void wait(Then then) {
    if (waiting_for_ == due_) return;
    waiting_for_ = due_;
    timer_.expires_at(due_);
    timer_.async_wait([then](boost::system::error_code error) {
      if (!error) then();
    });
  }

 private:
  void find_due(Clock::time_point now);

  boost::asio::steady_timer timer_;
  Pacing pacing_;
  const std::uint64_t end_;
  PastSlice slice_;
  std::size_t at_ = 0;  // the next of slice_.events
  bool due_is_known_ = false;
  bool begun_ = false;
  Clock::time_point begin_;  // when the first event went out
  Clock::time_point due_;
  Clock::time_point waiting_for_;
};

}  // namespace tapedeck
