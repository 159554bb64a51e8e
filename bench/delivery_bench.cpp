// How long an event takes from publish() to the callback of a subscriber in the same process, one
// event at a time.
#include <atomic>
#include <thread>

#include "contestants.hpp"

namespace tapedeck::bench {
namespace {

void measure(Report& report, const std::string& name, CollectorPolicy policy, int events) {
  Tapedeck contestant(policy);
  std::atomic<std::uint64_t> received{0};
  contestant.bus().subscribe({}, [&](const Event&) { received.store(stamp()); });
  Samples samples(static_cast<std::size_t>(events));
  for (int i = 0; i < events; ++i) {
    received.store(0);
    const std::uint64_t begin = stamp();
    contestant.publish(input(static_cast<std::size_t>(i)));
    std::uint64_t end = 0;
    while ((end = received.load()) == 0) std::this_thread::yield();
    samples.add(end - begin);
  }
  report.row(name, {samples.at(0.5) / 1000, samples.at(0.99) / 1000, samples.at(0.999) / 1000});
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck::bench;
  Report report(argc, argv);
  report.begin("publish to callback in one process, us", {"p50", "p99", "p99.9"});
  measure(report, "balanced", tapedeck::CollectorPolicy::balanced, 5000);
  measure(report, "low_latency", tapedeck::CollectorPolicy::low_latency, 20'000);
  measure(report, "economy", tapedeck::CollectorPolicy::economy, 100);
}
