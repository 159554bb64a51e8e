// How many events a second go all the way: published, merged, encoded, in the log. Producers never
// pause and try again when their queue is full.
#include <thread>

#include "contestants.hpp"

namespace tapedeck::bench {
namespace {

/// Publishes `events` from each of `producers` threads, waits until all are consumed.
/// @return millions of events a second.
double measure(int producers, std::uint64_t events, const auto& publish, const auto& all_consumed) {
  std::vector<std::thread> threads;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < producers; ++i) {
    threads.emplace_back([&] {
      for (std::size_t n = 0; n < events; ++n) {
        while (!publish(input(n))) std::this_thread::yield();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  while (!all_consumed(events * static_cast<std::uint64_t>(producers))) std::this_thread::yield();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
  return static_cast<double>(events) * producers / took.count();
}

/// The median of three.
double median(const auto& once) {
  double results[] = {once(), once(), once()};
  std::sort(std::begin(results), std::end(results));
  return results[1];
}

double through_the_bus(int producers, bool with_map) {
  return median([&] {
    Tapedeck contestant;
    return measure(
        producers, 4'000'000,
        [&](const Input& in) {
          return with_map ? contestant.publish_with_map(in) : contestant.publish(in);
        },
        [&](std::uint64_t n) { return contestant.consumed() >= n; });
  });
}
double moodycamel_and_encoder(int producers) {
  return median([&] {
    Moodycamel contestant(true);
    return measure(
        producers, 4'000'000, [&](const Input& in) { return contestant.publish(in); },
        [&](std::uint64_t n) { return contestant.consumed() >= n; });
  });
}
double mutex_deque(int producers) {
  return median([&] {
    MutexDeque contestant;
    return measure(
        producers, 500'000, [&](const Input& in) { return contestant.publish(in); },
        [&](std::uint64_t n) { return contestant.consumed() >= n; });
  });
}
double spdlog_to_memory(int producers) {
  return median([&] {
    Spdlog contestant(true);
    return measure(
        producers, 500'000, [&](const Input& in) { return contestant.publish(in); },
        [&](std::uint64_t) { return contestant.waiting() == 0; });
  });
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck::bench;
  Report report(argc, argv);
  report.begin("published to readable, million events a second", {"1 producer", "2 producers"});
  report.row("tapedeck, 6 fields", {through_the_bus(1, false), through_the_bus(2, false)});
  report.row("tapedeck, 6 fields + 4-entry map",
             {through_the_bus(1, true), through_the_bus(2, true)});
  report.row("moodycamel + the same encoder",
             {moodycamel_and_encoder(1), moodycamel_and_encoder(2)});
  report.row("spdlog async to /dev/shm", {spdlog_to_memory(1), spdlog_to_memory(2)});
  report.row("mutex + deque of JSON (fmt)", {mutex_deque(1), mutex_deque(2)});
}
