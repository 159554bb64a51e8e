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

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/bus.hpp"
#include "tapedeck/market/feed.hpp"

namespace tapedeck::app {

struct EngineRunOptions {
  /// `sim[?sessions=N]` or `replay:PATH[?format=…&symbol=…&tz=…&columns=…&timeframe=…]`
  std::string feed = "sim";
  double speed = 1;  ///< 1: as it happens, N: N times as fast, 0: as fast as it goes
  std::vector<std::string>
      symbols;  ///< only these (and what their signals are ordered in); empty: all
  std::vector<std::string> timeframes{"1m", "5m"};
  std::vector<std::string> strategies{"momentum"};
  std::uint64_t seed = 1;
  /// First session of the simulator, YYYY-MM-DD; empty: the last session date up to today (IST).
  std::string sim_date;
  std::string account = "paper";
  std::string host;              ///< empty: this machine's name
  std::string engine_id_prefix;  ///< `<prefix>-strategy`; empty: the mode (paper, replay)
  /// Gets a line worth logging, now and then; from the constructor and from the engine thread.
  std::function<void(std::string_view)> log;
};

struct RunSummary {
  std::uint64_t records = 0;  ///< ticks, candles and marks of the feed
  std::uint64_t ticks = 0;    ///< of the wanted symbols, as the market data engine saw them
  std::uint64_t late_ticks = 0;
  std::uint64_t out_of_session_ticks = 0;
  std::uint64_t volume_falls = 0;
  std::uint64_t gaps = 0;
  std::uint64_t bad_rows = 0;
  std::vector<market::BadRow> first_bad_rows;
  std::uint64_t candles = 0;
  std::uint64_t signals = 0;
  std::uint64_t orders = 0;
  std::uint64_t fills = 0;
  std::uint64_t rejects = 0;
  std::uint64_t expired = 0;  ///< orders that outlived their session
  double realized_pnl = 0;    ///< before charges
  double charges = 0;
  Timestamp from{};  ///< engine time; 0 before the first record
  Timestamp to{};
};

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

  /// The kill switch: no entries from now on. Obeyed at the next engine clock step.
  void request_kill(std::string by, std::string reason);
  void request_resume(std::string by, std::string reason);

 private:
  class Run;
  std::unique_ptr<Run> run_;
};

}  // namespace tapedeck::app
