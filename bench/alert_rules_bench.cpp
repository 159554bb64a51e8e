// Alert rules: what a thousand of them cost an event, found by type and key as Tapedeck does and,
// beside it, asked one after the other as one would write it first; and how long it takes from
// publish() of an event that fires until its webhook's receiver has the body, on a quiet bus and
// while others publish 200 000 events a second. One thread evaluates; everything is on this
// machine.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alert/alert_service.hpp"
#include "alert/evaluator.hpp"
#include "alert/webhook_receiver.hpp"
#include "bench_support.hpp"
#include "bus/access.hpp"
#include "query/tape.hpp"

namespace tapedeck::bench {
namespace {

using namespace std::chrono_literals;
using alert::testing::Received;
using alert::testing::WebhookReceiver;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kSymbols = 200;
constexpr std::size_t kEvents = 400'000;

std::string symbol(std::size_t i) {
  return "SYM" + std::to_string(i % kSymbols);
}

/// A desk's worth of rules: most about a symbol, some about a strategy or all orders, a few that
/// only the event itself can answer.
std::vector<alert::CompiledRulePtr> rules(std::size_t count) {
  std::vector<alert::CompiledRulePtr> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::string json;
    switch (i % 20) {
      case 0:
        json = R"({"when":{"event_type":"order_event","filter":"payload.status == \"rejected\""},)"
               R"("count":5,"window":"1m","group_by":"strategy"})";
        break;
      case 1:
        json = R"({"when":{"event_type":"engine_health"},"absence":"30s","group_by":"engine"})";
        break;
      case 2:
        json = fmt::format(R"({{"when":{{"event_type":"order_event","strategy":"s{}"}},)"
                           R"("threshold":"last(payload.status == \"unknown\") > 0","for":"5s",)"
                           R"("group_by":"order_id"}})",
                           i % 40);
        break;
      case 3:
        json = fmt::format(R"({{"when":{{"filter":"payload.symbol == \"{}\" && payload.price > )"
                           R"(1e9"}},"every":true}})",
                           symbol(i));
        break;
      case 4:
        json = fmt::format(R"({{"when":{{"event_type":"tick","symbol":"{}"}},"window":"1m",)"
                           R"("threshold":"p99(payload.price) > 1e9"}})",
                           symbol(i));
        break;
      case 5:
        json = fmt::format(R"({{"when":{{"event_type":"tick","symbol":"{}"}},"window":"5m",)"
                           R"("threshold":"avg(payload.qty * payload.price) > 1e12"}})",
                           symbol(i));
        break;
      default:
        json = fmt::format(R"({{"when":{{"event_type":"tick","symbol":"{}"}},)"
                           R"("threshold":"last(payload.price) > {}"}})",
                           symbol(i), 1'000'000 + i);
    }
    auto rule = alert::parse_rule("rule-" + std::to_string(i), json);
    if (!rule) std::abort();
    out.push_back(*alert::CompiledRule::compile(std::move(rule).value()));
  }
  return out;
}

void publish_one(TelemetryBus& bus, std::size_t i) {
  const std::string name = symbol(i * 7919);
  if (i % 20 == 0) {
    const std::string id = "PAPER-" + std::to_string(i / 60);
    const std::string strategy = "s" + std::to_string(i % 40);
    bus.publish(OrderEvent{.order_id = id,
                           .symbol = name,
                           .side = "BUY",
                           .status = i % 400 == 0 ? "rejected" : "open",
                           .qty = 50,
                           .price = 100.5,
                           .strategy = strategy});
  } else {
    const Map payload{{"symbol", name},
                      {"price", 100.0 + static_cast<double>(i % 977)},
                      {"qty", static_cast<std::int64_t>(i % 75)}};
    bus.publish(GenericEvent{.event_type = "tick", .payload = payload});
  }
  if (bus.backlog_bytes() > (4U << 20)) bus.flush();
}

/// Calls back for each event of the log.
template <typename Fn>
double seconds_over(TelemetryBus& bus, Fn&& look) {
  const EventLog& log = BusAccess::log(bus);
  const auto begin = Clock::now();
  for (std::uint64_t seq = log.first_seq(); seq <= log.last_seq();) {
    const auto pin = log.pin(seq);
    for (; seq < pin->end_seq(); ++seq) look(pin->frame(pin->index(seq)), pin->index(seq));
  }
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void bench_evaluation(TelemetryBus& bus) {
  const market::TradingCalendar calendar;
  for (const std::size_t count : {std::size_t{0}, std::size_t{100}, std::size_t{1000}}) {
    alert::Evaluator evaluator({}, calendar);
    std::int64_t at = to_ns(now());
    for (const auto& rule : rules(count)) evaluator.add(rule, {at, at, at});
    const double seconds = seconds_over(bus, [&](const char* frame, const FrameIndex& index) {
      at += 5000;  // 200 000 a second
      evaluator.advance({at, at, at});
      evaluator.look(frame, index, at, 0, {at, at, at});
    });
    std::printf("%-52s %8.2f M events/s %8.0f ns an event\n",
                fmt::format("{} rules, by type and key", count).c_str(), kEvents / seconds / 1e6,
                seconds * 1e9 / kEvents);
  }
  const auto all = rules(1000);
  std::size_t matches = 0;
  const double seconds = seconds_over(bus, [&](const char* frame, const FrameIndex& index) {
    for (const auto& rule : all) matches += rule->when.matches(frame, index) ? 1 : 0;
  });
  std::printf("%-52s %8.2f M events/s %8.0f ns an event\n",
              "1000 filters, one after the other (no state kept)", kEvents / seconds / 1e6,
              seconds * 1e9 / kEvents);
}

/// From publish() to the receiver having the body.
void bench_latency(bool busy) {
  constexpr std::size_t kCount = 200;
  std::vector<std::uint64_t> sent(kCount);
  Samples samples(kCount);
  std::atomic<std::size_t> arrived{0};
  WebhookReceiver receiver([&](const Received& request) {
    const std::uint64_t at = stamp();
    const std::size_t name = request.body.find("\"symbol\":\"N");
    samples.add(at - sent[static_cast<std::size_t>(std::atoll(request.body.c_str() + name + 11))]);
    ++arrived;
    return alert::testing::ok();
  });
  TelemetryBus bus;
  alert::AlertOptions options;
  alert::Target target;
  target.name = "hook";
  target.url = receiver.url();
  target.max_per_minute = 0;
  options.delivery.targets = {target};
  options.delivery.addresses.allowed = {"127.0.0.1"};
  options.limits.max_firings_per_minute = 100'000;
  for (const auto& rule : rules(999)) options.rules.push_back(rule->rule);
  options.rules.push_back(*alert::parse_rule(
      "fires", R"({"when":{"event_type":"alarm"},"every":true,"group_by":"symbol",)"
               R"("notify":"hook"})"));
  alert::AlertService service(bus, nullptr, options);
  service.start();
  std::atomic<bool> stop{!busy};
  std::thread load([&] {
    const auto begin = Clock::now();
    for (std::size_t i = 0; !stop; ++i) {
      publish_one(bus, i);
      if (i % 200 == 0) std::this_thread::sleep_until(begin + i * 5us);
    }
  });
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < kCount; ++i) {
    std::this_thread::sleep_until(begin + i * 20ms);
    const std::string name = "N" + std::to_string(i);
    const Map payload{{"symbol", name}};
    sent[i] = stamp();
    bus.publish(GenericEvent{.event_type = "alarm", .payload = payload});
  }
  while (arrived < kCount) std::this_thread::sleep_for(1ms);
  stop = true;
  load.join();
  std::printf("%-52s p50 %6.1f ms   p99 %6.1f ms   (dropped %llu)\n",
              busy ? "event to webhook, 1000 rules, 200 000 events/s beside"
                   : "event to webhook, 1000 rules, quiet bus",
              samples.at(0.5) / 1e6, samples.at(0.99) / 1e6,
              static_cast<unsigned long long>(bus.get_stats().dropped_total));
}

}  // namespace
}  // namespace tapedeck::bench

int main() {
  using namespace tapedeck::bench;
  {
    tapedeck::TelemetryBus bus({.log_bytes = std::size_t{512} << 20});
    for (std::size_t i = 0; i < kEvents; ++i) publish_one(bus, i);
    bus.flush();
    bench_evaluation(bus);
  }
  bench_latency(false);
  bench_latency(true);
  return 0;
}
