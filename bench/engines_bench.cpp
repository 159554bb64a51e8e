// The whole chain at full speed on real ticks, with and without telemetry: ticks → candles →
// decisions → orders → positions on one engine thread. What the events cost is the difference.
//
// Needs the recorded ticks ($TAPEDECK_DATA, else ../shared/data beside the project).
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <limits>

#include "bench_support.hpp"
#include "desk/engine_runner.hpp"
#include "market/line_reader.hpp"
#include "tapedeck/market/calendar.hpp"

namespace tapedeck::bench {
namespace {

namespace fs = std::filesystem;
using market::Tick;

/// Ticks that lie in memory, so that reading files is not what is measured.
class MemoryFeed final : public market::Feed {
 public:
  explicit MemoryFeed(const std::vector<Tick>& ticks) : ticks_(ticks) {
    for (const Tick& tick : ticks) {
      if (instruments_.find({}, tick.symbol) != nullptr) continue;
      market::InstrumentInfo info;
      info.symbol = tick.symbol;
      info.tick_size = 0.01;
      instruments_.add(info);
    }
  }
  market::FeedState next(market::FeedRecord& record) override {
    if (stats_.records == ticks_.size()) return market::FeedState::end;
    record.kind = market::RecordKind::tick;
    record.tick = ticks_[stats_.records++];
    return market::FeedState::record;
  }
  std::string error() const override { return {}; }
  const market::InstrumentTable& instruments() const override { return instruments_; }
  bool knows_all_instruments() const override { return false; }
  std::vector<market::Candle> history(std::span<const market::Timeframe>) override { return {}; }
  const market::FeedStats& stats() const override { return stats_; }
  std::string_view mode() const override { return "replay"; }

 private:
  const std::vector<Tick>& ticks_;
  market::InstrumentTable instruments_;
  market::FeedStats stats_;
};

fs::path data_folder() {
  const char* set = std::getenv("TAPEDECK_DATA");
  return set != nullptr ? fs::path(set)
                        : fs::path(TAPEDECK_SOURCE_DIR).parent_path() / "shared" / "data";
}

double number(std::string_view& rest) {
  const std::size_t comma = std::min(rest.find(','), rest.size());
  double value = 0;
  std::from_chars(rest.data(), rest.data() + comma, value);
  rest.remove_prefix(std::min(rest.size(), comma + 1));
  return value;
}

/// One recorded day of another market, squeezed into a session of NSE: 24 hours become 09:15 to
/// 15:30, so that all of its bursts are played, only denser.
struct Recording {
  const char* file;
  const char* symbol;
  enum class Kind { trades, quotes, gold } kind;
  market::IstDate date;
};

void add_ticks(std::vector<Tick>& ticks, const Recording& recording) {
  market::LineReader lines(data_folder() / "throughput" / recording.file);
  const Timestamp open = market::ist_moment(recording.date, std::chrono::minutes(9 * 60 + 15));
  double bid = 0, ask = 0;
  for (std::string_view line; lines.next(line);) {
    const double ms = number(line);
    Tick tick;
    tick.at = open + std::chrono::nanoseconds(static_cast<std::int64_t>(ms * 1e6 * 6.25 / 24));
    tick.symbol = recording.symbol;
    const double first = number(line), second = number(line);
    if (recording.kind == Recording::Kind::trades) {
      tick.price = first / 1e4;
      tick.quantity = static_cast<std::int64_t>(second);
    } else if (recording.kind == Recording::Kind::gold) {
      tick.bid = first, tick.ask = second;
      tick.price = (first + second) / 2;
    } else {  // one side a row; the other is what it was
      if (first > 0) bid = first / 1e4;
      if (const double price = number(line); price > 0) ask = price / 1e4;
      if (bid <= 0 || ask <= 0) continue;
      tick.bid = bid, tick.ask = ask;
      tick.price = (bid + ask) / 2;
    }
    ticks.push_back(tick);
  }
}

std::vector<Tick> throughput_ticks() {
  using enum Recording::Kind;
  using market::make_date;
  std::vector<Tick> ticks;
  for (const Recording& recording :
       {Recording{"20131007_spy_Trade_Tick.csv.gz", "SPY", trades, make_date(2025, 11, 17)},
        Recording{"20131008_spy_Trade_Tick.csv.gz", "SPY", trades, make_date(2025, 11, 18)},
        Recording{"20131009_aig_Quote_Tick.csv.gz", "AIG", quotes, make_date(2025, 11, 19)},
        Recording{"20140507_xauusd_tick_quote.csv.gz", "GOLD", gold, make_date(2025, 11, 20)}}) {
    add_ticks(ticks, recording);
  }
  return ticks;
}

struct Result {
  double seconds = 0;         ///< from the first record to the last
  double engine_seconds = 0;  ///< processor time of the engine thread and who helped it
  desk::RunSummary summary;
  std::uint64_t events = 0;
};

double process_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Result run(const desk::EngineRunOptions& options) {
  BusOptions bus_options;
  bus_options.collector = CollectorPolicy::balanced;
  TelemetryBus bus(bus_options);
  desk::EngineRunner runner(bus, options);
  const auto begin = std::chrono::steady_clock::now();
  const double cpu = process_cpu_seconds();
  runner.start();
  runner.wait();
  Result result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  result.engine_seconds = process_cpu_seconds() - cpu;
  result.summary = runner.summary();
  result.events = bus.get_stats().published_total;
  return result;
}

/// The fastest of some runs: what disturbs only ever adds.
Result best_of(int runs, const desk::EngineRunOptions& options) {
  Result best;
  best.seconds = std::numeric_limits<double>::max();
  for (int i = 0; i < runs; ++i) {
    Result result = run(options);
    if (result.seconds < best.seconds) best = std::move(result);
  }
  return best;
}

void compare(Report& report, const std::string& title, desk::EngineRunOptions options) {
  constexpr int kRuns = 5;
  const Result with = best_of(kRuns, options);
  options.telemetry = false;
  const Result unpublished = best_of(kRuns, options);
  options.health = false;
  const Result without = best_of(kRuns, options);
  report.begin(title, {"M ticks/s", "ns a tick", "events", "orders", "share %"});
  const auto row = [&](const char* name, const Result& result) {
    const auto ticks = static_cast<double>(result.summary.ticks);
    // What the events cost more than this row, as a share of the whole.
    report.row(name,
               {ticks / result.seconds / 1e6, result.seconds / ticks * 1e9,
                static_cast<double>(result.events), static_cast<double>(result.summary.orders),
                (with.seconds - result.seconds) / with.seconds * 100});
  };
  row("with telemetry", with);
  row("put together, not published", unpublished);
  row("and no periodic events", without);
}

/// Health alone: engines that know many symbols, and an hour of market time without a tick.
void measure_health(Report& report) {
  constexpr int kSymbols = 500;
  std::vector<std::string> names;
  for (int i = 0; i < kSymbols; ++i) names.push_back("SYMBOL" + std::to_string(i));
  std::vector<Tick> ticks;
  const auto at = [](int minute) {
    return market::ist_moment(market::make_date(2025, 11, 18), std::chrono::minutes(minute));
  };
  for (const std::string& name : names) ticks.push_back({at(9 * 60 + 20), name, 100.0, 1});
  ticks.push_back({at(9 * 60 + 80), names[0], 100.0, 1});
  desk::EngineRunOptions options;
  options.speed = 0;
  options.make_feed = [&](const market::TradingCalendar&) {
    return std::make_unique<MemoryFeed>(ticks);
  };
  const Result with = best_of(5, options);
  options.telemetry = false;
  const Result without = best_of(5, options);
  report.begin("an hour of health alone, 500 symbols, all threads", {"CPU ms", "% of a core"});
  report.row("with telemetry", {with.engine_seconds * 1e3, with.engine_seconds / 36});
  report.row("without", {without.engine_seconds * 1e3, without.engine_seconds / 36});
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck;
  bench::Report report(argc, argv);
  if (!bench::fs::is_directory(bench::data_folder())) {
    std::printf("skipped: no recorded ticks; TAPEDECK_DATA names their folder\n");
    return 0;
  }
  const std::vector<market::Tick> ticks = bench::throughput_ticks();
  desk::EngineRunOptions options;
  options.speed = 0;
  options.make_feed = [&](const market::TradingCalendar&) {
    return std::make_unique<bench::MemoryFeed>(ticks);
  };
  bench::compare(report, "four days of ticks at full density, from memory", options);
  options.make_feed = nullptr;
  options.feed = "replay:" + (bench::data_folder() / "nse_nifty_1s").string() +
                 "?columns=timestamp,price&symbol=NIFTY";
  bench::compare(report, "29 days of NIFTY at a sample a second, from files", options);
  bench::measure_health(report);
}
