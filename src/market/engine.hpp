// What every engine of a run has in common: it lives on the engine clock (market time), not on the
// wall clock, and is driven by one thread. Whoever drives it never lets the clock go back.
#pragma once

#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

class Engine {
 public:
  virtual ~Engine() = default;

  /// Publishes health `starting`, then `active`; from now on health is due on its cadence.
  virtual void start(Timestamp now) = 0;
  /// When the engine next has something to do without new data; Timestamp::max(): never.
  virtual Timestamp next_due() const = 0;
  /// Does everything that is due up to and including `now`.
  virtual void advance_to(Timestamp now) = 0;
  /// The clock jumps over a pause (a closed market): what belongs to the time before is finished,
  /// health that would have been due in between is not published.
  virtual void skip_to(Timestamp now) = 0;
  /// Publishes health `error`; a stop() after it does not hide it.
  virtual void fail(Timestamp now, std::string_view reason) = 0;
  /// Publishes health `stopped`; nothing is published after it.
  virtual void stop(Timestamp now) = 0;
  /// Ends the periodic health; the engine itself goes on. Returns at once.
  virtual void stop_telemetry() = 0;
};

}  // namespace tapedeck::market
