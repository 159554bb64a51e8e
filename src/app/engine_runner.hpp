// Runs the four engines on one feed: ticks → candles → decisions → orders → positions, on one
// engine thread, by the feed's clock. `tapedeck run` makes one and nothing else is needed.
//
// In a replay or simulation nothing that is published depends on the wall clock: same input and
// seed, same events. At speed 0 no event is lost: the engine thread waits for the bus.
//
// Rules of the clock:
//   - Between two records it walks from one due thing (health, candle end, phase change) to the
//   next.
//   - While the market is closed, pauses longer than a minute are jumped over.
//   - After 65 minutes without a record it jumps to the next record (by then silent symbols have
//     been told), so that a hole in old data does not play out as days of silence.
//   - Jumps take no time at any speed.
//
// Threads: construct, start() and destroy on one thread; everything else may be called from any.
#pragma once

#include <memory>
#include <string>

#include "app/engine_run_options.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::app {

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
  bool finished() const noexcept;
  /// What broke the run; empty when nothing did.
  std::string error() const;
  /// How far it is; final after wait().
  RunSummary summary() const;

  /// A command of this process (a signal); those that come over the bus (command_event with the
  /// state `requested`) are heard without it. Obeyed at once, between two clock steps.
  void request(market::Command command);
  /// Ends all periodic health within a second; the engines go on.
  void stop_telemetry();

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

}  // namespace tapedeck::app
