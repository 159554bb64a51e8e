// Delivery of alerts: how many notifications a second reach receivers on this machine, over one
// target and over a hundred, without and with targets among them that hang; and how long one takes
// from send() until the receiver has its body. Beside it what one would write first: a POST for
// each in a loop. Receivers are in this process, so that both ends have one clock; everything goes
// through sockets, and the cores are shared.
#include <curl/curl.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "alert/dispatcher.hpp"
#include "alert/webhook_receiver.hpp"
#include "bench_support.hpp"
#include "tapedeck/time.hpp"

namespace tapedeck::bench {
namespace {

using namespace std::chrono_literals;
using alert::testing::Received;
using alert::testing::Reply;
using alert::testing::WebhookReceiver;
using Clock = std::chrono::steady_clock;

/// Counts what arrives, and how long it took by the number in the id.
class Arrivals {
 public:
  explicit Arrivals(std::size_t count) : sent_(count), samples_(count) {}
  void sent(std::size_t i) { sent_[i] = stamp(); }
  WebhookReceiver::Act act() {
    return [this](const Received& request) {
      const std::uint64_t at = stamp();
      const auto i = static_cast<std::size_t>(std::atoll(request.delivery().c_str()));
      const std::lock_guard lock(mutex_);
      samples_.add(at - sent_[i]);
      ++count_;
      return alert::testing::ok();
    };
  }
  std::size_t count() const { return count_; }
  double us(double quantile) { return samples_.at(quantile) / 1000; }

 private:
  std::vector<std::uint64_t> sent_;
  std::mutex mutex_;
  Samples samples_;
  std::atomic<std::size_t> count_{0};
};

alert::Notification numbered(std::size_t i, const std::string& target, std::size_t rules) {
  alert::Notification n;
  n.id = std::to_string(i);
  n.target = target;
  n.rule = "rule-" + std::to_string(i % rules);
  n.state = "firing";
  n.summary = "order rejected: RMS margin exceeded";
  n.event_json = R"({"type":"order_event","payload":{"symbol":"NIFTY","status":"REJECTED"}})";
  n.at_ns = to_ns(now());
  return n;
}

struct Setup {
  const char* name;
  std::size_t targets = 1;
  std::size_t hanging = 0;
  std::size_t count = 20'000;
  std::chrono::microseconds pause{0};  ///< between two; 0: as fast as may be
};

void run(const Setup& setup) {
  Arrivals arrivals(setup.count);
  WebhookReceiver receiver(arrivals.act());
  WebhookReceiver hanging([](const Received&) { return Reply{"", Reply::Then::hang}; });
  alert::DeliveryOptions options;
  options.addresses.allowed = {"127.0.0.1"};
  options.max_queued_per_target = setup.count;
  const auto add = [&](const std::string& name, const WebhookReceiver& to) {
    alert::Target target;
    target.name = name;
    target.url = to.url("/" + name);
    target.max_per_minute = 0;
    options.targets.push_back(target);
  };
  for (std::size_t i = 0; i < setup.targets; ++i) add("t" + std::to_string(i), receiver);
  for (std::size_t i = 0; i < setup.hanging; ++i) add("h" + std::to_string(i), hanging);
  alert::Dispatcher dispatcher(options, nullptr);
  dispatcher.start();
  for (std::size_t i = 0; i < setup.hanging * 8; ++i) {
    dispatcher.send({numbered(setup.count + i, "h" + std::to_string(i % setup.hanging), 100)});
  }
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < setup.count; ++i) {
    arrivals.sent(i);
    dispatcher.send({numbered(i, "t" + std::to_string(i % setup.targets), 100)});
    if (setup.pause.count() > 0) std::this_thread::sleep_until(begin + (i + 1) * setup.pause);
  }
  while (arrivals.count() < setup.count) std::this_thread::sleep_for(100us);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("%-44s %9.0f/s   p50 %9.0f us   p99 %9.0f us\n", setup.name,
              static_cast<double>(setup.count) / seconds, arrivals.us(0.5), arrivals.us(0.99));
}

/// One POST after the other over a kept connection.
void run_loop(std::size_t count) {
  WebhookReceiver receiver;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(),
                                                                 curl_easy_cleanup);
  const std::string url = receiver.url(), body(400, 'x');
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.c_str());
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    if (curl_easy_perform(easy.get()) != CURLE_OK) std::abort();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("%-44s %9.0f/s\n", "a loop of curl_easy_perform",
              static_cast<double>(count) / seconds);
}

}  // namespace
}  // namespace tapedeck::bench

int main() {
  using namespace tapedeck::bench;
  using namespace std::chrono_literals;
  run_loop(5000);
  run({.name = "one target, as fast as may be"});
  run({.name = "100 targets, as fast as may be", .targets = 100});
  run({.name = "100 targets, and 20 that hang", .targets = 100, .hanging = 20});
  run({.name = "one target, 200/s", .count = 1000, .pause = 5000us});
  run({.name = "100 targets and 20 that hang, 200/s",
       .targets = 100,
       .hanging = 20,
       .count = 1000,
       .pause = 5000us});
  return 0;
}
