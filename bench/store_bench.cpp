// The history: how fast a day is stored and how small, how fast one finds something in it again.
// Beside it what one would write first: a SQLite table, a row an event, an index a column.
//   TAPEDECK_BENCH_EVENTS   stored (10 million)
//   TAPEDECK_BENCH_FOLDER   where (a folder of its own below the temporary directory)
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include "bench_support.hpp"
#include "bus/access.hpp"
#include "query/aggregate_result.hpp"
#include "query/tape.hpp"
#include "store/store.hpp"

namespace tapedeck::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kSymbols = 500, kStrategies = 10;
constexpr std::size_t kEventsAnOrder = 100;  // five of them are the order's own
constexpr const char* kStates[] = {"new", "submitted", "open", "partially_filled", "filled"};
constexpr std::int64_t kDayBegin_ns = 1'763'424'900'000'000'000;  // 2025-11-18 09:15 IST
constexpr std::int64_t kDay_ns = 22'500'000'000'000;              // until 15:30

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A desk's day: what engines publish, in about the shares they do, over the hours of a session.
class Day {
 public:
  explicit Day(std::size_t events) : step_ns_(kDay_ns / static_cast<std::int64_t>(events)) {
    for (std::size_t i = 0; i < kSymbols; ++i) symbols_.push_back("SYM" + std::to_string(i));
    for (std::size_t i = 0; i < kStrategies; ++i) {
      strategies_.push_back("strategy_" + std::to_string(i));
    }
  }
  static std::string order_id(std::size_t i) { return "PAPER-20251118-" + std::to_string(i); }
  static std::int64_t time_ns(std::size_t i, std::size_t events) {
    return kDayBegin_ns +
           kDay_ns / static_cast<std::int64_t>(events) * static_cast<std::int64_t>(i);
  }
  const std::string& symbol(std::size_t i) const { return symbols_[i % kSymbols]; }

  void publish(TelemetryBus& bus, SourceId source, std::size_t i) {
    const Timestamp at = from_ns(kDayBegin_ns + step_ns_ * static_cast<std::int64_t>(i));
    const std::uint64_t draw = random_();
    const std::string& symbol = symbols_[draw % kSymbols];
    const std::string& strategy = strategies_[draw / kSymbols % kStrategies];
    const double price = 100.0 + static_cast<double>(draw >> 40) / 1000.0;
    switch (draw / 7919 % 20) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
        bus.publish(IndicatorEvent{.symbol = symbol,
                                   .timeframe = "1m",
                                   .indicators = {{"rsi", price / 7}, {"ema_20", price * 1.01}},
                                   .strategy = strategy},
                    at, source);
        break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
      case 12:
      case 13:
        bus.publish(PositionEvent{.symbol = symbol,
                                  .position_size = static_cast<std::int64_t>(draw % 400),
                                  .entry_price = price,
                                  .last_price = price + 1,
                                  .unrealized_pnl = price / 3,
                                  .day_pnl = price / 5,
                                  .product = "MIS",
                                  .strategy = strategy},
                    at, source);
        break;
      case 14:
      case 15:
      case 16:
        bus.publish(EngineHealth{.engine_name = "StrategyEngineV2",
                                 .status = "active",
                                 .metrics = {{"total_strategies", kStrategies},
                                             {"avg_win_rate", price / 200},
                                             {"signals_today", static_cast<std::int64_t>(i / 20)},
                                             {"max_loss_streak", draw % 7}}},
                    at, source);
        break;
      case 17: {
        const std::string id = order_id(i / kEventsAnOrder);
        bus.publish(OrderEvent{.order_id = id,
                               .symbol = symbol,
                               .side = draw % 2 == 0 ? "BUY" : "SELL",
                               .status = kStates[i % 5],
                               .qty = static_cast<std::int64_t>(draw % 400),
                               .price = price,
                               .strategy = strategy,
                               .order_type = "LIMIT",
                               .product = "MIS",
                               .correlation_id = id},
                    at, source);
        break;
      }
      default:
        bus.publish(SignalEvent{.symbol = symbol,
                                .strategy_name = strategy,
                                .signal = "BUY",
                                .confidence = static_cast<double>(draw % 100) / 100,
                                .reason = "RSI oversold, EMA crossed",
                                .timeframe = "1m",
                                .price = price},
                    at, source);
    }
  }

 private:
  const std::int64_t step_ns_;
  std::mt19937_64 random_{11};
  std::vector<std::string> symbols_, strategies_;
};

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * 4096;
}

struct Run {
  explicit Run(const std::filesystem::path& folder) : store(options(folder)) {
    BusOptions bus_options;
    store.complete(bus_options);
    bus = std::make_unique<TelemetryBus>(bus_options);
    store.start(*bus);
  }
  ~Run() { store.stop(); }
  static store::StoreOptions options(const std::filesystem::path& folder) {
    store::StoreOptions out;
    out.folder = folder;
    out.max_file_bytes = std::uint64_t{64} << 30;  // one file: the case that is hard to search
    return out;
  }
  void settle() {
    bus->flush();
    std::atomic<bool> done{false};
    store.when_durable(BusAccess::log(*bus).last_seq(), [&](const auto&) {
      done = true;
      done.notify_all();
    });
    done.wait(false);
  }
  store::Store store;
  std::unique_ptr<TelemetryBus> bus;
};

/// Publishes as fast as the store takes it, without a loss.
void fill_day(Run& run, std::size_t events) {
  Day day(events);
  const SourceId source = run.bus->register_source({.host = "desk1",
                                                    .engine_id = "paper-strategy",
                                                    .run_id = "r1",
                                                    .account = "main",
                                                    .mode = "paper"});
  for (std::size_t i = 0; i < events; ++i) {
    day.publish(*run.bus, source, i);
    if (i % 4096 != 0) continue;
    run.bus->flush();
    while (run.store.stats().lag_events > 400'000) std::this_thread::yield();
  }
  run.settle();
}

void fill_and_report(Report& report, const std::filesystem::path& folder, std::size_t events) {
  const auto begin = Clock::now();
  Run run(folder);
  std::size_t at_half = 0;
  std::thread watch([&] {
    while (run.store.stats().events < events / 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    at_half = resident_bytes();
  });
  fill_day(run, events);
  watch.join();
  const double seconds = seconds_since(begin);
  const store::StoreStats stats = run.store.stats();
  const auto count = static_cast<double>(stats.events);
  report.begin("a day of events into the history",
               {"k events/s", "bytes/event", "JSON bytes", "JSON / disk", "MB half-way", "MB end"});
  report.row("Tapedeck, on disk",
             {count / seconds / 1e3, static_cast<double>(stats.bytes_on_disk) / count,
              static_cast<double>(stats.json_bytes) / count,
              static_cast<double>(stats.json_bytes) / static_cast<double>(stats.bytes_on_disk),
              static_cast<double>(at_half) / 1e6, static_cast<double>(resident_bytes()) / 1e6});
}

template <typename Once>
void measure(Report& report, const char* name, int times, Once once) {
  Samples samples(static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) {
    const std::uint64_t begin = stamp();
    once(i);
    samples.add(stamp() - begin);
  }
  report.row(name, {samples.at(0.5) / 1e6, samples.at(0.99) / 1e6, samples.at(1) / 1e6});
}

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "store_bench: %s\n", what);
  std::exit(1);
}

void query_and_report(Report& report, const store::Store& store, std::size_t events) {
  std::mt19937_64 random(5);
  const std::uint64_t end = store.end_seq();
  report.begin("finding again, milliseconds", {"p50", "p99", "most"});
  const auto newest = [&](const Filter& filter, std::size_t least) {
    const auto slice =
        store.read_backward(CompiledFilter(filter), 1, end, {.events = 100, .bytes = 1U << 30});
    expect(slice.events >= least, "a query found too little");
  };
  measure(report, "last 100 of a symbol", 500, [&](int) {
    Filter filter;
    filter.symbol = {"SYM" + std::to_string(random() % kSymbols)};
    newest(filter, 100);
  });
  measure(report, "last 100 of symbol and strategy", 500, [&](int) {
    Filter filter;
    filter.symbol = {"SYM" + std::to_string(random() % kSymbols)};
    filter.strategy = {"strategy_" + std::to_string(random() % kStrategies)};
    newest(filter, 100);
  });
  measure(report, "all of an order", 500, [&](int) {
    Filter filter;
    filter.order_id = {Day::order_id(random() % (events / kEventsAnOrder))};
    newest(filter, 0);
  });
  measure(report, "last 100 of a minute", 500, [&](int) {
    Filter filter;
    filter.since = from_ns(Day::time_ns(random() % (events * 9 / 10), events));
    filter.until = *filter.since + std::chrono::minutes(1);
    newest(filter, 100);
  });
  measure(report, "last 100 of a type and a value", 100, [&](int) {
    Filter filter;
    filter.event_type = {"order_event"};
    filter.expression = "payload.qty == " + std::to_string(random() % 400);
    newest(filter, 100);
  });
  const LatestKeys keys{{Key::symbol, Key::strategy}, false};
  measure(report, "latest by symbol, strategy, at", 100, [&](int) {
    Filter filter;
    filter.until = from_ns(Day::time_ns(events / 10 + random() % (events * 9 / 10), events));
    std::unordered_set<std::string> seen;
    const auto slice = store.read_latest(CompiledFilter(filter), keys, end, seen,
                                         {.events = 10'000, .bytes = 1U << 30});
    expect(slice.events >= kSymbols * kStrategies, "latest found too little");
  });
}

void aggregate_and_report(Report& report, const store::Store& store) {
  report.begin("aggregates of the day, milliseconds", {"p50", "p99", "most"});
  const auto ask = [&](const char* name, std::vector<QueryParameter> parameters) {
    parameters.push_back({"since", "2025-11-18T03:45:00Z"});
    parameters.push_back({"until", "2025-11-18T10:00:00Z"});
    const auto query = parse_aggregate_query(parameters, now(), default_value_fields());
    expect(query.ok(), "no such aggregate");
    measure(report, name, 20, [&](int) {
      AggregateResult result(*query);
      expect(result.add_rows(store).ok() && !result.needs_events(), "no rollups");
      expect(result.json(AggregateOrigin::rollup).size() > 1000, "an aggregate found too little");
    });
  };
  ask("count, 1m, by strategy", {{"group_by", "strategy"}});
  ask("count, 1m, by type and strategy", {{"group_by", "type,strategy"}});
  ask("avg price, 1m, by strategy",
      {{"group_by", "strategy"}, {"metric", "avg"}, {"field", "price"}});
  ask("p99 price, 1m, by strategy",
      {{"group_by", "strategy"}, {"metric", "p99"}, {"field", "price"}});
}

/// What publishing costs while the store writes, and without one.
void publish_and_report(Report& report, const std::filesystem::path& folder) {
  report.begin("publish() at 200 000 events/s, ns", {"p50", "p99", "p99.9"});
  for (const bool with_store : {true, false}) {
    std::optional<Run> run;
    std::optional<TelemetryBus> plain;
    if (with_store) run.emplace(folder);
    TelemetryBus& bus = with_store ? *run->bus : plain.emplace();
    constexpr int kEvents = 1'000'000, kBurst = 20;
    Samples samples(kEvents);
    auto next = Clock::now();
    for (int i = 0; i < kEvents; ++i) {
      if (i % kBurst == 0) {
        next += std::chrono::microseconds(kBurst * 5);
        while (Clock::now() < next) _mm_pause();
      }
      const Input& in = input(static_cast<std::size_t>(i));
      const std::uint64_t begin = stamp();
      bus.publish(SignalEvent{.symbol = in.symbol,
                              .strategy_name = in.strategy_name,
                              .signal = in.signal,
                              .confidence = in.confidence,
                              .reason = in.reason,
                              .timeframe = in.timeframe});
      samples.add(stamp() - begin);
    }
    const double harness = harness_ns();
    report.row(with_store ? "with the history" : "memory only",
               {samples.at(0.5, harness), samples.at(0.99, harness), samples.at(0.999, harness)});
  }
}

/// A row an event with an index for each of type, symbol, strategy, order and time.
void rows_and_report(Report& report, const std::filesystem::path& folder, std::size_t events) {
  TelemetryBus bus;
  Day day(events);
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = folder / "rows.db";
  sqlite3* database = nullptr;
  sqlite3_open(path.c_str(), &database);
  const auto run = [&](const char* sql) {
    expect(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  };
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "CREATE TABLE event(seq INTEGER PRIMARY KEY, type TEXT, ns INTEGER, symbol TEXT,"
      " strategy TEXT, order_id TEXT, json TEXT);"
      "CREATE INDEX a ON event(type); CREATE INDEX b ON event(symbol);"
      "CREATE INDEX c ON event(order_id); CREATE INDEX d ON event(ns);");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO event VALUES(?,?,?,?,?,?,?)", -1, &insert, nullptr);
  const EventLog& log = BusAccess::log(bus);
  const auto begin = Clock::now();
  std::uint64_t next = 1;
  double json_bytes = 0;
  for (std::size_t i = 1; i <= events; ++i) {
    day.publish(bus, SourceId::none, i);
    if (i % 10'000 != 0) continue;
    bus.flush();
    run("BEGIN");
    for (; next <= log.last_seq(); ++next) {
      const auto pin = log.pin(next);
      const FrameIndex& index = pin->index(next);
      const char* frame = pin->frame(index);
      const auto key = [&](int at, Key wanted) {
        const KeySpan span = index.keys[static_cast<std::size_t>(wanted)];
        sqlite3_bind_text(insert, at, frame + span.offset(), static_cast<int>(span.length()),
                          SQLITE_STATIC);
      };
      sqlite3_bind_int64(insert, 1, static_cast<std::int64_t>(next));
      sqlite3_bind_text(insert, 2, frame + index.type_offset(), index.type_length, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 3, index.timestamp_ns);
      key(4, Key::symbol);
      key(5, Key::strategy);
      key(6, Key::order_id);
      sqlite3_bind_text(insert, 7, frame + index.json_offset(),
                        static_cast<int>(index.json_length()), SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
      json_bytes += static_cast<double>(index.json_length());
    }
    run("COMMIT");
  }
  const double seconds = seconds_since(begin);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  const auto count = static_cast<double>(events);
  const auto bytes = static_cast<double>(std::filesystem::file_size(path));
  report.row(
      "SQLite, a row an event, 4 indexes",
      {count / seconds / 1e3, bytes / count, json_bytes / count, json_bytes / bytes,
       static_cast<double>(resident_bytes()) / 1e6, static_cast<double>(resident_bytes()) / 1e6});
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck;
  bench::Report report(argc, argv);
  const char* given_events = std::getenv("TAPEDECK_BENCH_EVENTS");
  const char* given_folder = std::getenv("TAPEDECK_BENCH_FOLDER");
  const std::size_t events =
      given_events != nullptr ? std::strtoull(given_events, nullptr, 10) : std::size_t{10'000'000};
  const std::filesystem::path folder =
      given_folder != nullptr
          ? std::filesystem::path(given_folder)
          : std::filesystem::temp_directory_path() / ("td-bench-" + std::to_string(getpid()));
  bench::fill_and_report(report, folder / "day", events);
  bench::rows_and_report(report, folder / "rows", std::min<std::size_t>(events, 1'000'000));
  {
    const auto begin = bench::Clock::now();
    const bench::Run run(folder / "day");
    report.begin("start with that history", {"ms"});
    report.row("Tapedeck", {bench::seconds_since(begin) * 1e3});
    bench::query_and_report(report, run.store, events);
    bench::aggregate_and_report(report, run.store);
  }
  bench::publish_and_report(report, folder / "publish");
  std::filesystem::remove_all(folder);
}
