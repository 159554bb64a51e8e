// Forwarding to a server: how many events a second one process gets across, how long an event takes
// from publish() to the server's log, and whether publishing notices. Beside it what one would
// write first: a POST for each event. Server and publisher share the machine's cores; the server is
// in this process, so that both ends have one clock, but everything goes through a socket.
#include <curl/curl.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "bench_support.hpp"
#include "server/server.hpp"
#include "store/store.hpp"
#include "tapedeck/remote.hpp"

namespace tapedeck::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A server with or without a history.
struct Receiver {
  explicit Receiver(bool with_history) {
    BusOptions bus_options;
    if (with_history) {
      std::string pattern = (std::filesystem::temp_directory_path() / "td-bench-XXXXXX").string();
      folder = ::mkdtemp(pattern.data());
      store::StoreOptions options;
      options.folder = folder;
      history = std::make_unique<store::Store>(options);
      history->complete(bus_options);
    }
    bus = std::make_unique<TelemetryBus>(bus_options);
    if (history) history->start(*bus);
    ServerOptions options;
    options.listen_port = 0;
    options.io_threads = 1;
    server = std::make_unique<Server>(*bus, options, history.get(),
                                      history ? hooks_of(*history) : StoreHooks{});
    server->start();
  }
  ~Receiver() {
    server.reset();
    if (history) history->stop();
    bus.reset();
    history.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::filesystem::path folder;
  std::unique_ptr<store::Store> history;
  std::unique_ptr<TelemetryBus> bus;
  std::unique_ptr<Server> server;
};

RemoteOptions options_for(const Receiver& receiver) {
  RemoteOptions options;
  options.url = receiver.url();
  options.spool_bytes = 0;  // a fallen-behind sender is to be seen as such
  return options;
}

void publish_one(TelemetryBus& bus, std::size_t i) {
  const Input& from = input(i);
  bus.publish(SignalEvent{.symbol = from.symbol,
                          .strategy_name = from.strategy_name,
                          .signal = from.signal,
                          .confidence = from.confidence,
                          .reason = from.reason,
                          .timeframe = from.timeframe});
}

void measure_throughput(Report& report, const std::string& name, bool with_history) {
  constexpr std::size_t kEvents = 2'000'000, kAhead = 200'000, kBacklog = std::size_t{4} << 20;
  Receiver receiver(with_history);
  TelemetryBus bus;
  RemotePublisher remote(bus, options_for(receiver));
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < kEvents; ++i) {
    publish_one(bus, i);
    // No further ahead than queue and log reach.
    if (i % 1000 != 0) continue;
    while (bus.backlog_bytes() > kBacklog || remote.stats().queued > kAhead) {
      std::this_thread::sleep_for(200us);
    }
  }
  const bool all = remote.flush(60s);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const RemoteStats stats = remote.stats();
  if (!all || stats.sent != kEvents) std::fprintf(stderr, "not everything arrived\n");
  report.row(name, {static_cast<double>(kEvents) / seconds,
                    static_cast<double>(stats.sent) / static_cast<double>(stats.batches)});
}

void measure_single_posts(Report& report) {
  constexpr int kEvents = 5000;
  Receiver receiver(false);
  CURL* const curl = curl_easy_init();
  const std::string url = receiver.url() + "/api/telemetry/events";
  const std::string body =
      R"({"type":"signal_event","payload":{"symbol":"NIFTY","strategy_name":"momentum",)"
      R"("signal":"BUY","confidence":0.85,"reason":"RSI oversold","timeframe":"5m"}})";
  curl_slist* const headers = curl_slist_append(nullptr, "Content-Type: application/json");
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION,
      +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
  const auto begin = Clock::now();
  for (int i = 0; i < kEvents; ++i) {
    if (curl_easy_perform(curl) != CURLE_OK) std::fprintf(stderr, "a POST failed\n");
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  report.row("a POST for each event (libcurl)", {kEvents / seconds, 1});
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
}

/// 10 000 events a second, one every 100 us; each carries its stamp.
void measure_latency(Report& report, const std::string& name, bool with_history,
                     std::chrono::milliseconds linger) {
  constexpr int kEvents = 50'000;
  Receiver receiver(with_history);
  Samples samples(kEvents);
  std::atomic<int> received{0};
  receiver.bus->subscribe({}, [&](const Event& event) {
    const std::uint64_t now = stamp();
    const std::size_t at = event.payload.find("\"stamp\":");
    samples.add(now - std::strtoull(event.payload.c_str() + at + 8, nullptr, 10));
    received.fetch_add(1);
  });
  TelemetryBus bus;
  RemoteOptions options = options_for(receiver);
  options.linger = linger;
  RemotePublisher remote(bus, options);
  auto next = Clock::now();
  for (int i = 0; i < kEvents; ++i) {
    std::this_thread::sleep_until(next += 100us);
    bus.publish(GenericEvent{"t", {{"stamp", stamp()}}});
  }
  remote.flush(60s);
  while (received.load() < kEvents) std::this_thread::yield();
  report.row(name, {samples.at(0.5) / 1000, samples.at(0.99) / 1000, samples.at(0.999) / 1000});
}

void measure_publish(Report& report, const std::string& name, bool forwarded) {
  constexpr int kBursts = 20'000, kBurst = 20;
  Receiver receiver(false);
  TelemetryBus bus;
  std::unique_ptr<RemotePublisher> remote;
  if (forwarded) remote = std::make_unique<RemotePublisher>(bus, options_for(receiver));
  Samples samples(static_cast<std::size_t>(kBursts));
  std::size_t n = 0;
  for (int i = 0; i < kBursts; ++i) {
    const std::uint64_t begin = stamp();
    for (int k = 0; k < kBurst; ++k) publish_one(bus, n++);
    samples.add(stamp() - begin);
    std::this_thread::sleep_for(50us);
  }
  const double harness = harness_ns();
  report.row(name, {samples.at(0.5, harness) / kBurst, samples.at(0.99, harness) / kBurst});
}

}  // namespace
}  // namespace tapedeck::bench

int main(int argc, char** argv) {
  using namespace tapedeck::bench;
  using namespace std::chrono_literals;
  Report report(argc, argv);
  report.begin("events a second to a local server", {"events/s", "a batch"});
  measure_throughput(report, "server in memory", false);
  measure_throughput(report, "server with history, on its disk", true);
  measure_single_posts(report);
  report.begin("publish to the server's log at 10 000/s, us", {"p50", "p99", "p99.9"});
  measure_latency(report, "in memory, linger 5 ms", false, 5ms);
  measure_latency(report, "in memory, linger 1 ms", false, 1ms);
  measure_latency(report, "on its disk, linger 5 ms", true, 5ms);
  report.begin("publish(), ns, bursts of 20", {"p50", "p99"});
  measure_publish(report, "not forwarded", false);
  measure_publish(report, "forwarded", true);
}
