// What publishing costs the caller: bursts of 20 six-field events with a pause of 500 us, as an
// engine has them. One producer that spins through its pause (it keeps its core), and two that
// sleep through it (they find their caches cold). Per call: percentiles less the harness's own
// cost. Burst: the mean per call of a separate pass with one pair of stamps a burst. First: the
// first call after the pause.
#include <ctime>
#include <thread>

#include "contestants.hpp"

namespace tapedeck::bench {
namespace {

constexpr int kBurst = 20;
constexpr std::uint64_t kPause_ns = 500'000;
constexpr int kBursts = 3000;
constexpr int kWarmUp = 300;

void pause(bool spin) {
  if (!spin) {
    const timespec time{0, kPause_ns};
    nanosleep(&time, nullptr);
    return;
  }
  const std::uint64_t end =
      stamp() + static_cast<std::uint64_t>(static_cast<double>(kPause_ns) / ns_per_tick());
  while (stamp() < end) _mm_pause();
}

struct Measured {
  Samples calls{std::size_t{kBursts} * kBurst};
  Samples firsts{kBursts};
  Samples bursts{kBursts};
};

template <typename Contestant>
void produce(Contestant& contestant, bool spin, Measured& out) {
  std::size_t next = 0;
  for (int burst = -kWarmUp; burst < kBursts; ++burst) {
    pause(spin);
    for (int i = 0; i < kBurst; ++i) {
      const Input& in = input(next++);
      const std::uint64_t begin = stamp();
      contestant.publish(in);
      const std::uint64_t ticks = stamp() - begin;
      if (burst < 0) continue;
      out.calls.add(ticks);
      if (i == 0) out.firsts.add(ticks);
    }
  }
  for (int burst = 0; burst < kBursts; ++burst) {
    pause(spin);
    const std::uint64_t begin = stamp();
    for (int i = 0; i < kBurst; ++i) contestant.publish(input(next++));
    out.bursts.add(stamp() - begin);
  }
}

template <typename Contestant>
void measure(Report& report, const std::string& name, Contestant& contestant, int producers,
             double harness) {
  std::vector<Measured> measured(static_cast<std::size_t>(producers));
  std::vector<std::thread> threads;
  for (auto& mine : measured) {
    threads.emplace_back([&] { produce(contestant, producers == 1, mine); });
  }
  for (auto& thread : threads) thread.join();
  Measured& m = measured[0];
  report.row(name, {m.calls.at(0.5, harness), m.calls.at(0.99, harness), m.calls.at(0.999, harness),
                    m.bursts.at(0.5, harness) / kBurst, m.firsts.at(0.5, harness),
                    m.firsts.at(0.99, harness)});
}

void run(Report& report, int producers, double harness) {
  report.begin(producers == 1 ? "publish, ns a call: 1 producer, spinning pause"
                              : "publish, ns a call: 2 producers, sleeping pause",
               {"p50", "p99", "p99.9", "burst mean", "first p50", "first p99"});
  const auto add = [&](const std::string& name, auto& contestant) {
    measure(report, name, contestant, producers, harness);
  };
  {
    Tapedeck contestant;
    add("tapedeck", contestant);
  }
  {
    Tapedeck contestant(CollectorPolicy::low_latency);
    add("tapedeck, low_latency", contestant);
  }
  {
    Moodycamel contestant;
    add("moodycamel, 256-byte struct", contestant);
  }
  {
    Spdlog contestant(false);
    add("spdlog async, null sink", contestant);
  }
  {
    MutexDeque contestant;
    add("mutex + deque of JSON (fmt)", contestant);
  }
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck::bench;
  Report report(argc, argv);
  const double harness = harness_ns();
  std::printf("harness: %.1f ns subtracted from each call\n", harness);
  run(report, 1, harness);
  run(report, 2, harness);
}
