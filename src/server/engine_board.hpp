// EngineBoard: the last engine_health of each engine, for /metrics. It follows the log by looking
// at what has come since the last look, about once a second, so an engine stays known when its last
// word has been evicted, and its age does not depend on the event's own clock, which in a replay is
// another year's.
//
// Thread contract: any thread; looks exclude each other. A look costs some 10 ns for each new event
// and 2 us for each engine that spoke. Bounded: kMaxEngines.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "bus/compiled_filter.hpp"
#include "bus/event_log.hpp"
#include "server/metrics_text.hpp"

namespace tapedeck {

class EngineBoard {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMaxEngines = 256;
  /// An engine that stopped is forgotten after so long, one that fell silent after a day.
  static constexpr std::chrono::hours kStoppedFor{1};
  static constexpr std::chrono::hours kSilentFor{24};

  explicit EngineBoard(const EventLog& log);

  void look(Clock::time_point now);
  /// Looks, then writes the engines' metrics.
  void write(MetricsText& out, Clock::time_point now);

 private:
  struct Engine {
    std::string status;
    std::map<std::string, double, std::less<>> numbers;  // payload.metrics, what of it is wanted
    std::uint64_t seq = 0;
    Clock::time_point heard;
  };
  using Name = std::pair<std::string, std::string>;  // engine_name, engine_id

  void look_with_lock(Clock::time_point now);
  void hear(const Name& name, std::string_view payload, std::uint64_t seq, Clock::time_point now);
  void forget(Clock::time_point now);
  void write_states(MetricsText& out, Clock::time_point now) const;
  void write_numbers(MetricsText& out) const;

  const EventLog& log_;
  const CompiledFilter filter_;
  std::mutex mutex_;  // guards what follows
  std::uint64_t next_seq_;
  std::map<Name, Engine> engines_;
};

}  // namespace tapedeck
