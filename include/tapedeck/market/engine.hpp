// What every engine of a run has in common: it lives on the engine clock (market time), not on the
// wall clock, and is driven by one thread. Whoever drives it never lets the clock go back.
#pragma once

#include <string>
#include <string_view>

#include "tapedeck/time.hpp"

namespace tapedeck::market {

/// An order to the engine itself (command_event): kill, resume, flatten, square_off, ...
struct Command {
  std::string name{};
  std::string target = "*";  ///< engine_id or engine_name; `*`: whoever knows it
  std::string by{};
  std::string reason{};
  std::string request_id{};  ///< id of the event that asked; its answers carry it
};

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
  /// Obeys a command and publishes the command_event that answers it (done, refused, failed).
  /// @return false when this engine does not know the command; nothing is published then
  virtual bool obey(const Command& command, Timestamp now) {
    (void)command, (void)now;
    return false;
  }
};

}  // namespace tapedeck::market
