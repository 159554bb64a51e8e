// What compressing a stream once for all its readers saves: bytes, CPU a delivered event, memory.
// Beside it what one would do instead: a compressor for each connection, no memory between flushes,
// other levels, zstd, no compression. Events are made by the bus's own encoder.
#include <malloc.h>
#include <zstd.h>

#include <cmath>
#include <memory>
#include <random>

#include "bench_support.hpp"
#include "bus/access.hpp"
#include "server/shared_gzip.hpp"
#include "tapedeck/bus.hpp"

namespace tapedeck::bench {
namespace {

constexpr std::size_t kEvents = 6400;
constexpr std::size_t kClients = 1000;
const std::vector<std::size_t> kBatches = {1, 16, 64};

/// The mix of one minute of a session: prices walk, positions are marked, health is told.
void publish_one(TelemetryBus& bus, SourceId source, std::size_t i, std::mt19937& random) {
  static const char* symbols[] = {"NIFTY", "BANKNIFTY", "RELIANCE", "SBIN", "INFY", "TATAMOTORS"};
  static double prices[] = {19755, 44120, 2450.5, 601.35, 1502.1, 655.9};
  const std::size_t s = random() % 6;
  prices[s] =
      std::round(prices[s] * (20 + std::normal_distribution<>(0, 0.0005)(random) * 20) / 20 * 20) /
      20;
  const double price = prices[s];
  const std::string order = "PAPER-20251118-" + std::to_string(1000 + i / 8);
  const auto say = [&](const auto& event) { bus.publish(event, kNow, source); };
  switch (i % 8) {
    case 0:
      say(DecisionTrace{.strategy_name = "momentum",
                        .symbol = symbols[s],
                        .decision = "HOLD",
                        .trace_data = {{"reason", "RSI in range"},
                                       {"confidence", 0.41},
                                       {"timeframe", "5m"},
                                       {"close_price", price}}});
      break;
    case 1:
      say(IndicatorEvent{.symbol = symbols[s],
                         .timeframe = "5m",
                         .indicators = {{"rsi", 30 + static_cast<double>(random() % 4000) / 100},
                                        {"ema_20", price - 3.5},
                                        {"ema_50", price - 11.25},
                                        {"atr", 50.8}},
                         .strategy = "momentum"});
      break;
    case 2:
      say(OrderEvent{.order_id = order,
                     .symbol = symbols[s],
                     .side = "BUY",
                     .status = "filled",
                     .qty = 50,
                     .price = price,
                     .strategy = "momentum",
                     .order_type = "MARKET"});
      break;
    case 3:
      say(EngineHealth{.engine_name = "MarketDataEngine",
                       .status = "active",
                       .metrics = {{"cached_symbols", 250},
                                   {"total_candles", 18'000 + i},
                                   {"lookup_failures", 0},
                                   {"ticks_total", i * 97},
                                   {"ticks_per_second", 812.5}}});
      break;
    case 4:
      say(SignalEvent{.symbol = symbols[s],
                      .strategy_name = "momentum",
                      .signal = "BUY",
                      .confidence = static_cast<double>(random() % 10'000) / 10'000,
                      .reason = "RSI oversold + EMA crossover",
                      .timeframe = "5m"});
      break;
    default:
      say(PositionEvent{.symbol = symbols[s],
                        .position_size = 50,
                        .entry_price = price - 7,
                        .last_price = price,
                        .unrealized_pnl = 350.0,
                        .strategy = "momentum"});
  }
}

const std::vector<std::string>& events() {
  static const std::vector<std::string> all = [] {
    std::mt19937 random(7);
    TelemetryBus bus({.buffer_size = kEvents});
    const SourceId source =
        bus.register_source({.host = "a1", .engine_id = "paper-equity", .mode = "paper"});
    for (std::size_t i = 0; i < kEvents; ++i) {
      publish_one(bus, source, i, random);
      if (i % 64 == 63) bus.flush();
    }
    bus.flush();
    std::vector<std::string> out;
    const EventLog& log = BusAccess::log(bus);
    for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq(); ++seq) {
      const auto pin = log.pin(seq);
      out.emplace_back(pin->frame(pin->index(seq)), pin->index(seq).length);
    }
    return out;
  }();
  return all;
}
double plain_bytes() {
  double total = 0;
  for (const auto& event : events()) total += static_cast<double>(event.size());
  return total;
}

/// Calls add(event) for each and flush() after each batch.
template <typename Add, typename Flush>
void in_batches(std::size_t batch, Add add, Flush flush) {
  for (std::size_t i = 0; i < events().size(); ++i) {
    add(events()[i]);
    if ((i + 1) % batch == 0) flush();
  }
}

/// @param restart_every flushes; 0: never.
double deflate_ratio(std::size_t batch, const DeflateOptions& options, std::size_t restart_every) {
  Deflater deflater(options);
  std::string out;
  double bytes = 0;
  std::size_t flushes = 0;
  in_batches(
      batch, [&](const std::string& event) { deflater.add(event, out); },
      [&] {
        deflater.flush(out);
        bytes += static_cast<double>(out.size());
        out.clear();
        if (restart_every > 0 && ++flushes % restart_every == 0) deflater.restart();
      });
  return plain_bytes() / bytes;
}

/// SharedGzip with somebody who waits to join all the time.
double shared_ratio(std::size_t batch) {
  SharedGzip shared(std::make_shared<Deflater>(DeflateOptions{}));
  std::string ignored;
  GzipMember member(ignored);
  member.follow(shared, 0);
  double bytes = 0;
  std::uint64_t seq = 0;
  in_batches(
      batch,
      [&](const std::string& event) {
        shared.add(event);
        ++seq;
      },
      [&] {
        bytes += static_cast<double>(shared.end_chunk(seq, static_cast<std::uint32_t>(batch)));
        GzipMember newcomer(ignored);
        newcomer.follow(shared, seq);
      });
  return plain_bytes() / bytes;
}

double zstd_ratio(std::size_t batch, int level) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  std::vector<char> room(1 << 20);
  double bytes = 0;
  std::string plain;
  in_batches(
      batch, [&](const std::string& event) { plain += event; },
      [&] {
        ZSTD_inBuffer in{plain.data(), plain.size(), 0};
        ZSTD_outBuffer out{room.data(), room.size(), 0};
        ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
        bytes += static_cast<double>(out.pos);
        plain.clear();
      });
  ZSTD_freeCCtx(context);
  return plain_bytes() / bytes;
}

template <typename Ratio>
std::vector<double> for_each_batch(Ratio ratio) {
  std::vector<double> out;
  for (const std::size_t batch : kBatches) out.push_back(ratio(batch));
  return out;
}

void measure_ratios(Report& report) {
  report.begin("plain bytes for a byte sent, by events a flush", {"1", "16", "64"});
  report.row("shared, clients joining always", for_each_batch(shared_ratio));
  const auto deflate = [&](const char* name, DeflateOptions options, std::size_t restart_every) {
    report.row(name, for_each_batch([&](std::size_t batch) {
                 return deflate_ratio(batch, options, restart_every);
               }));
  };
  deflate("shared, nobody joining", {}, 0);
  deflate("nothing kept between flushes", {}, 1);
  deflate("window 2^13 (64 KiB of memory)", {1, 13}, 64);
  deflate("level 3", {3, 15}, 64);
  deflate("level 6", {6, 15}, 64);
  for (const int level : {1, 3}) {
    report.row("zstd " + std::to_string(level) + ", nobody joining",
               for_each_batch([&](std::size_t batch) { return zstd_ratio(batch, level); }));
  }
}

/// Stands for the kernel, which copies what is sent.
class Wire {
 public:
  void send(const std::string& bytes) {
    if (room_.size() < bytes.size()) room_.resize(bytes.size());
    std::copy(bytes.begin(), bytes.end(), room_.begin());
    asm volatile("" : : "r"(room_.data()) : "memory");
  }

 private:
  std::string room_;
};

double ns_a_delivery(std::uint64_t ticks, std::size_t delivered) {
  return static_cast<double>(ticks) * ns_per_tick() / static_cast<double>(delivered);
}

double shared_cost(std::size_t batch) {
  SharedGzip shared(std::make_shared<Deflater>(DeflateOptions{}));
  std::string ignored;
  std::vector<std::unique_ptr<GzipMember>> members;
  for (std::size_t i = 0; i < kClients; ++i) {
    members.push_back(std::make_unique<GzipMember>(ignored));
    members.back()->follow(shared, 0);
  }
  Wire wire;
  std::uint64_t seq = 0;
  const std::uint64_t begin = stamp();
  in_batches(
      batch,
      [&](const std::string& event) {
        shared.add(event);
        ++seq;
      },
      [&] {
        shared.end_chunk(seq, static_cast<std::uint32_t>(batch));
        for (const auto& member : members) {
          wire.send(member->chunk(0)->bytes);
          member->pass();
        }
      });
  return ns_a_delivery(stamp() - begin, kEvents * kClients);
}

/// Each connection has a compressor. A few events are enough: the cost is the same for all.
double private_cost(std::size_t batch) {
  std::vector<std::unique_ptr<Deflater>> deflaters;
  for (std::size_t i = 0; i < kClients; ++i) {
    deflaters.push_back(std::make_unique<Deflater>(DeflateOptions{}));
  }
  Wire wire;
  std::string out;
  constexpr std::size_t kSome = 128;
  const std::uint64_t begin = stamp();
  for (std::size_t first = 0; first < kSome; first += batch) {
    for (const auto& deflater : deflaters) {
      out.clear();
      for (std::size_t i = first; i < first + batch; ++i) deflater->add(events()[i], out);
      deflater->flush(out);
      wire.send(out);
    }
  }
  return ns_a_delivery(stamp() - begin, kSome * kClients);
}

double plain_cost(std::size_t batch) {
  Wire wire;
  std::string run;
  const std::uint64_t begin = stamp();
  in_batches(
      batch, [&](const std::string& event) { run += event; },
      [&] {
        for (std::size_t i = 0; i < kClients; ++i) wire.send(run);
        run.clear();
      });
  return ns_a_delivery(stamp() - begin, kEvents * kClients);
}

void measure_cost(Report& report) {
  report.begin("CPU a delivered event, 1000 clients, without system calls, ns", {"1", "16", "64"});
  report.row("shared gzip", for_each_batch(shared_cost));
  report.row("gzip for each connection", for_each_batch(private_cost));
  report.row("uncompressed", for_each_batch(plain_cost));
}

void measure_joins(Report& report) {
  constexpr std::size_t kJoins = 20'000;
  const std::string first(events().front());
  Deflater scratch{DeflateOptions{}};
  SharedGzip shared(std::make_shared<Deflater>(DeflateOptions{}));
  const auto measure = [&](auto join) {
    const std::uint64_t begin = stamp();
    for (std::size_t i = 0; i < kJoins; ++i) join();
    return static_cast<double>(stamp() - begin) * ns_per_tick() / kJoins / 1000;
  };
  std::string out;
  report.begin("a client joins and leaves, us", {"each"});
  report.row("shared gzip", {measure([&] {
               out.clear();
               GzipMember member(out);
               member.add(first, scratch, out);
               member.follow(shared, 0);
               member.finish(out);
             })});
  report.row("a compressor of its own", {measure([&] {
               out.clear();
               GzipMember member(out);
               Deflater own{DeflateOptions{}};
               member.add_on(first, own, out);
               member.finish(out);
             })});
}

double memory_of(std::size_t count, const std::function<std::shared_ptr<void>()>& make) {
  std::vector<std::shared_ptr<void>> held(count);
  const auto used = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  const double before = used();
  for (auto& one : held) one = make();
  return (used() - before) / static_cast<double>(count);
}

void measure_memory(Report& report) {
  std::string ignored;
  SharedGzip shared(std::make_shared<Deflater>(DeflateOptions{}));
  report.begin("memory beside a plain stream's, bytes", {"each"});
  report.row("an idle client of a group", {memory_of(10'000, [&] {
               auto member = std::make_shared<GzipMember>(ignored);
               member->follow(shared, 0);
               return member;
             })});
  report.row("an idle group, its compressor", {memory_of(100, [&] {
               auto group =
                   std::make_shared<SharedGzip>(std::make_shared<Deflater>(DeflateOptions{}));
               group->add(events().front());
               group->end_chunk(1, 1);
               group->age();
               group->age();
               return group;
             })});
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck::bench;
  Report report(argc, argv);
  std::printf("%zu events, %.0f bytes each\n", events().size(),
              plain_bytes() / static_cast<double>(events().size()));
  measure_ratios(report);
  measure_cost(report);
  measure_joins(report);
  measure_memory(report);
}
