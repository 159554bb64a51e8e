// Runs the engines on one feed: ticks → candles → decisions → orders → positions, on one engine
// thread, by the feed's clock. `tapedeck run` makes one with all four; a desk in another program
// may add, stop and replace them one by one while the others go on.
//
// In a replay or simulation nothing that is published depends on the wall clock: same input and
// seed, same events. At speed 0 no event is lost: the engine thread waits for the bus.
//
// Rules of the clock:
//   - Between two records it walks from one due thing (health, candle end, phase change) to the
//     next.
//   - While the market is closed, pauses longer than a minute are jumped over.
//   - After 65 minutes without a record it jumps to the next record (by then silent symbols have
//     been told), so that a hole in old data does not play out as days of silence.
//   - Jumps take no time at any speed.
//   - With a live feed the wall clock is engine time, and whatever is due happens with or without
//     records, day and night. Engine time does not go back with it; when it is set ahead by more
//     than a minute (a machine that slept), what would have been due in between is left out.
//
// Threads: construct, start() and destroy on one thread; everything else may be called from any.
// From the engine thread (a strategy) nothing waits: what stops or starts engines happens after the
// step that is on.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "desk/engine_run_options.hpp"
#include "desk/engine_set.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::desk {

class EngineRunner {
 public:
  /// @param bus must outlive the runner
  /// @throws std::invalid_argument with a sentence that says what to do.
  EngineRunner(TelemetryBus& bus, EngineRunOptions options);
  /// As stop().
  ~EngineRunner();
  EngineRunner(const EngineRunner&) = delete;
  EngineRunner& operator=(const EngineRunner&) = delete;

  /// Launches the engine thread.
  /// @throws std::logic_error the second time.
  void start();
  /// Ends the run within a second: open orders are cancelled, the engines tell that they stopped.
  void stop();
  /// Waits until the feed has ended or stop() was called, and the engines have stopped.
  void wait();
  /// The same, for so long at most.
  /// @return finished()
  bool wait_for(std::chrono::nanoseconds at_most);
  bool finished() const noexcept;
  /// What broke the run; empty when nothing did.
  std::string error() const;
  /// How far it is; final after wait().
  RunSummary summary() const;

  /// What the engines' clock shows: engine time as of the last step; Timestamp{} before the first.
  /// Any thread, one load.
  Timestamp market_time() const noexcept;
  /// Whether the market is made up as it goes: neither a live one nor a replay of one.
  bool is_simulation() const noexcept;

  /// A command of this process (a signal); those that come over the bus (command_event with the
  /// state `requested`) are heard without it. Obeyed at once, between two clock steps.
  void request(market::Command command);
  /// Ends all periodic health within a second; the engines go on.
  void stop_telemetry();

  // --- one engine at a time ---

  /// Makes and starts an engine that is not up. Before start() it is made only, and starts with the
  /// run. Otherwise it is warmed up with the candles there are.
  /// @param change what it is told, in the options
  /// @return false when the run has ended: make another
  /// @throws as EngineSet::make()
  bool start_engine(Part part, const EngineSet::Change& change = {});
  /// Stops one engine within a second; the others go on. With the last one the run ends. Before
  /// start() it is taken out of those that start.
  void stop_engine(Part part);
  /// Ends the periodic health of one engine; it goes on.
  void stop_telemetry(Part part);
  bool is_up(Part part) const noexcept;
  std::string engine_id(Part part) const;
  const std::string& run_id() const noexcept;
  /// Whether the calling thread is the engine thread: what it calls must not wait for itself.
  bool on_engine_thread() const noexcept;

  using Task = std::function<void(EngineSet& engines, Timestamp now)>;
  /// Runs `task` between two steps of the engine thread and waits for it; at once when called from
  /// the engine thread, and on the caller's before start() and after the end. With a live feed
  /// everything that was pushed before has been handled by then, and so has every command.
  /// @throws what the task throws
  void call(const Task& task);

  /// Where the caller's ticks go; null unless the feed is `push`.
  market::PushFeed* push_feed() noexcept;

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

}  // namespace tapedeck::desk
